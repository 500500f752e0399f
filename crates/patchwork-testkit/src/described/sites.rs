//! The descriptions that this crate holds.

use std::sync::LazyLock;

use super::Description;

static AZURE: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/azure.json")));
static BITBUCKET: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/bitbucket.json")));
static GITEA: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/gitea.json")));
static GITHUB: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/github.json")));
static GITLAB: LazyLock<Description> =
    LazyLock::new(|| read(include_str!("../../descriptions/forges/gitlab.json")));

#[expect(clippy::expect_used, reason = "the descriptions are part of this crate and read by its tests")]
fn read(text: &str) -> Description {
    Description::read(text).expect("a description of this crate is of the normal form")
}

impl Description {
    /// All that this crate holds, with the names of their files.
    pub fn all() -> [(&'static str, &'static Self); 5] {
        [
            ("azure", Self::azure()),
            ("bitbucket", Self::bitbucket()),
            ("gitea", Self::gitea()),
            ("github", Self::github()),
            ("gitlab", Self::gitlab()),
        ]
    }

    /// That of Azure DevOps; its paths begin with `/{organization}/{project}`.
    pub fn azure() -> &'static Self {
        &AZURE
    }

    /// Bitbucket Cloud's.
    pub fn bitbucket() -> &'static Self {
        &BITBUCKET
    }

    /// Gitea's, as far as Forgejo shares it.
    pub fn gitea() -> &'static Self {
        &GITEA
    }

    /// GitHub's.
    pub fn github() -> &'static Self {
        &GITHUB
    }

    /// GitLab's.
    pub fn gitlab() -> &'static Self {
        &GITLAB
    }
}
