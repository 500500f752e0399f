//! How people write repositories and pages.

use patchwork_core::port::forge::Thing;

use super::*;

fn known(remote_url: &str) -> Option<ForgeKind> {
    let target = ForgeTarget { remote_url: remote_url.into(), ..ForgeTarget::default() };
    Sites::new().connect(&target).ok().map(|forge| forge.kind())
}

#[test]
fn remotes_name_their_site() {
    use ForgeKind::{AzureDevOps, Bitbucket, GitHub, GitLab, Gitea};
    for (remote, kind) in [
        ("https://github.com/octo/app.git", GitHub),
        ("ssh://git@ssh.github.com:443/octo/app", GitHub),
        ("git@gitlab.com:group/sub/app.git", GitLab),
        ("https://oauth2:secret@gitlab.com/group/sub/app/", GitLab),
        ("https://octo@dev.azure.com/octo/project/_git/app", AzureDevOps),
        ("git@ssh.dev.azure.com:v3/octo/project/app", AzureDevOps),
        ("https://octo.visualstudio.com/project/_git/app", AzureDevOps),
        ("https://codeberg.org/octo/app.git", Gitea),
        ("ssh://git@codeberg.org/octo/app.git", Gitea),
        ("git@gitea.com:octo/app", Gitea),
        ("https://user@bitbucket.org/octo/app.git", Bitbucket),
        ("git@bitbucket.org:octo/app.git", Bitbucket),
        ("ssh://git@altssh.bitbucket.org:443/octo/app.git", Bitbucket),
    ] {
        assert_eq!(known(remote), Some(kind), "{remote}");
    }
    for remote in [
        "https://codeberg.org.evil.test/octo/app",
        "https://bitbucket.example.com/scm/octo/app.git",
        "https://gitea.example.com/octo/app",
        "https://bitbucket.org/octo",
        "https://codeberg.org/octo/app/src/main",
    ] {
        assert_eq!(known(remote), None, "{remote}");
    }
}

#[test]
fn a_server_of_ones_own_is_known_by_its_name_or_its_token() {
    let kind = |remote: &str, scm_url: &str, token: Option<ForgeKind>| {
        let credential = |forge| Credential::Token { forge, token: Secret::new("token") };
        let target = ForgeTarget {
            remote_url: remote.into(),
            api_url: Some(scm_url.into()),
            credentials: token.map(credential).into_iter().collect(),
        };
        Sites::new().connect(&target).ok().map(|forge| (forge.kind(), forge.homes()[0].clone()))
    };
    let gitea = |home: &str| Some((ForgeKind::Gitea, format!("https://{home}/o/n")));
    let by_name = kind("git@gitea.example.com:o/n.git", "https://gitea.example.com", None);
    assert_eq!(by_name, gitea("gitea.example.com"));
    let below =
        kind("https://example.com/forgejo/o/n", "https://example.com/forgejo", Some(ForgeKind::Gitea));
    assert_eq!(below, gitea("example.com/forgejo"));
    let by_token = kind("git@git.example.com:o/n.git", "https://git.example.com", Some(ForgeKind::Gitea));
    assert_eq!(by_token, gitea("git.example.com"));
}

#[test]
fn pages_name_their_site_and_thing() {
    let target = ForgeTarget { remote_url: "git@codeberg.org:octo/app.git".into(), ..ForgeTarget::default() };
    let (pull, issue) = (Thing::PullRequest(7), Thing::Issue(7));
    for (url, remote, thing) in [
        ("https://codeberg.org/octo/app/pulls/7", "https://codeberg.org/octo/app", pull),
        ("https://codeberg.org/octo/app/pulls/7/files#issuecomment-1", "https://codeberg.org/octo/app", pull),
        (" https://codeberg.org/octo/app/issues/7/ ", "https://codeberg.org/octo/app", issue),
        ("https://gitea.com/api/v1/repos/octo/app/pulls/7", "https://gitea.com/octo/app", pull),
        ("https://git.example.com/octo/app/pulls/7?x=1", "https://git.example.com/octo/app", pull),
        ("https://bitbucket.org/octo/app/pull-requests/7", "https://bitbucket.org/octo/app", pull),
        (
            "https://bitbucket.org/octo/app/pull-requests/7/diff#comment-1",
            "https://bitbucket.org/octo/app",
            pull,
        ),
        ("https://bitbucket.org/octo/app/issues/7/a-title", "https://bitbucket.org/octo/app", issue),
        (
            "https://api.bitbucket.org/2.0/repositories/octo/app/pullrequests/7",
            "https://bitbucket.org/octo/app",
            pull,
        ),
    ] {
        let located = Sites::new().locate(url, &target).unwrap_or_else(|failure| panic!("{url}: {failure}"));
        assert_eq!((located.remote_url.as_str(), located.thing), (remote, thing), "{url}");
        let kind = if url.contains("bitbucket") { ForgeKind::Bitbucket } else { ForgeKind::Gitea };
        assert_eq!(located.forge, kind, "{url}");
    }
    for url in [
        "https://codeberg.org/octo/app",
        "https://codeberg.org/octo/app/pulls/new",
        "https://codeberg.org/octo/app/pulls/0",
        "https://bitbucket.org/octo/app/pull-requests/",
        "https://bitbucket.org/octo/app/src/7",
    ] {
        assert!(Sites::new().locate(url, &target).is_err(), "{url}");
    }
}
