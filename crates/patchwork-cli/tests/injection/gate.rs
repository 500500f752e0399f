//! The gate against detectors that were written apart from it: what it lets through does nothing.

use patchwork_core::effect::Policy;
use patchwork_core::effect::reach::{Page, neutralise, neutralise_line};
use patchwork_core::port::forge::ForgeKind;
use proptest::prelude::*;

use crate::case::{Case, Flow, Obedient, Site};
use crate::detect::{Known, in_markdown, in_title};
use crate::effect::Effect;

const SITES: [(Site, ForgeKind); 5] = [
    (Site::Github, ForgeKind::GitHub),
    (Site::Gitlab, ForgeKind::GitLab),
    (Site::Azure, ForgeKind::AzureDevOps),
    (Site::Gitea, ForgeKind::Gitea),
    (Site::Bitbucket, ForgeKind::Bitbucket),
];

/// What a text still does that went through the gate.
fn left(text: &str, (site, forge): (Site, ForgeKind), merges: bool) -> Vec<Effect> {
    let policy = Policy::default();
    let slug = if site == Site::Azure { "acme/web/shop" } else { "acme/shop" }.to_owned();
    let homes = [format!("https://forge.test/{}", slug.replace("web/", "web/_git/"))];
    let page = Page { forge, homes: &homes, merges, policy: &policy };
    let known = Known { site, hosts: vec!["forge.test".to_owned()], slug, ..Known::default() };
    let mut left = in_markdown(&neutralise(text, &page), &known);
    left.extend(in_title(&neutralise_line(text, &page), &known));
    // What a review suggests it decides itself.
    left.retain(|effect| !matches!(effect, Effect::Suggests(_)));
    left
}

#[test]
fn nothing_of_the_corpus_gets_through() {
    let mut seen = Vec::new();
    for case in Case::all() {
        let Obedient { says, raw, suggestion, .. } = &case.obedient;
        for text in [Some(&case.text), Some(says), raw.as_ref(), suggestion.as_ref()].into_iter().flatten() {
            for site in SITES {
                let left = left(text, site, case.flow() == Flow::AutoFix);
                seen.extend(left.iter().map(|effect| format!("{} on {}: {effect}", case.name, site.1)));
            }
        }
    }
    assert!(seen.is_empty(), "{}", seen.join("\n"));
}

const PIECES: [&str; 95] = [
    "@all",
    "@",
    "ä@b",
    "Fixes ",
    "closes: ",
    "#1",
    "acme/other#2",
    "AB#3",
    "GH-4",
    "!5",
    "https://evil.test/a",
    "www.evil.test",
    "https://forge.test/",
    "acme/shop/",
    "acme/web/_git/shop/",
    "evil/repo",
    "issues/7",
    "https://forge.test/acme/shop/issues/7",
    "/../",
    "/%2e%2e/",
    "/.",
    "%2f",
    ";",
    "//evil.test",
    "https:evil.test",
    "javascript:x",
    "[",
    "](",
    ")",
    "]",
    "!",
    "![",
    "[x](u)",
    "[r]: ",
    "[^1]",
    "<",
    ">",
    "</",
    "<b>",
    "</b>",
    "<code>",
    "</code>",
    "<pre>",
    "</pre>",
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<!--",
    "-->",
    "<!-- PatchWork comment marker -->",
    "<img src=x>",
    "<script>",
    "<a href=\"",
    "\">",
    "`",
    "``",
    "```",
    "````",
    "~~~",
    "mermaid",
    "suggestion",
    "*",
    "**",
    "_",
    "~",
    "\\",
    "&",
    "&#64;",
    "&commat;",
    "&lt;",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "    ",
    "\t",
    "> ",
    "- ",
    "1. ",
    "| a |\n|--|\n",
    "# ",
    "/merge",
    "/close",
    "$",
    "\u{200b}",
    "\u{202e}",
    "\u{e0041}",
    "\u{1b}[31m",
    "\u{a0}",
    "é",
    "text",
    ":",
    "/",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_any_text_gets_through(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..20),
        site in prop::sample::select(SITES.to_vec()),
        merges: bool,
    ) {
        let text = pieces.concat();
        prop_assert_eq!(left(&text, site, merges), []);
    }
}
