//! Tokens, permissions, addresses.

use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::{Ability, Located, Thing};
use patchwork_testkit::forge::Scripted;

use super::*;

const JWT: &str = "eyJ0eXAiOiJKV1Qi.eyJuYW1laWQiOiIx.c2lnbmF0dXJl";

#[tokio::test]
async fn tokens_of_both_kinds_are_shown_as_azure_devops_wants_them() {
    for text in [TOKEN, JWT] {
        let server = start(text);
        let forge = connect_as(&server, text);
        forge.check().await.unwrap();
        assert_eq!(forge.account().await.unwrap().as_deref(), Some("patchwork-bot"));
        let git = forge.git_credential().await.unwrap().unwrap();
        assert_eq!((git.user.is_empty(), git.token.expose()), (false, text));
        let facts = forge.repository().await.unwrap();
        assert_eq!((facts.full_name.as_str(), facts.default_branch.as_str()), (REPOSITORY, "main"));
        assert_eq!(facts.url, format!("{}/contoso/My%20App/_git/shop", server.url()));
        assert_eq!((facts.archived, facts.may_push), (false, None));
    }
}

#[tokio::test]
async fn names_with_spaces_are_escaped() {
    let server = server();
    connect(&server).repository().await.unwrap();
    assert_eq!(server.log(), ["GET /contoso/My%20App/_apis/git/repositories/shop 200"]);
}

