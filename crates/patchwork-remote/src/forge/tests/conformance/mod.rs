//! What every site must do alike: each scenario is written once and run against each of them, over real HTTP. What a site can't
//! do must be the typed error, and nothing may be sent.

mod access;
mod bad;
mod checks;
mod comments;
mod forms;
mod issues;
mod pulls;
mod review;

use std::sync::Arc;
use std::time::Duration;

use patchwork_core::change::{ChangeStatus, FileChange, LineKind, Side, read_hunks};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ability, Credential, Forge, ForgeError, ForgeKind, ForgeTarget, Forges, NewLineComment, PullRequestSpec,
};
use patchwork_core::secret::Secret;
use patchwork_testkit::forge::ForgeServer;

use crate::forge::Sites;
use crate::http::Pace;

/// Runs each scenario against each site.
macro_rules! conformance {
    ({ $($site:ident = $kind:ident),+ $(,)? } $scenarios:tt) => {
        $(conformance!(@site $site $kind $scenarios);)+
    };
    (@site $site:ident $kind:ident { $($module:ident: { $($scenario:ident),+ $(,)? })+ }) => {
        mod $site {
            use super::*;

            $($(
                #[tokio::test]
                async fn $scenario() {
                    let world = World::start(ForgeKind::$kind);
                    $module::$scenario(&world).await;
                    assert_eq!(world.server.faults(), [""; 0], "sent or answered what is not described");
                }
            )+)+
        }
    };
}

conformance! {
    { github = GitHub, gitlab = GitLab, azure = AzureDevOps, gitea = Gitea, bitbucket = Bitbucket }
    {
        access: {
            facts_of_the_repository,
            a_token_that_is_not_accepted,
            a_token_without_a_scope,
            a_token_that_may_only_read,
            no_token,
            a_repository_that_is_not_there,
        }
        pulls: {
            opened_found_and_updated,
            a_second_one_is_refused,
            closed_and_opened_again,
            merged_meanwhile,
            those_of_others_are_not_ours,
            listed_by_state,
            more_than_a_page,
            one_that_somebody_opens_in_between,
            an_opening_whose_answer_is_lost,
            the_base_branch_is_gone,
            the_fork_is_gone,
            what_it_changes,
            drafts,
        }
        comments: {
            made_once_and_updated,
            edited_by_a_person,
            forged_by_an_outsider,
            two_runs_at_once,
            seventy_thousand_characters,
            five_thousand,
            whose_word_it_is,
            deleted_twice,
            written_and_the_answer_is_lost,
            on_issues,
        }
        review: {
            on_both_sides_and_unchanged_lines,
            of_a_renamed_file,
            on_several_lines,
            a_line_outside_of_the_diff,
            said_once,
            suggestions,
            answered_resolved_and_opened_again,
            of_what_was_merged_meanwhile,
            lines_that_a_push_took_away,
            reactions,
        }
        issues: {
            made_once_and_updated_in_place,
            two_runs_make_one,
            one_that_is_not_there,
            many,
        }
        checks: {
            set_once_and_changed,
            one_for_each_commit_and_name,
            with_hundreds_of_annotations,
            code_scanning,
        }
        bad: {
            limits_are_waited_out,
            a_long_limit_says_when_to_come_back,
            errors_of_the_server_pass,
            answers_that_are_none,
            the_token_stays_home,
        }
    }
}

/// The commit that a pull request of [`World::pull`] begins with.
const HEAD: &str = "1111111111111111111111111111111111111111";

/// Line 2 is another one, line 3 is new; what stood in lines 3 and 4 is moved down.
const PATCH: &str = "@@ -1,4 +1,5 @@\n one\n-two\n+zwei\n+drei\n four\n five\n";

/// A site, and our connection to it.
struct World {
    kind: ForgeKind,
    slug: &'static str,
    token: &'static str,
    server: ForgeServer,
    forge: Arc<dyn Forge>,
}

