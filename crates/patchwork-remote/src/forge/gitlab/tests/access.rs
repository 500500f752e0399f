//! Tokens, roles, addresses.

use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::{Ability, Credential, Forges, Located, Thing};
use patchwork_testkit::forge::Scripted;

use super::*;

const OAUTH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const JOB: &str = "glcbt-64_0123456789abcdef";

#[tokio::test]
async fn tokens_of_every_kind_are_shown_as_gitlab_wants_them() {
    for text in [TOKEN, OAUTH, "a-prefix-of-our-own-0123456789"] {
        let server = start(text);
        let forge = connect_as(&server, text);
        forge.check().await.unwrap();
        assert_eq!(forge.account().await.unwrap().as_deref(), Some("patchwork-bot"));
        let git = forge.git_credential().await.unwrap().unwrap();
        assert_eq!((git.user.as_str(), git.token.expose()), ("oauth2", text));
        let facts = forge.repository().await.unwrap();
        assert_eq!((facts.full_name.as_str(), facts.default_branch.as_str()), (PROJECT, "main"));
        assert_eq!((facts.url, facts.may_push), (format!("{}/{PROJECT}", server.url()), Some(true)));
    }
}

#[tokio::test]
async fn a_path_of_any_depth_is_one_part_of_the_address() {
    let server = server();
    connect(&server).repository().await.unwrap();
    assert_eq!(server.log(), ["GET /projects/group%2Fsub%2Fapp 200"]);
}

