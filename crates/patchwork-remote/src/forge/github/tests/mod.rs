mod app;
mod bad;
mod checks;
mod comments;
mod pulls;
mod review;

use std::sync::Arc;
use std::time::Duration;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::forge::{
    Credential, Ensured, Forge, ForgeError, ForgeKind, ForgeTarget, Forges, PullRequest, PullRequestSpec,
    ensure,
};
use patchwork_core::secret::Secret;
use patchwork_testkit::forge::{ForgeServer, Pull, Scripted};

use crate::forge::Sites;
use crate::http::Pace;

const TOKEN: &str = "ghp_0123456789abcdef";
const PULLS: &str = "/repos/octo/app/pulls";

fn server() -> ForgeServer {
    ForgeServer::github("octo/app", TOKEN).unwrap()
}

fn token(token: &str) -> Credential {
    Credential::Token { forge: ForgeKind::GitHub, token: Secret::new(token) }
}

fn connect_with(
    server: &ForgeServer,
    credentials: Vec<Credential>,
    path: &str,
) -> Result<Arc<dyn Forge>, Failure> {
    let pace = Pace {
        first_wait: Duration::from_millis(1),
        patience: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
        ..Pace::default()
    };
    let target = ForgeTarget {
        remote_url: "git@github.com:octo/app.git".into(),
        api_url: Some(format!("{}{path}", server.url())),
        credentials,
    };
    Sites::new().pace(pace).connect(&target)
}

fn connect_as(server: &ForgeServer, text: &str, path: &str) -> Arc<dyn Forge> {
    connect_with(server, vec![token(text)], path).unwrap()
}

