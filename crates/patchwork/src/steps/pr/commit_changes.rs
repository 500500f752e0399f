//! `CommitChanges`: puts changed files into commits on a branch.

use async_trait::async_trait;
use patchwork_core::event::EventBody;
use patchwork_core::port::checkout::{CommitRequest, FileCommit};
use patchwork_core::step::{Context, Effects, Step, StepError};
use patchwork_core::trace::Trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::{Change, by_file};
use super::options::{BranchOptions, Branches};
use super::untrusted::commit;

/// Characters of all that is said about one file.
const MAX_BODY: usize = 4_000;

/// Puts changed files into commits on a branch.
pub struct CommitChanges;

/// Puts changed files into commits on a new branch: one commit a file, in the order of the list. A new test that proves a change
/// goes into the commit of its file.
///
/// The subject is `Patched <path>`, the body the commit messages of the file's changes. Files that are not listed, or are
/// as they were, are not committed. The user's own branch, index and files stay as they are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitChangesInput {
    /// The changes; several of one file make one commit.
    pub modified_code_files: Vec<Change>,
    /// Which branches are meant.
    #[serde(flatten)]
    pub branch: BranchOptions,
}

/// What was committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommitChangesOutput {
    /// The branch to merge into; null on a detached HEAD.
    pub base_branch: Option<String>,
    /// The branch with the commits; null when there is none.
    pub target_branch: Option<String>,
    /// The commits, oldest first; empty when nothing was changed.
    pub commits: Vec<String>,
    /// The last of them.
    pub head: Option<String>,
    /// The ref that holds it: the branch, or a ref of the run.
    pub reference: Option<String>,
}

#[async_trait]
impl Step for CommitChanges {
    type Input = CommitChangesInput;
    type Output = CommitChangesOutput;

    const ID: &'static str = "CommitChanges";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let output = make_commits(ctx, &input.modified_code_files, &input.branch).await?;
        if output.commits.is_empty() {
            ctx.skip("no file was changed: there is nothing to commit");
        }
        Ok(output)
    }
}

/// Makes the commits; none when nothing was changed.
pub(crate) async fn make_commits(
    ctx: &Context,
    changes: &[Change],
    options: &BranchOptions,
) -> Result<CommitChangesOutput, StepError> {
    let checkout = ctx.checkout()?;
    let Branches { base, target } = Branches::of(options, checkout.base())?;
    let changes = resolved(ctx, changes)?;
    let files = by_file(&changes);
    let nothing = CommitChangesOutput { base_branch: base.clone(), ..CommitChangesOutput::default() };
    if files.is_empty() {
        return Ok(nothing);
    }
    let commits = files
        .iter()
        .map(|(path, changes)| FileCommit {
            paths: std::iter::once(*path).chain(tests(changes)).map(str::to_owned).collect(),
            message: ctx.redact(&message(path, changes)),
        })
        .collect();
    let request = CommitRequest {
        branch: target.clone(),
        force: options.force_branch_creation,
        commits,
        date_ms: ctx.run_started_ms(),
    };
    if let Some(name) = &target {
        let before = checkout.check_branch(name, request.force).await?;
        ctx.leave("branch", &Trace::Branch { name: name.clone(), before }).await?;
    }
    let made = checkout.commit(&request).await?;
    if made.commits.is_empty() {
        return Ok(nothing);
    }
    if let (Some(branch), Some(kept)) = (&target, &made.kept) {
        ctx.note(format!("the branch {branch} existed; where it stood is kept as {kept}"));
    }
    match &target {
        Some(branch) => ctx.emit(EventBody::Produced { what: "branch".into(), name: branch.clone() }),
        None => {
            ctx.emit(EventBody::Produced { what: "commits".into(), name: made.reference.clone() });
            ctx.note(format!("take the commits with: git merge --ff-only {}", made.reference));
        }
    }
    Ok(CommitChangesOutput {
        base_branch: base,
        target_branch: target,
        commits: made.commits,
        head: Some(made.head),
        reference: Some(made.reference),
    })
}

/// The changes under their paths in the checkout: `a.py` and `./a.py` are one file.
fn resolved(ctx: &Context, changes: &[Change]) -> Result<Vec<Change>, StepError> {
    let checkout = ctx.checkout()?;
    let resolve = |(index, change): (usize, &Change)| {
        let path = checkout.resolve(&change.path).map_err(|failure| {
            StepError::input(format!("modified_code_files[{index}].path"), failure.to_string())
        })?;
        let mut change = Change { path, ..change.clone() };
        if let Some(test) = &mut change.test {
            test.path = checkout.resolve(&test.path).map_err(|failure| {
                StepError::input(format!("modified_code_files[{index}].test.path"), failure.to_string())
            })?;
        }
        Ok(change)
    };
    changes.iter().enumerate().map(resolve).collect()
}

/// The new tests that prove the changes.
fn tests<'a>(changes: &[&'a Change]) -> impl Iterator<Item = &'a str> {
    changes.iter().filter_map(|change| change.test.as_ref()).map(|test| test.path.as_str())
}

/// The whole message of a file's commit.
fn message(path: &str, changes: &[&Change]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for text in changes.iter().filter_map(|change| change.commit_message.as_deref()).map(str::trim) {
        if !text.is_empty() && !said.contains(&text) {
            said.push(text);
        }
    }
    let added: Vec<String> =
        tests(changes).map(|test| format!("Adds the regression test {}.", commit::path(test))).collect();
    said.extend(added.iter().map(String::as_str));
    let subject = format!("Patched {}", commit::path(path));
    match commit::body(&said.join("\n\n"), MAX_BODY) {
        body if body.is_empty() => format!("{subject}\n"),
        body => format!("{subject}\n\n{body}\n"),
    }
}

#[cfg(test)]
mod tests;
