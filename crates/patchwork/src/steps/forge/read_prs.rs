//! `ReadPRs`: the pull requests of a repository.

use async_trait::async_trait;
use patchwork_core::port::forge::{FoundPullRequest, PullRequestState, Query, Thing};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, REMOTE, until_cancelled};
use super::diffs;
use super::text::PullRequestTexts;

/// The pull requests of a repository.
pub struct ReadPRs;

/// Reads pull requests of a repository as `ReadPRDiffs` reads one: those whose numbers are given, else the newest.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadPRsInput {
    /// The repository (`owner/name`, `group/subgroup/name`) on the forge of the remote `origin`; that remote's own when absent.
    #[serde(default)]
    pub repo_slug: Option<String>,
    /// Their numbers; a text with commas between them is understood.
    #[serde(default)]
    pub pr_ids: Option<Numbers>,
    /// Which are taken when no numbers are given: `OPEN`, `CLOSED`, `MERGED` or `ALL`, in any case.
    #[serde(default)]
    pub pr_state: Option<String>,
    /// How many at most when no numbers are given; 50 if absent.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// Numbers of pull requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Numbers {
    /// A list, of numbers or of texts that are numbers.
    List(Vec<Number>),
    /// A text with commas or spaces between the numbers.
    Text(String),
    /// One.
    One(u64),
}

/// The number of a pull request.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Number {
    /// A number.
    Number(u64),
    /// A text that is one.
    Text(String),
}

/// The pull requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadPRsOutput {
    /// They, in the order of the numbers, else the newest first.
    pub pr_texts: Vec<PullRequestTexts>,
}

#[async_trait]
impl Step for ReadPRs {
    type Input = ReadPRsInput;
    type Output = ReadPRsOutput;

    const ID: &'static str = "ReadPRs";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let state = state(input.pr_state.as_deref())?;
        let numbers = input.pr_ids.map(Numbers::read).transpose()?.unwrap_or_default();
        let destination = match input.repo_slug.as_deref().map(str::trim).filter(|slug| !slug.is_empty()) {
            None => input.access.needed(ctx).await?,
            Some(slug) => {
                let origin = ctx.checkout()?.remote_url(REMOTE).await?;
                input.access.at(ctx, beside(origin.as_deref(), input.access.scm_url().as_deref(), slug)?)?
            }
        };
        let forge = &destination.forge;
        let mut found: Vec<FoundPullRequest> = Vec::new();
        if numbers.is_empty() {
            let query = Query { state, limit: input.limit.unwrap_or(50) };
            found = until_cancelled(ctx, forge.pull_requests(&query)).await?;
        }
        for number in numbers {
            found.push(until_cancelled(ctx, forge.pull_request(number)).await?);
        }
        let mut pr_texts = Vec::with_capacity(found.len());
        for pull in found {
            let on = Thing::PullRequest(pull.pull.number);
            let comments = until_cancelled(ctx, forge.comments(on)).await?;
            let changes = diffs::of(ctx, &destination, &pull).await?;
            pr_texts.push(PullRequestTexts::read(ctx, pull, comments, &changes).await?);
        }
        if pr_texts.is_empty() {
            ctx.skip("there is no such pull request");
        }
        Ok(ReadPRsOutput { pr_texts })
    }
}

fn state(word: Option<&str>) -> Result<Option<PullRequestState>, StepError> {
    match word.unwrap_or("open").trim().to_ascii_lowercase().as_str() {
        "" | "open" | "opened" => Ok(Some(PullRequestState::Open)),
        "closed" => Ok(Some(PullRequestState::Closed)),
        "merged" => Ok(Some(PullRequestState::Merged)),
        "all" | "any" => Ok(None),
        other => Err(StepError::input(
            "pr_state",
            format!("{other:?} is no state of a pull request; expected OPEN, CLOSED, MERGED or ALL"),
        )),
    }
}

/// The URL of another repository on the site of a remote, or of `scm_url`.
fn beside(origin: Option<&str>, scm_url: Option<&str>, slug: &str) -> Result<String, StepError> {
    let wrong = |problem: &str| StepError::input("repo_slug", problem);
    let plain = |c: char| c.is_alphanumeric() || "._-/ ".contains(c);
    let parts: Vec<&str> = slug.trim_matches('/').split('/').collect();
    if parts.len() < 2
        || !slug.chars().all(plain)
        || parts.iter().any(|part| matches!(*part, "" | "." | ".."))
    {
        return Err(wrong("expected the name of a repository: owner/name"));
    }
    let site = scm_url
        .or(origin)
        .and_then(patchwork_remote::forge::Remote::host_of)
        .ok_or_else(|| wrong("there is no remote `origin` that says on which forge it is; give scm_url"))?;
    Ok(format!("https://{site}/{}", parts.join("/")))
}

impl Numbers {
    fn read(self) -> Result<Vec<u64>, StepError> {
        let one = |text: &str| {
            text.trim()
                .trim_start_matches(['#', '!'])
                .parse::<u64>()
                .map_err(|_| StepError::input("pr_ids", format!("{text:?} is no number of a pull request")))
        };
        match self {
            Self::One(number) => Ok(vec![number]),
            Self::Text(text) => text
                .split(|c: char| c == ',' || c.is_whitespace())
                .filter(|part| !part.is_empty())
                .map(one)
                .collect(),
            Self::List(list) => list
                .iter()
                .map(|item| match item {
                    Number::Number(number) => Ok(*number),
                    Number::Text(text) => one(text),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_states_are_read_in_every_form() {
        let text = |text: &str| Numbers::Text(text.into()).read();
        assert_eq!(text("1, #2 !3").unwrap(), [1, 2, 3]);
        assert_eq!(Numbers::List(vec![Number::Number(4), Number::Text(" 5".into())]).read().unwrap(), [4, 5]);
        assert!(text("1,x").unwrap_err().to_string().contains("pr_ids"));
        assert_eq!(state(None).unwrap(), Some(PullRequestState::Open));
        assert_eq!(state(Some("all")).unwrap(), None);
        assert!(state(Some("weird")).unwrap_err().to_string().contains("OPEN, CLOSED, MERGED"));
    }

    #[test]
    fn another_repository_is_found_beside_the_remote() {
        let url = |origin, scm, slug| beside(origin, scm, slug).map_err(|error| error.to_string());
        assert_eq!(url(Some("git@github.com:o/r.git"), None, "a/b").unwrap(), "https://github.com/a/b");
        assert_eq!(url(None, Some("https://git.test/x"), "g/s/p").unwrap(), "https://git.test/g/s/p");
        for slug in ["a", "../b", "a//b", "a/b?c", "https://x/a"] {
            assert!(url(Some("git@github.com:o/r"), None, slug).unwrap_err().contains("repo_slug"), "{slug}");
        }
    }
}