#[tokio::test]
async fn a_site_below_a_path_of_its_host_is_found() {
    let server = server();
    for remote in ["/gitlab/group/sub/app.git", "/group/sub/app.git"] {
        let target = ForgeTarget {
            remote_url: format!("{}{remote}", server.url()),
            api_url: Some(format!("{}/gitlab/", server.url())),
            credentials: vec![token(TOKEN)],
        };
        let forge = connect_to(&target);
        forge.check().await.unwrap();
        assert!(forge.homes().contains(&format!("{}/gitlab/group/sub/app", server.url())));
        let (pull, _) =
            patchwork_core::port::forge::ensure::pull_request(&*forge, &spec("Fixes", "x")).await.unwrap();
        assert_eq!(pull.pull.number, 1);
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_found_out_before_the_work() {
    let server = server();
    server.with(|state| state.gitlab.scopes = vec!["read_api".into(), "read_repository".into()]);
    let forge = connect(&server);
    let said = words(forge.check().await.unwrap_err());
    assert!(said.contains("needs the scope `api`; it has `read_api`, `read_repository`"), "{said}");
    // Whoever does not check is told by the call that is refused.
    let said = words(forge.open_pull_request(&spec("Fixes", "x")).await.unwrap_err());
    assert!(said.contains("the token may not open the pull request") && said.contains("scope api"), "{said}");
    server.with(|state| state.gitlab.scopes = vec!["write_repository".into()]);
    let said = words(connect(&server).repository().await.unwrap_err());
    assert!(said.contains("may not read the project"), "{said}");
}

#[tokio::test]
async fn a_role_that_may_not_push_is_found_out_and_an_invited_group_is_not() {
    let server = server();
    server.with(|state| state.may_push = false);
    let said = words(connect(&server).check().await.unwrap_err());
    assert!(said.contains("not push") && said.contains("role Developer"), "{said}");
    server.with(|state| (state.may_push, state.gitlab.invited) = (true, true));
    connect(&server).check().await.unwrap();
    server.archive();
    let said = words(connect(&server).check().await.unwrap_err());
    assert!(said.contains("archived"), "{said}");
}

#[tokio::test]
async fn a_job_s_token_reads_and_says_why_it_does_not_write() {
    let server = start(JOB);
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    server.add_comment_as("mallory", on, "look", None, None);
    // It is one wherever it was given.
    for credential in [Credential::JobToken(Secret::new(JOB)), token(JOB)] {
        let forge = connect_to(&target(&server, credential));
        let found = forge.pull_request(number).await.unwrap();
        assert_eq!((found.title.as_str(), found.head.repository.as_deref()), ("Feature", Some(PROJECT)));
        assert_eq!(forge.account().await.unwrap().as_deref(), Some("patchwork-bot"));
        let comments = forge.comments(on).await.unwrap();
        assert_eq!((comments.len(), comments[0].thread.as_deref()), (1, None));
        let git = forge.git_credential().await.unwrap().unwrap();
        assert_eq!(git.user, "gitlab-ci-token");
        for refused in [
            forge.check().await.map_err(words).unwrap_err(),
            forge.add_comment(on, "hello").await.map_err(words).unwrap_err(),
            forge.open_pull_request(&spec("Fixes", "x")).await.map_err(words).unwrap_err(),
        ] {
            assert!(refused.contains("CI job") && refused.contains("project access token"), "{refused}");
            assert!(!refused.contains(JOB), "{refused}");
        }
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_and_never_the_token() {
    let server = server();
    let wrong = "glpat-wrong-wrong-wrong-w";
    let said = words(connect_as(&server, wrong).check().await.unwrap_err());
    assert!(said.contains("does not accept the token") && said.contains("gitlab_api_key"), "{said}");
    let revoked = Scripted::Answer {
        status: 401,
        headers: Vec::new(),
        body: r#"{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}"#.into(),
    };
    server.script("GET", [revoked]);
    let said = words(connect(&server).repository().await.unwrap_err());
    assert!(said.contains("does not accept the token") && said.contains("expired"), "{said}");

    let gone = ForgeServer::start(ForgeKind::GitLab, "group/other", TOKEN).unwrap();
    let said = words(connect(&gone).repository().await.unwrap_err());
    assert!(said.contains(PROJECT) && said.contains("no access") && !said.contains(TOKEN), "{said}");

    let target = ForgeTarget { credentials: Vec::new(), ..target(&server, token(TOKEN)) };
    let target = ForgeTarget { remote_url: "https://gitlab.example.com/group/sub/app".into(), ..target };
    let said = words(connect_to(&target).check().await.unwrap_err());
    assert!(said.contains("no token"), "{said}");
}

#[tokio::test]
async fn limits_are_waited_out_or_told() {
    let server = server();
    server.script(
        "GET",
        [Scripted::status(429, "Retry later").header("retry-after", "0"), Scripted::status(502, "")],
    );
    connect(&server).repository().await.unwrap();
    let limit = Scripted::status(429, "Too many requests")
        .header("date", "Sat, 21 Nov 2026 05:00:00 GMT")
        .header("ratelimit-remaining", "0")
        .header("ratelimit-reset", "1795240800");
    server.script("GET", [limit]);
    let failure = Failure::from(connect(&server).repository().await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(words(failure.clone()).contains("2026-11-21 06:00:00 UTC"), "{}", words(failure));
}

#[tokio::test]
async fn a_project_that_was_renamed_is_written_to_by_its_id() {
    let server = server();
    server.rename("group/renamed");
    let forge = connect(&server);
    let pull = forge.open_pull_request(&spec("Fixes", "x")).await.unwrap();
    assert_eq!(pull.base.repository.as_deref(), Some("group/renamed"));
    assert!(!pull.is_from_elsewhere());
    assert_eq!(forge.repository().await.unwrap().full_name, "group/renamed");
}

#[tokio::test]
async fn answers_that_are_no_json_or_not_gitlabs_are_failures() {
    let server = server();
    let answer = |body: &str| Scripted::Answer { status: 200, headers: Vec::new(), body: body.into() };
    server.script("GET", [answer("<html>log in</html>"), answer(r#"{"id": "x"}"#), answer("[]"), answer("")]);
    for _ in 0..4 {
        let said = words(connect(&server).repository().await.unwrap_err());
        assert!(said.contains("can't be read"), "{said}");
    }
}

#[test]
fn what_gitlab_can_do_is_told() {
    let server = server();
    let forge = connect(&server);
    assert!(forge.can(Ability::Suggestions) && forge.can(Ability::MultiLineComments));
    assert!(!forge.can(Ability::Sarif) && !forge.can(Ability::Annotations));
    assert_eq!(forge.head_ref(7).as_deref(), Some("refs/merge-requests/7/head"));
    assert_eq!(forge.suggestion(1, "x\n").as_deref(), Some("```suggestion:-0+0\nx\n```"));
    assert_eq!(forge.suggestion(3, "a\n```\nb").as_deref(), Some("````suggestion:-2+0\na\n```\nb\n````"));
    assert_eq!(forge.suggestion(1, "").as_deref(), Some("```suggestion:-0+0\n\n```"));
    assert_eq!((forge.suggestion(0, "x"), forge.suggestion(102, "x")), (None, None));
}

#[test]
fn pages_and_remotes_of_gitlab_are_known() {
    let sites = Sites::new();
    let page = "https://gitlab.com/group/sub/app/-/merge_requests/7/diffs?w=1#note_1";
    assert_eq!(
        sites.locate(page, &ForgeTarget::default()).unwrap(),
        Located {
            forge: ForgeKind::GitLab,
            remote_url: "https://gitlab.com/group/sub/app".into(),
            thing: Thing::PullRequest(7),
        }
    );
    let own = ForgeTarget {
        api_url: Some("https://git.example.com:8443/gitlab".into()),
        credentials: vec![token(TOKEN)],
        ..ForgeTarget::default()
    };
    let located = sites.locate("https://git.example.com:8443/gitlab/g/app/-/issues/9", &own).unwrap();
    assert_eq!(located.remote_url, "https://git.example.com:8443/gitlab/g/app");
    let target = ForgeTarget { remote_url: located.remote_url, ..own };
    assert_eq!(sites.connect(&target).unwrap().kind(), ForgeKind::GitLab);
    let flat = ForgeTarget {
        remote_url: "https://gitlab.com/app".into(),
        credentials: vec![token(TOKEN)],
        ..ForgeTarget::default()
    };
    let said = words(sites.connect(&flat).map(drop).unwrap_err());
    assert!(said.contains("GROUP/NAME"), "{said}");
}
