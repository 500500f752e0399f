//! `RememberDismissals`: keeps what people dismissed in a file of the repository.

use async_trait::async_trait;
use patchwork_core::effect::EffectKind;
use patchwork_core::failure::Failure;
use patchwork_core::port::history::FetchRequest;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::review::memory::{self, Dismissal, Memory};
use crate::steps::forge::access::{ForgeAccess, REMOTE, git_credential, until_cancelled};
use crate::steps::pr::change::Change;
use crate::steps::pr::commit_changes::make_commits;
use crate::steps::pr::create_pr::{CreatePRInput, TextOptions, publish};
use crate::steps::pr::options::{BranchOptions, ForgeOptions};

/// The branch of the pull request.
const BRANCH: &str = "patchwork-dismissed";

/// Keeps what people dismissed in a file of the repository.
pub struct RememberDismissals;

/// Keeps what people dismissed in `.patchwork/dismissed.yml`: in one pull request from the branch `patchwork-dismissed`, to which later
/// dismissals are added as long as it is open.
///
/// A run that has read text of people outside of the project does this only if the policy lets outsiders cause pushes and pull
/// requests: what they wrote might be among the reasons.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RememberDismissalsInput {
    /// What was dismissed.
    #[serde(default)]
    pub dismissals: Vec<Dismissal>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RememberDismissalsOutput {
    /// The page of the pull request; empty when there is none.
    pub dismissals_url: String,
    /// How many are new in the file.
    pub remembered: usize,
}

#[async_trait]
impl Step for RememberDismissals {
    type Input = RememberDismissalsInput;
    type Output = RememberDismissalsOutput;

    const ID: &'static str = "RememberDismissals";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT).and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let skipped = RememberDismissalsOutput::default();
        if input.dismissals.is_empty() {
            ctx.skip("nothing was dismissed");
            return Ok(skipped);
        }
        if let Some(heard) = ctx.heard_outsider().await? {
            let granted = &ctx.policy().outsiders;
            if ![EffectKind::Push, EffectKind::PullRequest].iter().all(|kind| granted.contains(kind)) {
                ctx.skip(format!("the run has read {heard}, and policy gives outsiders no pull requests"));
                return Ok(skipped);
            }
        }
        let checkout = ctx.checkout()?;
        let Some(base) = checkout.base().branch.clone() else {
            ctx.skip("the run stands on no branch that a pull request could be merged into");
            return Ok(skipped);
        };
        let path = checkout.resolve(memory::PATH)?;
        let text = |bytes: Option<Vec<u8>>| {
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        };
        let (mut kept, _) = Memory::read(&text(checkout.base_file(&path).await?));
        let (pending, _) = Memory::read(&text(self.pending(ctx, &input.access).await?));
        kept.add(pending.dismissals().cloned().collect());
        let new = kept.add(input.dismissals);
        if new.is_empty() {
            ctx.skip("all of it is remembered already");
            return Ok(skipped);
        }
        let file = checkout.root().join(&path);
        let unwritable =
            |error: std::io::Error| Failure::failed(format!("{path} can't be written")).caused_by(&error);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        std::fs::write(&file, kept.write()).map_err(unwritable)?;
        let change = Change {
            path,
            commit_message: Some(format!("Remembers {} dismissed findings.", new.len())),
            ..Change::default()
        };
        let branch = BranchOptions {
            target_branch: Some(BRANCH.into()),
            base_branch: Some(base),
            ..BranchOptions::default()
        };
        let made = make_commits(ctx, &[change], &branch).await?;
        let request = CreatePRInput {
            target_branch: made.target_branch,
            base_branch: made.base_branch,
            head: made.head,
            text: TextOptions {
                pr_title: Some("Patchwork: remember dismissed findings".into()),
                pr_body: Some(body(&new)),
            },
            forge: ForgeOptions { force_pr_creation: true, ..ForgeOptions::default() },
            access: input.access,
        };
        let (published, reason) = publish(ctx, &request).await?;
        if let Some(reason) = reason {
            ctx.note(format!("no pull request for {}: {reason}", memory::PATH));
        }
        Ok(RememberDismissalsOutput { dismissals_url: published.pr_url, remembered: new.len() })
    }
}

impl RememberDismissals {
    /// The file on the branch of a pull request that is still open.
    async fn pending(&self, ctx: &Context, access: &ForgeAccess) -> Result<Option<Vec<u8>>, StepError> {
        let Some(destination) = access.at_origin(ctx).await? else { return Ok(None) };
        let credential = git_credential(ctx, &destination).await?;
        let history = ctx.history()?;
        let request = FetchRequest::new(REMOTE, [format!("refs/heads/{BRANCH}")]).credential(credential);
        match until_cancelled(ctx, history.fetch(&request)).await?.into_iter().next().flatten() {
            Some(commit) => Ok(history.file(&commit, memory::PATH).await?),
            None => Ok(None),
        }
    }
}

fn body(new: &[Dismissal]) -> String {
    use crate::steps::pr::untrusted::markdown;
    let mut body = format!(
        "People of the project dismissed these findings in reviews. Merged, they are not raised again; the file is `{}`.\n\n",
        memory::PATH
    );
    for one in new {
        let rule =
            if one.rule.is_empty() { String::new() } else { format!(" {}", markdown::code(&one.rule)) };
        let by = if one.by.is_empty() { String::new() } else { format!(" ({})", markdown::code(&one.by)) };
        body.push_str(&format!(
            "- {}{rule}{by}: {}\n",
            markdown::code(&one.path),
            markdown::line(&one.reason, 300)
        ));
    }
    body
}
