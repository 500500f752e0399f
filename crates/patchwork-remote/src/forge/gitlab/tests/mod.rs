//! GitLab over real HTTP, against a stand-in that judges every request by what GitLab documents.

mod access;
mod comments;
mod issues;
mod pulls;
mod review;

use std::sync::Arc;
use std::time::Duration;

use patchwork_core::change::{ChangeStatus, FileChange, LineKind, Side, read_hunks};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Credential, Forge, ForgeKind, ForgeTarget, Forges, NewLineComment, PullRequestSpec,
};
use patchwork_core::secret::Secret;
use patchwork_testkit::forge::ForgeServer;

use crate::forge::Sites;
use crate::http::Pace;

const TOKEN: &str = "glpat-0123456789abcdefghij";
const PROJECT: &str = "group/sub/app";

fn start(token: &str) -> ForgeServer {
    ForgeServer::start(ForgeKind::GitLab, PROJECT, token).unwrap()
}

fn server() -> ForgeServer {
    start(TOKEN)
}

fn target(server: &ForgeServer, credential: Credential) -> ForgeTarget {
    ForgeTarget {
        remote_url: format!("git@gitlab.example.com:{PROJECT}.git"),
        api_url: Some(server.url().to_owned()),
        credentials: vec![credential],
    }
}

fn token(text: &str) -> Credential {
    Credential::Token { forge: ForgeKind::GitLab, token: Secret::new(text) }
}

fn connect_to(target: &ForgeTarget) -> Arc<dyn Forge> {
    let pace = Pace {
        first_wait: Duration::from_millis(1),
        patience: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
        ..Pace::default()
    };
    Sites::new().pace(pace).connect(target).unwrap()
}

fn connect_as(server: &ForgeServer, text: &str) -> Arc<dyn Forge> {
    connect_to(&target(server, token(text)))
}

fn connect(server: &ForgeServer) -> Arc<dyn Forge> {
    connect_as(server, TOKEN)
}

fn spec(title: &str, body: &str) -> PullRequestSpec {
    PullRequestSpec {
        base: "main".into(),
        head: "autofix-main".into(),
        title: title.into(),
        body: body.into(),
        ..PullRequestSpec::default()
    }
}

/// A failure as a user reads it.
fn words(failure: impl Into<Failure>) -> String {
    let failure = failure.into();
    format!("{failure} | {}", failure.hints.join(" | "))
}

fn file(path: &str, patch: &str) -> FileChange {
    let hunks = read_hunks(patch).unwrap();
    let count = |kind| {
        let lines = hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
        u32::try_from(lines).unwrap()
    };
    FileChange {
        path: path.into(),
        old_path: None,
        status: ChangeStatus::Modified,
        binary: false,
        old_mode: Some("100644".into()),
        new_mode: Some("100644".into()),
        additions: count(LineKind::Added),
        deletions: count(LineKind::Removed),
        hunks,
        left_out: None,
    }
}

/// Line 2 is another, and line 3 is new.
const PATCH: &str = "@@ -1,3 +1,4 @@\n one\n-two\n+zwei\n+drei\n four\n";

/// A merge request that changes `src/a.rs`; its number.
fn with_changes(server: &ForgeServer) -> u64 {
    let mut pull = server.pull("main", "feature", "Feature", "What it is about.");
    pull.files = vec![file("src/a.rs", PATCH)];
    server.add(pull)
}

fn on_line(side: Side, start_line: Option<u32>, line: u32, body: &str) -> NewLineComment {
    NewLineComment {
        path: "src/a.rs".into(),
        old_path: None,
        side,
        start_line,
        line,
        other_line: None,
        body: body.into(),
    }
}
