//! The descriptions that this crate holds.

use std::sync::LazyLock;

use super::Description;

static GITEA: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/gitea.json")));
static GITHUB: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/github.json")));

#[expect(clippy::expect_used, reason = "the descriptions are part of this crate and read by its tests")]
fn read(text: &str) -> Description {
    Description::read(text).expect("a description of this crate is of the normal form")
}

impl Description {
    /// Gitea's, as far as Forgejo shares it.
    pub fn gitea() -> &'static Self {
        &GITEA
    }

    /// GitHub's.
    pub fn github() -> &'static Self {
        &GITHUB
    }
}
