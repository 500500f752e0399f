//! GitHub Apps.

use patchwork_core::port::forge::Thing;
use patchwork_testkit::forge::App;

use super::pulls::opened;
use super::*;

/// A key that nothing else uses.
const KEY: &str = include_str!("app.pem");

fn credential(key: &str, installation: Option<&str>) -> Credential {
    Credential::App {
        id: "123456".into(),
        installation: installation.map(str::to_owned),
        key: Secret::new(key),
    }
}

fn installed(lifetime_ms: i64) -> ForgeServer {
    let server = server();
    server.with(|state| {
        state.login = "patchwork[bot]".into();
        state.app = Some(App { id: "123456".into(), installation: 77, lifetime_ms, minted: 0 });
    });
    server
}

fn minted(server: &ForgeServer) -> u64 {
    server.with(|state| state.app.as_ref().unwrap().minted)
}

#[tokio::test]
async fn a_token_of_the_installation_is_had_once_and_renewed_before_it_ends() {
    let server = installed(3_600_000);
    let on = Thing::PullRequest(opened(&server, "anna"));
    let forge = connect_with(&server, vec![credential(KEY, None)], "").unwrap();
    forge.check().await.unwrap();
    assert_eq!(forge.account().await.unwrap().as_deref(), Some("patchwork[bot]"));
    forge.add_comment(on, "hi").await.unwrap();
    assert_eq!(minted(&server), 1);
    let git = forge.git_credential().await.unwrap().unwrap();
    assert_eq!(git.token.expose(), server.with(|state| state.token.clone()));
    let asked: Vec<_> = server.log().into_iter().filter(|line| line.contains("installation")).collect();
    assert_eq!(
        asked,
        ["GET /repos/octo/app/installation 200", "POST /app/installations/77/access_tokens 201"]
    );

    let short = installed(60_000);
    let forge = connect_with(&short, vec![credential(KEY, Some("77"))], "").unwrap();
    forge.check().await.unwrap();
    forge.check().await.unwrap();
    assert_eq!(minted(&short), 2, "a minute is too short for what comes next");
    assert!(short.log().iter().all(|line| !line.starts_with("GET /repos/octo/app/installation")));
}

#[tokio::test]
async fn a_key_that_is_none_is_found_out_without_showing_it() {
    let server = server();
    for key in [
        "",
        "secret words",
        "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0IHdvcmRz\n-----END RSA PRIVATE KEY-----\n",
    ] {
        let failure = connect_with(&server, vec![credential(key, None)], "").err().unwrap();
        assert!(failure.message.contains("github_app_private_key"), "{failure}");
        assert!(!words(&failure).contains("secret words") && !words(&failure).contains("c2Vj"));
    }
    for installation in ["../x", "", "7 7"] {
        let failure = connect_with(&server, vec![credential(KEY, Some(installation))], "").err().unwrap();
        assert!(failure.message.contains("github_app_installation_id"), "{failure}");
    }
    // Line ends as variables of CI systems have them.
    connect_with(&server, vec![credential(&KEY.replace('\n', "\\n"), None)], "").unwrap();
    let forge = connect_with(&server, vec![credential(KEY, None)], "").unwrap();
    let failure = check(&forge).await.unwrap_err();
    assert!(words(&failure).contains("Integration not found"), "{}", words(&failure));
}
