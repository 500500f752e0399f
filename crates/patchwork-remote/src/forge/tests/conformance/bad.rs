//! Limits, errors, and servers that mean no good.

use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::Thing;
use patchwork_testkit::forge::Scripted;

use super::*;

fn answer(body: &str) -> Scripted {
    Scripted::Answer { status: 200, headers: Vec::new(), body: body.to_owned() }
}

pub(super) async fn limits_are_waited_out(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world.forge.comments(on).await.unwrap();
    let secondary = Scripted::status(403, "You have exceeded a secondary rate limit.");
    world.server.script(
        "POST",
        [secondary.header("retry-after", "0"), Scripted::status(429, "slow down").header("retry-after", "0")],
    );
    world.server.script("GET", [Scripted::status(429, "slow down").header("retry-after", "0")]);
    world.forge.add_comment(on, "x").await.unwrap();
    assert_eq!(world.forge.comments(on).await.unwrap().len(), 1);
}

pub(super) async fn a_long_limit_says_when_to_come_back(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world.forge.comments(on).await.unwrap();
    let limit = Scripted::status(429, "slow down")
        .header("date", "Sat, 21 Nov 2026 05:00:00 GMT")
        .header("retry-after", "3600");
    world.server.script("GET", [limit]);
    let failure = Failure::from(world.forge.comments(on).await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(words(failure.clone()).contains("2026-11-21 06:00:00 UTC"), "{failure:?}");
}

pub(super) async fn errors_of_the_server_pass(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world
        .server
        .script("GET", [Scripted::status(502, ""), Scripted::status(500, "oops"), Scripted::LostAnswer]);
    assert_eq!(world.forge.comments(on).await.unwrap(), []);
    let number = on.number();
    world.server.script("GET", (0..50).map(|_| Scripted::status(503, "down for maintenance")));
    let failure = Failure::from(world.forge.pull_request(number).await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
}

pub(super) async fn answers_that_are_none(world: &World) {
    let number = world.pull();
    world.forge.pull_request(number).await.unwrap();
    let huge = format!("\"{}\"", "x".repeat(17 << 20));
    let cases = [
        "<html>log in</html>",
        "",
        "null",
        "[]",
        "{\"number\": ",
        "{\"number\": -1, \"iid\": \"x\", \"id\": 1.5, \"pullRequestId\": {}}",
        "[[[]]]",
        "\u{feff}{}",
        &"[".repeat(100_000),
        &huge,
    ];
    for body in cases {
        world.server.script("GET", [answer(body)]);
        let failure = Failure::from(world.forge.pull_request(number).await.unwrap_err());
        let said = words(failure);
        let shown: String = body.chars().take(60).collect();
        assert!(said.contains("can't be read") && said.len() < 3_000, "{shown}: {said}");
        assert!(!said.contains(world.token), "{said}");
    }
    world.forge.pull_request(number).await.unwrap();
}

pub(super) async fn the_token_stays_home(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world.forge.comments(on).await.unwrap();
    let elsewhere = ForgeServer::start(world.kind, world.slug, world.token).unwrap();
    let away = format!("{}/x", elsewhere.url());
    for status in [301, 302, 307, 308] {
        let trap = Scripted::Answer {
            status,
            headers: vec![("location".into(), away.clone())],
            body: String::new(),
        };
        world.server.script("GET", [trap]);
        let said = words(world.forge.comments(on).await.unwrap_err());
        assert!(!said.contains(world.token), "{said}");
    }
    let next = serde_json::json!({ "values": [], "value": [], "next": away }).to_string();
    for body in ["[]", &next] {
        let page = answer(body).header("link", format!("<{away}>; rel=\"next\""));
        world.server.script("GET", [page]);
        // Whether the page is refused or what it names is never asked for: nothing goes there.
        if let Err(error) = world.forge.comments(on).await {
            assert!(!words(error).contains(world.token));
        }
    }
    assert_eq!(elsewhere.log(), [""; 0]);
}
