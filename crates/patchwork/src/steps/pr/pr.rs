//! `PR`: commits changes, describes them, publishes them.

use async_trait::async_trait;
use patchwork_core::port::forge::Ensured;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::Change;
use super::commit_changes::make_commits;
use super::create_pr::{CreatePRInput, TextOptions, publish};
use super::options::{BranchOptions, ForgeOptions, given};
use super::prepare_pr::{BodyOptions, write_body};
use crate::steps::forge::access::ForgeAccess;

/// Commits changes, describes them, publishes them.
pub struct PR;

/// Commits changes, describes them and opens a pull request: `CommitChanges`, `PreparePR` and `CreatePR` in one.
///
/// Takes `modified_code_files`, or `modified_files` with the names of their keys. Without a token, a remote or with
/// `disable_pr` the commits stay on a local branch.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PRInput {
    /// The changes.
    #[serde(default)]
    pub modified_code_files: Option<Vec<Change>>,
    /// The changes in another form, taken when `modified_code_files` is absent: paths, or objects that hold one.
    #[serde(default)]
    pub modified_files: Option<ModifiedFiles>,
    /// The key of the path in `modified_files`; `path` when absent.
    #[serde(default)]
    pub path_key: Option<String>,
    /// The key of a title in `modified_files`.
    #[serde(default)]
    pub comment_title_key: Option<String>,
    /// The key of a description in `modified_files`.
    #[serde(default)]
    pub comment_message_key: Option<String>,
    /// Which branches are meant.
    #[serde(flatten)]
    pub branch: BranchOptions,
    /// How the body is laid out.
    #[serde(flatten)]
    pub body: BodyOptions,
    /// The text of the pull request; a `pr_body` that is given takes the place of ours.
    #[serde(flatten)]
    pub text: TextOptions,
    /// What may be published.
    #[serde(flatten)]
    pub forge: ForgeOptions,
    /// Which forge, and as whom. The token needs to write contents and pull requests.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// One modified file or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModifiedFiles {
    /// Several.
    Many(Vec<ModifiedFile>),
    /// One.
    One(ModifiedFile),
}

/// A modified file: its path, or an object that holds it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModifiedFile {
    /// The path.
    Path(String),
    /// An object with the path under `path_key`.
    Object(Map<String, Value>),
}

/// What was committed and published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PROutput {
    /// The branch to merge into; null on a detached HEAD.
    pub base_branch: Option<String>,
    /// The branch with the commits; null when there is none.
    pub target_branch: Option<String>,
    /// The body of the pull request; empty when nothing was changed.
    pub pr_body: String,
    /// The page of the pull request; empty when there is none.
    pub pr_url: String,
    /// The number of the pull request; null when there is none.
    pub pr_number: Option<u64>,
    /// What was done about the pull request; null when nothing was.
    pub pr_outcome: Option<Ensured>,
    /// The commits, oldest first; empty when nothing was changed.
    pub commits: Vec<String>,
    /// The last of them.
    pub head: Option<String>,
    /// The ref that holds it: the branch, or a ref of the run.
    pub reference: Option<String>,
}

#[async_trait]
impl Step for PR {
    type Input = PRInput;
    type Output = PROutput;

    const ID: &'static str = "PR";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT).and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let changes = input.changes()?;
        // Written first: an option that is wrong must not leave a branch behind.
        let pr_body = match given(input.text.pr_body.as_deref()) {
            Some(own) => own,
            None => write_body(&changes, &input.body)?,
        };
        let made = make_commits(ctx, &changes, &input.branch).await?;
        if made.commits.is_empty() {
            ctx.skip("no file was changed: there is nothing to commit");
            return Ok(PROutput { base_branch: made.base_branch, ..PROutput::default() });
        }
        let publication = CreatePRInput {
            target_branch: made.target_branch.clone(),
            base_branch: made.base_branch.clone(),
            head: made.head.clone(),
            text: TextOptions { pr_title: input.text.pr_title, pr_body: Some(pr_body.clone()) },
            forge: input.forge,
            access: input.access,
        };
        let (published, reason) = publish(ctx, &publication).await?;
        // Who asked for none need not be told.
        if let Some(reason) = reason.filter(|_| !publication.forge.disable_pr) {
            // The commits were made, so the step as a whole did something.
            ctx.note(format!("no pull request: {reason}"));
        }
        Ok(PROutput {
            base_branch: made.base_branch,
            target_branch: made.target_branch,
            pr_body,
            pr_url: published.pr_url,
            pr_number: published.pr_number,
            pr_outcome: published.pr_outcome,
            commits: made.commits,
            head: made.head,
            reference: made.reference,
        })
    }
}

impl PRInput {
    fn changes(&self) -> Result<Vec<Change>, StepError> {
        match (&self.modified_code_files, &self.modified_files) {
            (Some(changes), _) => Ok(changes.clone()),
            (None, Some(ModifiedFiles::One(file))) => Ok(vec![self.change("modified_files", file)?]),
            (None, Some(ModifiedFiles::Many(files))) => {
                let each = files.iter().enumerate();
                each.map(|(at, file)| self.change(&format!("modified_files[{at}]"), file)).collect()
            }
            (None, None) => Err(StepError::input(
                "modified_code_files",
                "expected the changes, here or in `modified_files`",
            )),
        }
    }

    fn change(&self, place: &str, file: &ModifiedFile) -> Result<Change, StepError> {
        let map = match file {
            ModifiedFile::Path(path) => return Ok(Change { path: path.clone(), ..Change::default() }),
            ModifiedFile::Object(map) => map,
        };
        let text = |key: &str| match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(StepError::input(format!("{place}.{key}"), "expected a text")),
        };
        let optional = |key: &Option<String>| match given(key.as_deref()) {
            Some(key) => text(&key),
            None => Ok(None),
        };
        let path_key = given(self.path_key.as_deref()).unwrap_or_else(|| "path".into());
        let path = text(&path_key)?
            .ok_or_else(|| StepError::input(format!("{place}.{path_key}"), "expected the path of a file"))?;
        Ok(Change {
            path,
            commit_message: optional(&self.comment_title_key)?,
            patch_message: optional(&self.comment_message_key)?,
            diff: text("diff").unwrap_or_default(),
            ..Change::default()
        })
    }
}

#[cfg(test)]
mod tests;