#[tokio::test]
async fn scm_url_may_be_the_server_or_the_collection_and_below_tfs() {
    let server = server();
    for (remote, scm_url) in [
        ("/tfs/contoso/My%20App/_git/shop", "/tfs"),
        ("/tfs/contoso/My%20App/_git/shop", "/tfs/contoso/"),
        ("/contoso/My%20App/_git/shop", ""),
        ("/contoso/My%20App/_git/shop", "/contoso"),
    ] {
        let target = ForgeTarget {
            remote_url: format!("{}{remote}", server.url()),
            api_url: Some(format!("{}{scm_url}", server.url())),
            ..target(&server, TOKEN)
        };
        let forge = connect_to(&target);
        forge.check().await.unwrap();
        assert_eq!(forge.kind(), ForgeKind::AzureDevOps, "{remote}");
        assert_eq!(forge.repository().await.unwrap().full_name, REPOSITORY, "{remote} {scm_url}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_told_however_it_is_refused() {
    let server = server();
    let wrong = "wrong-wrong-wrong";
    let told = |said: &str| {
        assert!(said.contains("does not accept the token") && said.contains("azuredevops_api_key"), "{said}");
        assert!(said.contains("Pull Request Threads") && !said.contains(wrong), "{said}");
    };
    told(&words(connect_as(&server, wrong).check().await.unwrap_err()));
    server.with(|state| state.azure.shows_sign_in = true);
    told(&words(connect_as(&server, wrong).check().await.unwrap_err()));
    told(&words(connect_as(&server, wrong).pull_request(1).await.unwrap_err()));
    // The service sends some to another host, whatever they asked for.
    let away = Scripted::Answer {
        status: 302,
        headers: vec![("location".into(), "https://app.vssps.visualstudio.com/_signin".into())],
        body: String::new(),
    };
    server.script("GET", [away]);
    told(&words(connect(&server).repository().await.unwrap_err()));
    // Where everybody may read, a wrong token is nobody's.
    let nobody = Scripted::Answer {
        status: 200,
        headers: Vec::new(),
        body: r#"{"authenticatedUser": {"id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", "providerDisplayName": "Anonymous"}}"#.into(),
    };
    server.script_at("GET", "connectionData", [nobody]);
    told(&words(connect(&server).check().await.unwrap_err()));
}

#[tokio::test]
async fn what_a_token_may_not_do_is_told_with_what_it_needs() {
    let server = server();
    server.read_only();
    let forge = connect(&server);
    forge.check().await.unwrap();
    let said = words(forge.open_pull_request(&spec("Fixes", "x")).await.unwrap_err());
    assert!(said.contains("may not open the pull request in contoso/My App/shop"), "{said}");
    assert!(
        said.contains("TF401027") && said.contains("Code (Read & write)") && said.contains("Build Service"),
        "{said}"
    );
    let none = ForgeTarget { credentials: Vec::new(), ..target(&server, TOKEN) };
    let said = words(connect_to(&none).check().await.unwrap_err());
    assert!(said.contains("no token"), "{said}");
    let said = words(connect_to(&none).repository().await.unwrap_err());
    assert!(said.contains("does not let anybody"), "{said}");
}

#[tokio::test]
async fn a_repository_that_is_gone_or_disabled_is_told() {
    let server = server();
    for remote in
        ["https://dev.azure.com/contoso/My%20App/_git/other", "https://dev.azure.com/contoso/Other/_git/shop"]
    {
        let target = ForgeTarget { remote_url: remote.into(), ..target(&server, TOKEN) };
        let forge = connect_to(&target);
        let said = words(forge.check().await.unwrap_err());
        assert!(said.contains("finds no repository contoso/") && said.contains("origin"), "{said}");
        let said = words(forge.pull_request(7).await.unwrap_err());
        assert!(said.contains("finds no repository contoso/"), "{said}");
    }
    server.archive();
    let said = words(connect(&server).check().await.unwrap_err());
    assert!(said.contains("disabled") && said.contains("disable_pr"), "{said}");
}

#[tokio::test]
async fn limits_are_waited_out_or_told() {
    let server = server();
    server.script(
        "GET",
        [Scripted::status(429, "TF400733: usage").header("retry-after", "0"), Scripted::status(503, "")],
    );
    connect(&server).repository().await.unwrap();
    server.script("GET", [Scripted::status(429, "TF400733: usage").header("retry-after", "9000")]);
    let failure = Failure::from(connect(&server).repository().await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(words(failure.clone()).contains("lets us wait"), "{}", words(failure));
}

#[tokio::test]
async fn answers_that_are_no_json_or_not_azures_are_failures() {
    let server = server();
    let answer = |body: &str| Scripted::Answer { status: 200, headers: Vec::new(), body: body.into() };
    server.script("GET", [answer("{"), answer("[]"), answer(""), answer(r#"{"name": 7}"#)]);
    for _ in 0..4 {
        let said = words(connect(&server).repository().await.unwrap_err());
        assert!(said.contains("can't be read"), "{said}");
    }
}

#[test]
fn what_azure_devops_can_do_is_told() {
    let server = server();
    let forge = connect(&server);
    assert!(
        forge.can(Ability::Suggestions)
            && forge.can(Ability::MultiLineComments)
            && forge.can(Ability::Issues)
    );
    assert!(!forge.can(Ability::Sarif) && !forge.can(Ability::Annotations));
    assert_eq!((forge.head_ref(7), forge.limits().body, forge.limits().comment), (None, 4000, 150_000));
    assert_eq!(forge.suggestion(2, "x\n").as_deref(), Some("```suggestion\nx\n```"));
    assert_eq!(forge.suggestion(1, "a\n```\nb").as_deref(), Some("````suggestion\na\n```\nb\n````"));
}

#[test]
fn pages_and_remotes_of_azure_devops_are_known() {
    let sites = Sites::new();
    let located = |page: &str, remote_url: &str, thing: Thing| {
        let found = sites.locate(page, &ForgeTarget::default()).unwrap();
        let forge = ForgeKind::AzureDevOps;
        assert_eq!(found, Located { forge, remote_url: remote_url.into(), thing }, "{page}");
        let target = ForgeTarget { remote_url: found.remote_url, ..ForgeTarget::default() };
        assert_eq!(sites.connect(&target).unwrap().kind(), forge, "{page}");
    };
    let repository = "https://dev.azure.com/contoso/My%20App/_git/shop";
    located(&format!("{repository}/pullrequest/7?_a=files&path=/a.rs#1"), repository, Thing::PullRequest(7));
    located(
        "https://contoso@dev.azure.com/contoso/My%20App/_git/shop/pullrequest/7",
        repository,
        Thing::PullRequest(7),
    );
    located(
        "https://contoso.visualstudio.com/_git/shop/pullrequest/7",
        "https://contoso.visualstudio.com/_git/shop",
        Thing::PullRequest(7),
    );
    located(
        "https://dev.azure.com/contoso/My%20App/_workitems/edit/42/",
        "https://dev.azure.com/contoso/My%20App/_git/My%20App",
        Thing::Issue(42),
    );
    let own = ForgeTarget { api_url: Some("https://tfs.example.com/tfs".into()), ..ForgeTarget::default() };
    let found = sites.locate("https://tfs.example.com/tfs/Main/app/_git/shop/pullrequest/7", &own).unwrap();
    assert_eq!(
        (found.forge, found.remote_url.as_str()),
        (ForgeKind::AzureDevOps, "https://tfs.example.com/tfs/Main/app/_git/shop")
    );
    let flat =
        ForgeTarget { remote_url: "https://dev.azure.com/contoso/app".into(), ..ForgeTarget::default() };
    let said = words(sites.connect(&flat).map(drop).unwrap_err());
    assert!(said.contains("ORGANIZATION/PROJECT/_git/NAME"), "{said}");
}