fn connect(server: &ForgeServer) -> Arc<dyn Forge> {
    connect_as(server, TOKEN, "")
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

/// What a run does: looks, then writes.
async fn ensure(forge: &Arc<dyn Forge>, spec: &PullRequestSpec) -> Result<(PullRequest, Ensured), Failure> {
    let (found, how) = ensure::pull_request(&**forge, spec).await?;
    Ok((found.pull, how))
}

async fn check(forge: &Arc<dyn Forge>) -> Result<(), Failure> {
    forge.check().await.map_err(Failure::from)
}

/// A failure as a user reads it.
fn words(failure: &Failure) -> String {
    format!("{failure} | {}", failure.hints.join(" | "))
}

#[tokio::test]
async fn a_pull_request_is_created_then_left_alone_then_updated() {
    let server = server();
    let forge = connect(&server);
    let (created, how) = ensure(&forge, &spec("Fixes", "one\n")).await.unwrap();
    assert_eq!((created.number, how), (1, Ensured::Created));
    assert_eq!(created.url, format!("{}/octo/app/pull/1", server.url()));

    let (_, how) = ensure(&forge, &spec("Fixes", "one\r\n")).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let (same, how) = ensure(&forge, &spec("Fixes", "two")).await.unwrap();
    assert_eq!((same.number, how), (1, Ensured::Updated));

    let pulls = server.pulls();
    assert_eq!(pulls.len(), 1);
    assert_eq!((pulls[0].title.as_str(), pulls[0].body.as_str()), ("Fixes", "two"));
    let patches: Vec<_> = server.requests().into_iter().filter(|r| r.method == "PATCH").collect();
    assert_eq!(patches.len(), 1);
    assert_eq!(patches[0].body, serde_json::json!({ "body": "two" }), "what is the same is not sent");
    let found = forge.find_pull_request("main", "autofix-main").await.unwrap();
    assert_eq!(found.map(|p| p.pull.number), Some(1));
}

#[tokio::test]
async fn every_request_says_who_asks_and_in_which_version() {
    let server = server();
    connect(&server).check().await.unwrap();
    let request = server.requests().remove(0);
    let header = |name: &str| request.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    assert_eq!(header("accept").as_deref(), Some("application/vnd.github+json"));
    assert_eq!(header("x-github-api-version").as_deref(), Some("2022-11-28"));
    assert!(header("user-agent").unwrap().starts_with("patchwork/"));
}

#[tokio::test]
async fn closed_ones_forks_and_other_bases_are_not_ours() {
    let server = server();
    let ours = server.pull("main", "autofix-main", "x", "x");
    server.add(Pull { open: false, ..ours.clone() });
    server.add(Pull { base: "release".into(), ..ours.clone() });
    server.add(Pull { head_repository: "octo/fork".into(), ..ours.clone() });
    server.add(Pull { head_repository: "mallory/app".into(), ..ours.clone() });
    let forge = connect(&server);
    assert_eq!(forge.find_pull_request("main", "autofix-main").await.unwrap(), None);
    let number = server.add(ours);
    let found = forge.find_pull_request("main", "autofix-main").await.unwrap();
    assert_eq!(found.map(|p| p.pull.number), Some(number));
}

#[tokio::test]
async fn one_that_somebody_opens_in_between_is_updated() {
    let server = server();
    let rival = server.pull("main", "autofix-main", "theirs", "theirs");
    server.script("POST", [Scripted::Rival(Box::new(rival))]);
    let (pull, how) = ensure(&connect(&server), &spec("Ours", "ours")).await.unwrap();
    assert_eq!((pull.number, how), (1, Ensured::Updated));
    assert_eq!(server.pulls().len(), 1);
    assert_eq!(server.pulls()[0].title, "Ours");
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_pull_request() {
    let server = server();
    server.script("POST", [Scripted::LostAnswer]);
    let (pull, how) = ensure(&connect(&server), &spec("Fixes", "one")).await.unwrap();
    assert_eq!((pull.number, how), (1, Ensured::Unchanged));
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn errors_of_the_server_and_limits_are_waited_out() {
    let server = server();
    let limit = |message| Scripted::status(403, message).header("retry-after", "0");
    server.script("GET", [Scripted::status(502, ""), Scripted::status(500, "oops")]);
    server.script(
        "POST",
        [
            limit("You have exceeded a secondary rate limit."),
            Scripted::status(429, "slow down").header("retry-after", "0"),
            Scripted::status(403, "API rate limit exceeded")
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", "1"),
        ],
    );
    let (_, how) = ensure(&connect(&server), &spec("Fixes", "one")).await.unwrap();
    assert_eq!(how, Ensured::Created);
    let posts = server.requests().iter().filter(|r| r.method == "POST").count();
    assert_eq!(posts, 4);
}

#[tokio::test]
async fn a_long_limit_ends_the_call_and_says_when_to_come_back() {
    let server = server();
    let limit = Scripted::status(403, "API rate limit exceeded for user ID 1.")
        .header("date", "Sat, 21 Nov 2026 05:00:00 GMT")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "1795240800");
    server.script("GET", [limit]);
    let failure = check(&connect(&server)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(words(&failure).contains("2026-11-21 06:00:00 UTC"), "{}", words(&failure));
    assert_eq!(server.requests().len(), 1, "not asked again");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_never_the_token() {
    let server = server();
    let wrong = "ghp_wrong0123456789";
    server.script("GET", [Scripted::status(401, &format!("Bad credentials: {wrong}"))]);
    let failure = check(&connect_as(&server, wrong, "")).await.unwrap_err();
    assert!(failure.message.contains("does not accept the token"), "{failure}");
    assert!(words(&failure).contains("github_api_key") && words(&failure).contains("GITHUB_TOKEN"));
    assert!(!words(&failure).contains(wrong), "{}", words(&failure));

    let gone = ForgeServer::github("octo/other", TOKEN).unwrap();
    let failure = check(&connect(&gone)).await.unwrap_err();
    assert!(failure.message.contains("octo/app") && failure.message.contains("no access"), "{failure}");
    assert_eq!(gone.requests().len(), 1, "a 404 is not tried again");

    server.archive();
    let failure = check(&connect(&server)).await.unwrap_err();
    assert!(failure.message.contains("archived"), "{failure}");
}

#[tokio::test]
async fn a_token_that_may_not_push_is_found_out_before_the_work() {
    let server = server();
    server.read_only();
    let failure = check(&connect(&server)).await.unwrap_err();
    assert!(failure.message.contains("not push"), "{failure}");
    // What GitHub says about a token of an app's installation is not to be believed.
    server.installation_token();
    connect(&server).check().await.unwrap();
}

#[tokio::test]
async fn a_refused_pull_request_carries_the_servers_remarks() {
    let server = server();
    let same = PullRequestSpec { head: "main".into(), ..spec("Fixes", "one") };
    let failure = ensure(&connect(&server), &same).await.unwrap_err();
    assert!(failure.to_string().contains("No commits between main and main"), "{failure}");
    let fits = spec(&"t\n".repeat(400), &"é".repeat(connect(&server).limits().body));
    ensure(&connect(&server), &fits).await.unwrap();
    assert_eq!(server.pulls()[0].title.chars().count(), 256);
}

#[tokio::test]
async fn an_enterprise_server_has_its_api_below_a_path() {
    let server = server();
    ensure(&connect_as(&server, TOKEN, "/api/v3"), &spec("Fixes", "one")).await.unwrap();
    assert!(server.log().contains(&format!("POST {PULLS} 201")), "{:?}", server.log());
}

#[tokio::test]
async fn a_renamed_repository_is_followed_on_its_own_host_only() {
    let server = server();
    server.rename("octo/app2");
    let forge = connect(&server);
    forge.check().await.unwrap();
    let (_, how) = ensure(&forge, &spec("Fixes", "one")).await.unwrap();
    assert_eq!(how, Ensured::Created);
    assert_eq!(server.pulls()[0].head_repository, "octo/app2");

    let elsewhere = ForgeServer::github("octo/app", TOKEN).unwrap();
    let trap =
        Scripted::status(301, "Moved").header("location", format!("{}/repos/octo/app", elsewhere.url()));
    server.script("GET", [trap]);
    let failure = check(&connect(&server)).await.unwrap_err();
    assert!(failure.message.contains("not followed"), "{failure}");
    assert_eq!(elsewhere.log(), [""; 0], "the token stays home");
}

#[tokio::test]
async fn answers_that_are_no_json_or_not_githubs_are_failures() {
    let server = server();
    let html = Scripted::Answer { status: 200, headers: vec![], body: "<html>log in</html>".into() };
    let wrong = Scripted::Answer { status: 200, headers: vec![], body: r#"{"full_name": 3}"#.into() };
    let odd = Scripted::Answer {
        status: 200,
        headers: vec![],
        body: r#"{"full_name": "../x", "permissions": {"push": true}}"#.into(),
    };
    server.script("GET", [html, wrong, odd]);
    for _ in 0..2 {
        let failure = check(&connect(&server)).await.unwrap_err();
        assert!(failure.message.contains("can't be read"), "{failure}");
    }
    connect(&server).check().await.unwrap();
}

#[test]
fn what_is_no_github_is_refused_with_what_would_work() {
    let connect = |remote: &str, api: Option<&str>| {
        let target = ForgeTarget {
            remote_url: remote.into(),
            api_url: api.map(str::to_owned),
            credentials: vec![token(TOKEN)],
        };
        Sites::new().connect(&target).map(|_| ()).map_err(|failure| words(&failure))
    };
    assert!(connect("https://github.com/octo/app.git", None).is_ok());
    assert!(connect("git@ghe.example.com:octo/app.git", Some("https://ghe.example.com")).is_ok());
    let unknown = connect("https://git.example.com/group/app.git", None).unwrap_err();
    assert!(unknown.contains("git.example.com is no forge") && unknown.contains("scm_url"), "{unknown}");
    assert!(connect("/srv/git/app.git", None).unwrap_err().contains("folder"));
    assert!(connect("https://github.com/a/b/c", None).unwrap_err().contains("OWNER/NAME"));
    let clear = connect("https://github.com/octo/app", Some("http://ghe.example.com")).unwrap_err();
    assert!(clear.contains("in the clear"), "{clear}");
    let credentials = connect("https://github.com/octo/app", Some("https://me:pw@ghe.example.com"));
    assert!(!credentials.unwrap_err().contains("pw"));
}
