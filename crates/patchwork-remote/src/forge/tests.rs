mod conformance;

use patchwork_core::port::forge::{Credential, ForgeKind, ForgeTarget, Forges, Thing};
use patchwork_core::secret::Secret;

use super::Sites;

fn target(remote_url: &str, api_url: Option<&str>, credentials: &[ForgeKind]) -> ForgeTarget {
    let credential = |forge: &ForgeKind| Credential::Token { forge: *forge, token: Secret::new("token") };
    ForgeTarget {
        remote_url: remote_url.into(),
        api_url: api_url.map(str::to_owned),
        credentials: credentials.iter().map(credential).collect(),
    }
}

fn kind(target: &ForgeTarget) -> Result<ForgeKind, String> {
    let failure =
        |failure: patchwork_core::failure::Failure| format!("{failure} | {}", failure.hints.join(" | "));
    Sites::new().connect(target).map(|forge| forge.kind()).map_err(failure)
}

#[test]
fn the_host_says_which_site_it_is_then_the_form_then_the_token() {
    use ForgeKind::{GitHub, GitLab};
    let own = Some("https://git.example.com");
    let table: &[(&str, Option<&str>, &[ForgeKind], ForgeKind)] = &[
        ("git@github.com:o/n.git", None, &[GitLab], GitHub),
        ("https://gitlab.com/a/b/c.git", None, &[GitHub], GitLab),
        ("git@git.example.com:o/n.git", own, &[GitLab], GitLab),
        ("git@git.example.com:o/n.git", own, &[GitLab, GitHub], GitHub),
        ("git@gitlab.example.com:o/n.git", Some("https://gitlab.example.com"), &[GitHub, GitLab], GitLab),
        ("/srv/o/n.git", Some("https://gitlab.com"), &[GitHub], GitLab),
        ("git@github.com:o/n.git", Some("http://127.0.0.1:1"), &[GitLab], GitHub),
        ("git@mirror.example.com:o/n.git", Some("https://api.github.com"), &[], GitHub),
    ];
    for (remote, scm_url, credentials, expected) in table {
        assert_eq!(kind(&target(remote, *scm_url, credentials)).as_ref(), Ok(expected), "{remote}");
    }
}

#[test]
fn a_host_that_nobody_knows_is_refused_with_what_would_work() {
    for (remote, scm_url) in [
        ("git@git.example.com:o/n.git", None),
        ("https://github.com.evil.test/o/n", None),
        ("https://gitlab.example.com/o/n", None),
        ("git@git.example.com:o/n.git", Some("https://git.example.com")),
    ] {
        let said = kind(&target(remote, scm_url, &[])).unwrap_err();
        assert!(said.contains("is no forge that patchwork knows"), "{said}");
        assert!(said.contains("GitLab") && said.contains("scm_url=https://"), "{said}");
    }
}

#[test]
fn pages_of_every_form_are_read() {
    let nothing = target("git@github.com:o/n.git", None, &[]);
    let github = "https://github.com/o/n";
    let pull = [
        "https://github.com/o/n/pull/7",
        " https://github.com/o/n/pull/7/ ",
        "https://github.com/o/n/pull/7/files#r1",
        "https://github.com/o/n/pull/7/files/abc..def?diff=split&w=1",
        "https://github.com/o/n/pull/7/commits/0123abc#diff-1",
        "https://github.com//o/n/pull/7#issuecomment-1",
        "https://me:pw@github.com/o/n/pull/7",
        "https://GitHub.com/o/n/pull/7/checks?check_run_id=1",
        "https://api.github.com/repos/o/n/pulls/7",
        "https://api.github.com/repos/o/n/pulls/7/comments",
        "o/n#7",
    ];
    for url in pull {
        let located = Sites::new().locate(url, &nothing).unwrap();
        assert_eq!(located.forge, ForgeKind::GitHub, "{url}");
        assert_eq!((located.remote_url.as_str(), located.thing), (github, Thing::PullRequest(7)), "{url}");
    }
    let own = target("git@ghe.test:o/n.git", Some("https://ghe.test:8443/api/v3"), &[ForgeKind::GitHub]);
    let others = [
        ("https://github.com/o/n/issues/12#issuecomment-3", github, Thing::Issue(12)),
        ("https://acme.ghe.com/o/n/pull/3", "https://acme.ghe.com/o/n", Thing::PullRequest(3)),
        ("https://api.acme.ghe.com/repos/o/n/issues/3", "https://acme.ghe.com/o/n", Thing::Issue(3)),
        ("https://ghe.test:8443/o/n/pull/3", "https://ghe.test:8443/o/n", Thing::PullRequest(3)),
        (
            "https://ghe.test:8443/api/v3/repos/o/n/pulls/3",
            "https://ghe.test:8443/o/n",
            Thing::PullRequest(3),
        ),
        ("https://ghe.test/git/o/n/pull/3", "https://ghe.test/git/o/n", Thing::PullRequest(3)),
        ("https://github.com/repos/pull/pull/4", "https://github.com/repos/pull", Thing::PullRequest(4)),
    ];
    for (url, remote, thing) in others {
        let located = Sites::new().locate(url, &own).unwrap();
        assert_eq!((located.remote_url.as_str(), located.thing), (remote, thing), "{url}");
    }
}

#[test]
fn what_is_no_page_is_refused_with_what_was_expected() {
    let nothing = target("git@github.com:o/n.git", None, &[]);
    for url in [
        "",
        "7",
        "o#7",
        "o/n#x",
        "../n#7",
        "o/n#0",
        "https://github.com/o/n",
        "https://github.com/o/n/pull/0",
        "https://github.com/o/n/pull/new/topic",
        "https://github.com/o/n/pull/99999999999999999999",
        "https://github.com/o/n/tree/pull/7",
        "https://github.com/o/%2e%2e/pull/7",
        "https://github.com/o/a%2fb/pull/7",
        "ftp://github.com/o/n/pull/7",
        "javascript:alert(1)",
        "https://me:secret-pw@github.com/o/n/settings",
    ] {
        let failure = Sites::new().locate(url, &nothing).unwrap_err();
        assert!(failure.message.contains("is no address of a pull request"), "{url}: {failure}");
        assert!(failure.hints[0].contains("https://github.com/OWNER/NAME/pull/7"));
        assert!(!failure.message.contains("secret-pw"), "{failure}");
    }
}
