//! What a pull request changes, whole: what the forge leaves out is read from git.

use patchwork_core::change::{FileChange, LeftOut};
use patchwork_core::effect::Destination;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::FoundPullRequest;
use patchwork_core::port::history::FetchRequest;
use patchwork_core::step::{Context, StepError};

use super::access::{REMOTE, git_credential, until_cancelled};

/// The two commits between which a pull request's changes lie.
pub(crate) struct Ends {
    /// Where the branch left the one that it is to be merged into.
    pub from: String,
    /// Its newest commit.
    pub to: String,
}

/// What a pull request changes, every file of it.
pub(super) async fn of(
    ctx: &Context,
    destination: &Destination,
    found: &FoundPullRequest,
) -> Result<Vec<FileChange>, StepError> {
    let told = until_cancelled(ctx, destination.forge.changes(found.pull.number)).await?;
    let whole = told.complete && !told.files.iter().any(|file| file.left_out == Some(LeftOut::NotGiven));
    if whole {
        return Ok(told.files);
    }
    let read = async {
        let ends = ends(ctx, destination, found).await?;
        Ok::<_, StepError>(ctx.history()?.changes(&ends.from, &ends.to).await?)
    };
    match read.await {
        Ok(files) => Ok(files),
        Err(error) if error.is_cancelled() => Err(error),
        Err(error) => {
            ctx.warn(format!(
                "{} leaves out some of what {} changes, and git can't get it: {error}",
                destination.forge.name(),
                found.pull.url
            ));
            Ok(told.files)
        }
    }
}

/// Brings the commits of a pull request here.
pub(crate) async fn ends(
    ctx: &Context,
    destination: &Destination,
    found: &FoundPullRequest,
) -> Result<Ends, StepError> {
    let forge = &destination.forge;
    let (number, history) = (found.pull.number, ctx.history()?);
    let here = ctx.checkout()?.remote_url(REMOTE).await?;
    let remote = match here {
        Some(here) if here == destination.remote_url => REMOTE.to_owned(),
        _ => destination.remote_url.clone(),
    };
    let credential = git_credential(ctx, destination).await?;
    let branch = |name: &str| format!("refs/heads/{name}");
    let mut references = vec![branch(&found.base.branch)];
    match forge.head_ref(number) {
        Some(head) => references.push(head),
        None if !found.is_from_elsewhere() => references.push(branch(&found.head.branch)),
        // A branch of this name may be here as well, and is another. What the site merges for a try has the commit in it.
        None => references.extend([found.head.commit.clone(), format!("refs/pull/{number}/merge")]),
    }
    let request = FetchRequest::new(remote, references).credential(credential);
    let fetched = until_cancelled(ctx, history.fetch(&request)).await?;
    let mut fetched = fetched.into_iter();
    let (base, mut head) = (fetched.next().flatten(), fetched.next().flatten());
    if head.is_none() && fetched.next().flatten().is_some() {
        head = history.resolve(&found.head.commit).await?;
    }
    let gone = |what: &str| {
        StepError::Failed(
            Failure::failed(format!("{what} of {} is gone, or is not given out", found.pull.url))
                .hint("was it deleted meanwhile? Then there is nothing to compare with"),
        )
    };
    let base = base.ok_or_else(|| gone("the branch to merge into"))?;
    let head = head.ok_or_else(|| gone("the branch"))?;
    let from = history.merge_base(&base, &head).await?.ok_or_else(|| {
        StepError::Failed(
            Failure::failed(format!("the two branches of {} have no common commit here", found.pull.url))
                .hint("a shallow clone? fetch the whole history (fetch-depth: 0)"),
        )
    })?;
    Ok(Ends { from, to: head })
}
