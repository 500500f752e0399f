//! A stand-in for a forge as a program, for clients in other languages: `descriptions/python_gitlab.py` talks to it.
//! `forge_server gitlab group/sub/app TOKEN` prints its address and serves until its input ends; it holds one pull request.
#![expect(clippy::print_stdout, reason = "it tells the one who started it where it is")]

use std::io::Error;

use patchwork_core::change::read_diff;
use patchwork_core::port::forge::ForgeKind;
use patchwork_testkit::forge::ForgeServer;

const DIFF: &str = "diff --git a/src/a.rs b/src/a.rs
--- a/src/a.rs
+++ b/src/a.rs
@@ -1,3 +1,4 @@
 one
-two
+zwei
+drei
 four
";

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name| arguments.next().ok_or_else(|| Error::other(format!("{name} is missing")));
    let (site, slug, token) = (next("SITE")?, next("SLUG")?, next("TOKEN")?);
    let known = |kind: &ForgeKind| kind.as_str().replace(' ', "").eq_ignore_ascii_case(&site);
    let kind = ForgeKind::ALL.into_iter().find(known).ok_or_else(|| Error::other("no such site"))?;
    let server = ForgeServer::start(kind, &slug, &token)?;
    let mut pull = server.pull("main", "feature", "Feature", "What it is about.");
    pull.files = read_diff(DIFF).map_err(Error::other)?;
    server.add(pull);
    server.insider("ada");
    println!("{}", server.url());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    println!("{:#?}", server.faults());
    Ok(())
}
