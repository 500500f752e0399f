//! Azure DevOps over real HTTP, against a stand-in that judges every request by what Microsoft publishes.

mod access;
mod bad;
mod comments;
mod issues;
mod pulls;
mod review;

use std::sync::Arc;
use std::time::Duration;

use patchwork_core::change::{ChangeStatus, FileChange, Side, read_hunks};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Credential, Forge, ForgeKind, ForgeTarget, Forges, NewLineComment, PullRequestSpec,
};
use patchwork_core::secret::Secret;
use patchwork_testkit::forge::ForgeServer;

use crate::forge::Sites;
use crate::http::Pace;

const TOKEN: &str = "pat0123456789abcdefghijklmnopqrstuvwxyz";
const REPOSITORY: &str = "contoso/My App/shop";

fn start(token: &str) -> ForgeServer {
    ForgeServer::start(ForgeKind::AzureDevOps, REPOSITORY, token).unwrap()
}

fn server() -> ForgeServer {
    start(TOKEN)
}

fn target(server: &ForgeServer, text: &str) -> ForgeTarget {
    ForgeTarget {
        remote_url: "https://contoso@dev.azure.com/contoso/My%20App/_git/shop".into(),
        api_url: Some(server.url().to_owned()),
        credentials: vec![Credential::Token { forge: ForgeKind::AzureDevOps, token: Secret::new(text) }],
    }
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
    connect_to(&target(server, text))
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

fn file(path: &str, status: ChangeStatus) -> FileChange {
    FileChange {
        path: path.into(),
        old_path: None,
        status,
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks: read_hunks("@@ -1,3 +1,4 @@\n one\n-two\n+zwei\n+drei\n four\n").unwrap(),
        left_out: None,
        additions: 2,
        deletions: 1,
    }
}

/// A pull request that changes `src/a.rs`; its number.
fn with_changes(server: &ForgeServer) -> u64 {
    let mut pull = server.pull("main", "feature", "Feature", "What it is about.");
    pull.files = vec![file("src/new.rs", ChangeStatus::Added), file("src/a.rs", ChangeStatus::Modified)];
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
