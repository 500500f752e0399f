//! `CreatePR`: pushes a branch and opens or updates its pull request.

use async_trait::async_trait;
use patchwork_core::event::EventBody;
use patchwork_core::port::checkout::Pushed;
use patchwork_core::port::forge::{Ensured, PullRequest, PullRequestSpec, PullRequestText};
use patchwork_core::step::{Context, Effects, Step, StepError};
use patchwork_core::trace::Trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{Branches, ForgeOptions, given};
use super::publication::{Place, Publication, REMOTE, taken, until_cancelled};

/// Pushes a branch and opens or updates its pull request.
pub struct CreatePR;

/// Pushes a branch and opens its pull request, or updates the one that is open for the same two branches. Doing it again
/// changes nothing.
///
/// Nothing is pushed when `disable_pr` is set, when there is no commit, no token or no branch to merge into, or when a pull
/// request is open and `force_pr_creation` is off: the step says why it was skipped. A branch on the forge whose newest
/// commit is not patchwork's own is never moved.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePRInput {
    /// The branch with the changes, as it shall be called on the forge.
    #[serde(default)]
    pub target_branch: Option<String>,
    /// The branch to merge into.
    #[serde(default)]
    pub base_branch: Option<String>,
    /// The commit to push.
    #[serde(default)]
    pub head: Option<String>,
    /// The text of the pull request.
    #[serde(flatten)]
    pub text: TextOptions,
    /// What may be published.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

/// What a pull request says.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TextOptions {
    /// The title; `Patchwork PR` when absent.
    #[serde(default)]
    pub pr_title: Option<String>,
    /// The body, in Markdown.
    #[serde(default)]
    pub pr_body: Option<String>,
}

/// The pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreatePROutput {
    /// Its page; empty when there is none.
    pub pr_url: String,
    /// Its number; null when there is none.
    pub pr_number: Option<u64>,
    /// What was done; null when nothing was.
    pub pr_outcome: Option<Ensured>,
}

#[async_trait]
impl Step for CreatePR {
    type Input = CreatePRInput;
    type Output = CreatePROutput;

    const ID: &'static str = "CreatePR";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (output, reason) = publish(ctx, &input).await?;
        if let Some(reason) = reason {
            ctx.skip(reason);
        }
        Ok(output)
    }
}

/// Publishes, or says why not.
pub(super) async fn publish(
    ctx: &Context,
    input: &CreatePRInput,
) -> Result<(CreatePROutput, Option<String>), StepError> {
    let branches =
        Branches { base: given(input.base_branch.as_deref()), target: given(input.target_branch.as_deref()) };
    let not = |reason: String| Ok((CreatePROutput::default(), Some(reason)));
    let place = match Publication::find(ctx, &input.forge, &branches).await? {
        Publication::Possible(place) => place,
        Publication::Unwanted(reason) | Publication::Impossible(reason) => return not(reason),
        Publication::Taken(open) => {
            let reason = taken(&open);
            let output = CreatePROutput { pr_url: open.url, pr_number: Some(open.number), pr_outcome: None };
            return Ok((output, Some(reason)));
        }
    };
    let Some(commit) = given(input.head.as_deref()) else {
        return not("there is no commit to push".into());
    };
    let moved = push(ctx, &place, commit, input.forge.force_pr_creation).await?;
    let limit = place.forge.body_limit();
    let spec = PullRequestSpec {
        base: place.base.clone(),
        head: place.target.clone(),
        title: ctx.redact(&given(input.text.pr_title.as_deref()).unwrap_or_else(|| "Patchwork PR".into())),
        body: fitting(&ctx.redact(input.text.pr_body.as_deref().unwrap_or_default()), limit),
    };
    let (pull, how) = open(ctx, &place, &spec).await?;
    if how != Ensured::Unchanged || moved != Pushed::Unchanged {
        ctx.emit(EventBody::Produced { what: "pull request".into(), name: pull.url.clone() });
    }
    let output = CreatePROutput { pr_url: pull.url, pr_number: Some(pull.number), pr_outcome: Some(how) };
    Ok((output, None))
}

async fn push(ctx: &Context, place: &Place, commit: String, force: bool) -> Result<Pushed, StepError> {
    let request = place.push_request(commit, force);
    let checkout = ctx.checkout()?;
    let seen = checkout.check_push(&request).await?;
    if seen.as_ref() != Some(&request.commit) {
        let trace = Trace::Push {
            remote: request.remote.clone(),
            branch: request.branch.clone(),
            commit: request.commit.clone(),
            before: seen.clone(),
            with_token: request.token.is_some(),
        };
        ctx.leave("push", &trace).await?;
    }
    let pushed = checkout.push(&request, seen.as_deref()).await?;
    if pushed != Pushed::Unchanged {
        let name = format!("{REMOTE}/{}", place.target);
        ctx.emit(EventBody::Produced { what: "pushed branch".into(), name });
    }
    Ok(pushed)
}

/// Opens or updates the pull request. What was there is recorded first.
async fn open(
    ctx: &Context,
    place: &Place,
    spec: &PullRequestSpec,
) -> Result<(PullRequest, Ensured), StepError> {
    let found = place.find(ctx).await?;
    let mut trace = Trace::PullRequest {
        remote: REMOTE.into(),
        api_url: place.api_url.clone(),
        base: spec.base.clone(),
        head: spec.head.clone(),
        number: found.as_ref().map(|found| found.pull.number),
        before: found.as_ref().map(|found| found.text.clone()),
        now: PullRequestText { title: spec.title.clone(), body: spec.body.clone() },
    };
    ctx.leave("pull request", &trace).await?;
    let (pull, how) = until_cancelled(ctx, place.forge.ensure_pull_request(spec, found)).await?;
    if let Trace::PullRequest { number: number @ None, .. } = &mut trace {
        *number = Some(pull.number);
        ctx.leave("pull request opened", &trace).await?;
    }
    Ok((pull, how))
}

/// The body cut at a line's end to what the forge takes.
fn fitting(body: &str, limit: usize) -> String {
    const CUT: &str = "\n\n(cut: the body is longer than the forge takes)";
    if body.chars().count() <= limit {
        return body.to_owned();
    }
    let room = limit.saturating_sub(CUT.chars().count());
    let end = body.char_indices().nth(room).map_or(body.len(), |(end, _)| end);
    let head = body.get(..end).unwrap_or_default();
    let head = head.rsplit_once('\n').map_or(head, |(lines, _)| lines);
    format!("{head}{CUT}")
}

#[cfg(test)]
mod tests;
