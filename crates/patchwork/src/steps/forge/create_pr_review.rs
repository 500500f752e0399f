//! `CreatePRReview`: comments on lines of a pull request, answers in threads, threads resolved.

use async_trait::async_trait;
use patchwork_core::change::{FileChange, Side};
use patchwork_core::effect::{Destination, Effect};
use patchwork_core::port::forge::ensure::MarkedComment;
use patchwork_core::port::forge::{
    Ability, Ensured, Forge, FoundPullRequest, NewLineComment, PullRequestState,
};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, until_cancelled};
use super::diffs;
use crate::review::text;

/// Comments on lines of a pull request, answers in threads, threads resolved.
pub struct CreatePRReview;

/// Comments on lines of a pull request, on the newest commit and in one review where the forge can; answers in threads and
/// resolves them. What was said in an earlier run is not said again.
///
/// A comment whose line is not in the diff is not made and is told in `outside`. A pull request that is closed gets no review.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePRReviewInput {
    /// The address of the pull request's page, in any form.
    pub pr_url: String,
    /// The comments.
    #[serde(default)]
    pub comments: Vec<ReviewComment>,
    /// A sentence for all of them, in Markdown.
    #[serde(default)]
    pub review_summary: Option<String>,
    /// The commit that was looked at; the newest when absent.
    #[serde(default)]
    pub commit: Option<String>,
    /// Answers in threads.
    #[serde(default)]
    pub replies: Vec<ThreadReply>,
    /// Threads to resolve.
    #[serde(default)]
    pub resolve: Vec<String>,
    /// The name by which comments are known again; that of the patchflow and node when absent.
    #[serde(default)]
    pub review_name: Option<String>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// A comment on lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewComment {
    /// The file.
    pub path: String,
    /// Whether lines are counted in the new file or the old one; `new` when absent.
    #[serde(default = "new_side")]
    pub side: Side,
    /// The first of several lines, 1-based.
    #[serde(default)]
    pub start_line: Option<u32>,
    /// The last line, 1-based.
    pub line: u32,
    /// What is said, in Markdown.
    pub body: String,
    /// Code to offer in place of the lines; where the forge does not let readers commit it, it is shown.
    #[serde(default)]
    pub suggestion: Option<String>,
    /// By what it is known again in a later run (a fingerprint); made of path and text when absent.
    #[serde(default)]
    pub key: Option<String>,
}

/// An answer in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreadReply {
    /// The thread.
    pub thread: String,
    /// What is said, in Markdown.
    pub body: String,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreatePRReviewOutput {
    /// The page of the first comment; empty when there is none.
    pub review_url: String,
    /// Comments that are new.
    pub posted: usize,
    /// Keys of comments whose line is not in the diff.
    pub outside: Vec<String>,
    /// Threads that were resolved.
    pub resolved: usize,
    /// What was done.
    pub review_outcome: Ensured,
}

#[async_trait]
impl Step for CreatePRReview {
    type Input = CreatePRReviewInput;
    type Output = CreatePRReviewOutput;

    const ID: &'static str = "CreatePRReview";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let mut output = CreatePRReviewOutput::default();
        if input.comments.is_empty() && input.replies.is_empty() && input.resolve.is_empty() {
            ctx.skip("there is nothing to say");
            return Ok(output);
        }
        let (destination, number) = input.access.pull_request(ctx, &input.pr_url).await?;
        let found = until_cancelled(ctx, destination.forge.pull_request(number)).await?;
        if found.state != PullRequestState::Open {
            ctx.skip(format!("{} is {} meanwhile", found.pull.url, found.state.as_str()));
            return Ok(output);
        }
        let name = input.review_name.clone().unwrap_or_else(|| ctx.mark().name);
        if !input.comments.is_empty() {
            let (comments, outside) = placed(ctx, &destination, &found, &input.comments).await?;
            output.outside = outside;
            if !comments.is_empty() {
                let commit = input.commit.clone().filter(|commit| !commit.trim().is_empty());
                let effect = Effect::Review {
                    number,
                    commit: commit.unwrap_or_else(|| found.head.commit.clone()),
                    name,
                    summary: input.review_summary.clone().unwrap_or_default(),
                    comments,
                };
                let done = ctx.carry_out(&destination, effect).await?;
                output.posted = done.ids.len();
                output.outside.extend(done.outside);
                output.review_url = done.url;
                output.review_outcome = done.outcome;
            }
        }
        for reply in input.replies {
            let mark = ctx.mark().key(crate::steps::forge::key_of(&[&reply.thread, &reply.body]));
            let effect = Effect::Reply { number, thread: reply.thread, mark, body: reply.body };
            ctx.carry_out(&destination, effect).await?;
        }
        if destination.forge.can(Ability::Threads) {
            for thread in input.resolve {
                let effect = Effect::Resolve { number, thread, resolved: true };
                let done = ctx.carry_out(&destination, effect).await?;
                output.resolved += usize::from(done.outcome != Ensured::Unchanged);
            }
        } else if !input.resolve.is_empty() {
            ctx.note(format!("{} has no threads that can be resolved", destination.forge.name()));
        }
        Ok(output)
    }
}