impl World {
    fn start(kind: ForgeKind) -> Self {
        let (slug, token) = match kind {
            ForgeKind::GitHub => ("octo/app", "ghp_0123456789abcdefghij"),
            ForgeKind::GitLab => ("group/sub/app", "glpat-0123456789abcdefghij"),
            ForgeKind::AzureDevOps => ("octo/project/app", "azure0123456789abcdefghij"),
            ForgeKind::Gitea => ("octo/app", "gitea0123456789abcdefghij"),
            ForgeKind::Bitbucket => ("octo/app", "bitbucket0123456789abcdefghij"),
        };
        let server = ForgeServer::start(kind, slug, token).unwrap();
        let forge = connect(kind, slug, &server, Some(token));
        Self { kind, slug, token, server, forge }
    }

    /// The same site as somebody else sees it.
    fn connect_as(&self, token: Option<&str>) -> Arc<dyn Forge> {
        connect(self.kind, self.slug, &self.server, token)
    }

    fn can(&self, ability: Ability) -> bool {
        self.forge.can(ability)
    }

    /// Somebody who may write, of whom every site tells it.
    fn insider(&self) -> &'static str {
        let owner = self.slug.split('/').next().unwrap();
        self.server.insider(owner);
        owner
    }

    /// A pull request of somebody that changes `src/a.rs`, and `src/new.rs`, which was `src/old.rs`; its number.
    fn pull(&self) -> u64 {
        let mut pull = self.server.pull("main", "feature", "Feature", "What it is about.");
        pull.author = "anna".into();
        pull.head_repository = self.slug.into();
        let renamed = FileChange {
            old_path: Some("src/old.rs".into()),
            status: ChangeStatus::Renamed,
            ..file("src/new.rs", PATCH)
        };
        pull.files = vec![file("src/a.rs", PATCH), renamed];
        self.server.add(pull)
    }

    /// That something is refused as a thing that the site does not have.
    fn refuses<T: std::fmt::Debug>(&self, ability: Ability, answer: Result<T, ForgeError>) {
        let forge = self.forge.name().to_owned();
        assert_eq!(answer.unwrap_err(), ForgeError::Unsupported { forge, ability });
    }
}

fn connect(kind: ForgeKind, slug: &str, server: &ForgeServer, token: Option<&str>) -> Arc<dyn Forge> {
    let remote_url = match kind {
        ForgeKind::GitHub => format!("git@github.com:{slug}.git"),
        ForgeKind::GitLab => format!("git@gitlab.com:{slug}.git"),
        ForgeKind::AzureDevOps => {
            let [organization, project, name] = slug.split('/').collect::<Vec<_>>()[..] else {
                panic!("{slug}")
            };
            format!("https://dev.azure.com/{organization}/{project}/_git/{name}")
        }
        ForgeKind::Gitea => format!("https://codeberg.org/{slug}.git"),
        ForgeKind::Bitbucket => format!("git@bitbucket.org:{slug}.git"),
    };
    let credential = |token: &str| Credential::Token { forge: kind, token: Secret::new(token) };
    let target = ForgeTarget {
        remote_url,
        api_url: Some(server.url().to_owned()),
        credentials: token.map(credential).into_iter().collect(),
    };
    let pace = Pace {
        first_wait: Duration::from_millis(1),
        patience: Duration::from_secs(60),
        timeout: Duration::from_secs(60),
        ..Pace::default()
    };
    let forge = Sites::new().pace(pace).connect(&target).unwrap();
    assert_eq!(forge.kind(), kind);
    forge
}

fn file(path: &str, patch: &str) -> FileChange {
    let hunks = read_hunks(patch).unwrap();
    let count = |kind| {
        let lines = hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
        u32::try_from(lines).unwrap()
    };
    FileChange {
        path: path.into(),
        old_path: None,
        status: ChangeStatus::Modified,
        binary: false,
        old_mode: Some("100644".into()),
        new_mode: Some("100644".into()),
        additions: count(LineKind::Added),
        deletions: count(LineKind::Removed),
        hunks,
        left_out: None,
    }
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

/// A comment on a line of `src/a.rs`.
fn on_line(side: Side, line: u32, body: &str) -> NewLineComment {
    NewLineComment {
        path: "src/a.rs".into(),
        old_path: None,
        side,
        start_line: None,
        line,
        other_line: None,
        body: body.into(),
    }
}

/// A failure as a user reads it, with all that is behind it.
fn words(failure: impl Into<Failure>) -> String {
    let failure: Failure = failure.into();
    format!("{failure:?}")
}
