//! `ReadIssues`: an issue and what was said about it.

use async_trait::async_trait;
use patchwork_core::port::forge::{Account, Thing};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, until_cancelled};
use super::text::hear;

/// An issue and what was said about it.
pub struct ReadIssues;

/// Reads an issue: its title, its text and its comments, oldest first.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadIssuesInput {
    /// The address of the issue's page, in any form.
    pub issue_url: String,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// The issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadIssuesOutput {
    /// Its title.
    pub issue_title: String,
    /// Its text, in Markdown.
    pub issue_body: String,
    /// Its comments, oldest first.
    pub issue_comments: Vec<String>,
    /// Title and text in one.
    pub issue_description: String,
    /// Who opened it.
    pub issue_author: Account,
}

#[async_trait]
impl Step for ReadIssues {
    type Input = ReadIssuesInput;
    type Output = ReadIssuesOutput;

    const ID: &'static str = "ReadIssues";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (destination, number) = input.access.issue(ctx, &input.issue_url).await?;
        let issue = until_cancelled(ctx, destination.forge.issue(number)).await?;
        let on = Thing::Issue(number);
        let comments = until_cancelled(ctx, destination.forge.comments(on)).await?;
        ctx.heard(&issue.author, &on.to_string()).await?;
        hear(ctx, &comments, &on.to_string()).await?;
        Ok(ReadIssuesOutput {
            issue_description: format!("Title:\n{}\n\nDescription:\n{}\n", issue.title, issue.body),
            issue_title: issue.title,
            issue_body: issue.body,
            issue_comments: comments.into_iter().map(|comment| comment.body).collect(),
            issue_author: issue.author,
        })
    }
}