/// The comments as the forge takes them, and the keys of those whose line is not in the diff.
async fn placed(
    ctx: &Context,
    destination: &Destination,
    found: &FoundPullRequest,
    comments: &[ReviewComment],
) -> Result<(Vec<MarkedComment>, Vec<String>), StepError> {
    let forge = &destination.forge;
    let changes = diffs::of(ctx, destination, found).await?;
    let (mut placed, mut outside) = (Vec::new(), Vec::new());
    for comment in comments {
        let key = comment
            .key
            .clone()
            .unwrap_or_else(|| crate::steps::forge::key_of(&[&comment.path, &comment.body]));
        let file = changes.iter().find(|file| file.path == comment.path);
        let Some(file) = file.filter(|file| file.holds(comment.side, comment.line)) else {
            outside.push(key);
            continue;
        };
        let start_line = comment.start_line.filter(|start| {
            *start < comment.line
                && forge.can(Ability::MultiLineComments)
                && is_one_hunk(file, comment.side, *start, comment.line)
        });
        let mut body = comment.body.clone();
        let in_order = comment.start_line.is_none_or(|start| start <= comment.line);
        let replaces = in_order && comment.side == Side::New;
        if let Some(code) = comment.suggestion.as_deref().filter(|_| replaces) {
            let block = offered(&**forge, comment, start_line, code);
            body = format!("{}\n\n{block}", body.trim_end());
        }
        placed.push(MarkedComment {
            key,
            comment: NewLineComment {
                path: comment.path.clone(),
                old_path: file.old_path.clone(),
                side: comment.side,
                start_line,
                line: comment.line,
                other_line: other_line(file, comment.side, comment.line),
                body,
            },
        });
    }
    Ok((placed, outside))
}

/// Code in place of the lines of a comment that stands on those from `start_line`: to be committed, or else to be read.
fn offered(forge: &dyn Forge, comment: &ReviewComment, start_line: Option<u32>, code: &str) -> String {
    let line = comment.line;
    let (first, stands) = (comment.start_line.unwrap_or(line), start_line.unwrap_or(line));
    // What is committed replaces exactly the lines of the comment: without all of them it would do harm.
    let block = if first == stands { forge.suggestion(line - first + 1, code) } else { None };
    block.unwrap_or_else(|| {
        let lines = match (first == stands, first == line) {
            (true, true) => "this line".to_owned(),
            (true, false) => "these lines".to_owned(),
            (false, _) => format!("lines {first} to {line}"),
        };
        text::proposed(code, &lines)
    })
}

fn is_one_hunk(file: &FileChange, side: Side, first: u32, last: u32) -> bool {
    file.hunk_of(side, last).is_some_and(|hunk| (first..=last).all(|line| hunk.holds(side, line)))
}

/// The number of a line on the other side, when it is there on both.
fn other_line(file: &FileChange, side: Side, line: u32) -> Option<u32> {
    let other = match side {
        Side::Old => Side::New,
        Side::New => Side::Old,
    };
    let hunk = file.hunk_of(side, line)?;
    let found = hunk.numbered().find(|numbered| numbered.on(side) == Some(line))?;
    found.on(other)
}

fn new_side() -> Side {
    Side::New
}
