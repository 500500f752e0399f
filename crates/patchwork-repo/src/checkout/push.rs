//! Pushes that can be repeated, and that never take away what somebody else pushed.

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::checkout::{PushRequest, Pushed};
use patchwork_core::port::forge::GitCredential;

use super::GitCheckout;
use crate::git::{BOT_EMAIL, Git, GitError, without_credentials};

impl GitCheckout {
    pub(super) async fn url_of(&self, remote: &str) -> Result<Option<String>, Failure> {
        Ok(raw_url(&self.git, remote, false).await?.map(|url| without_credentials(&url)))
    }

    pub(super) async fn push_can_be_made(&self, request: &PushRequest) -> Result<Option<String>, Failure> {
        let _turn = self.state.lock().await;
        let seen = self.replaceable_tip(request).await;
        seen.map_err(|failure| cannot(failure, request))
    }

    pub(super) async fn push_commit(
        &self,
        request: &PushRequest,
        seen: Option<&str>,
    ) -> Result<Pushed, Failure> {
        let _turn = self.state.lock().await;
        self.push_with_lease(request, seen).await.map_err(|failure| cannot(failure, request))
    }

    async fn push_with_lease(&self, request: &PushRequest, seen: Option<&str>) -> Result<Pushed, Failure> {
        let Target { commit, reference, url } = self.target(request).await?;
        if seen == Some(commit.as_str()) {
            return Ok(Pushed::Unchanged);
        }
        if let Some(tip) = seen {
            // What is replaced stays reachable: `undo` puts it back.
            self.git.text(["update-ref", &self.reference("replaced"), tip]).await?;
        }
        let lease = format!("--force-with-lease={reference}:{}", seen.unwrap_or_default());
        let refspec = format!("{commit}:{reference}");
        self.git
            .command(["push", "--porcelain", "--no-verify", &lease, "--", &request.remote, &refspec])
            .authenticated(&url, request.credential.as_ref())
            .run()
            .await?;
        Ok(if seen.is_some() { Pushed::Updated } else { Pushed::Created })
    }

    /// Finds out where a push goes.
    async fn target(&self, request: &PushRequest) -> Result<Target, Failure> {
        let reference = self.branch_reference(&request.branch).await?;
        let commit = format!("{}^{{commit}}", request.commit);
        let Some(commit) = self.git.resolve(&commit).await? else {
            return Err(Failure::internal(format!("there is no commit {} to push", request.commit)));
        };
        let Some(url) = raw_url(&self.git, &request.remote, true).await? else {
            return Err(Failure::configuration(format!("there is no remote `{}`", shown(&request.remote)))
                .hint("add one: git remote add origin URL"));
        };
        Ok(Target { commit, reference, url })
    }

    /// Where the branch of a push stands on the remote; fails when that must stay.
    async fn replaceable_tip(&self, request: &PushRequest) -> Result<Option<String>, Failure> {
        let Target { commit, reference, url } = self.target(request).await?;
        let source = Source::of(&self.git, &request.remote, &url, request.credential.as_ref()).await?;
        let tip = remote_tip(&self.git, &source, &reference).await?;
        if let Some(tip) = tip.as_ref().filter(|tip| **tip != commit) {
            if !request.force {
                return Err(Failure::failed(format!(
                    "branch `{}` exists already on `{}`, at {tip}",
                    request.branch,
                    shown(&request.remote)
                ))
                .hint("choose another name: branch_suffix=…")
                .hint("or replace it: force_pr_creation=true"));
            }
            if !self.may_replace(&source, &reference, tip, &commit).await? {
                return Err(Failure::refused(format!(
                    "the newest commit of branch `{}` on `{}` ({tip}) is not Patchwork's own: it is left alone",
                    request.branch,
                    shown(&request.remote)
                ))
                .hint("choose another name: branch_suffix=…")
                .hint("or merge or delete that branch first"));
            }
        }
        Ok(tip)
    }

    /// Whether the branch on the remote is Patchwork's own work, or part of what is pushed.
    async fn may_replace(
        &self,
        source: &Source<'_>,
        reference: &str,
        tip: &str,
        commit: &str,
    ) -> Result<bool, GitError> {
        let private = self.reference("remote");
        self.git
            .command(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="])
            .args(["--", source.name, &format!("+{reference}:{private}")])
            .authenticated(source.url, source.credential)
            .run()
            .await?;
        // A tip that is missing even now (128) means that the branch moved on since it was listed: it is nobody we know.
        let ancestor =
            self.git.command(["merge-base", "--is-ancestor", tip, commit]).accepting(&[1, 128]).await?;
        let author = self
            .git
            .command(["show", "-s", "--format=%ae", "--end-of-options", tip])
            .accepting(&[128])
            .await?;
        self.git.text(["update-ref", "-d", &private]).await?;
        Ok(ancestor.code == 0 || author.text() == BOT_EMAIL)
    }
}

/// What a push does.
struct Target {
    commit: String,
    /// The branch on the remote.
    reference: String,
    url: String,
}

/// The URL of a remote as configured, with `insteadOf` applied.
pub(crate) async fn raw_url(git: &Git, remote: &str, push: bool) -> Result<Option<String>, GitError> {
    let args: &[&str] = if push { &["remote", "get-url", "--push"] } else { &["remote", "get-url"] };
    let output = git.command(args.iter().copied()).args(["--", remote]).accepting(&[2, 128]).await?;
    Ok((output.code == 0).then(|| output.text()))
}

/// Where a branch stands on a remote.
pub(super) async fn remote_tip(
    git: &Git,
    source: &Source<'_>,
    reference: &str,
) -> Result<Option<String>, GitError> {
    let listing = git
        .command(["ls-remote", "--quiet", "--", source.name, reference])
        .authenticated(source.url, source.credential)
        .text()
        .await?;
    // A pattern also matches longer names that end with it.
    Ok(listing
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(_, name)| *name == reference)
        .map(|(id, _)| id.to_owned()))
}

/// Where a remote is read.
pub(super) struct Source<'a> {
    /// Its name; its URL where pushes go elsewhere.
    name: &'a str,
    url: &'a str,
    credential: Option<&'a GitCredential>,
}

impl<'a> Source<'a> {
    /// Where a remote is read from elsewhere than it is pushed to, only the latter counts.
    pub(super) async fn of(
        git: &Git,
        remote: &'a str,
        url: &'a str,
        credential: Option<&'a GitCredential>,
    ) -> Result<Self, GitError> {
        let fetched_from = raw_url(git, remote, false).await?;
        let name = if fetched_from.as_deref() == Some(url) { remote } else { url };
        Ok(Self { name, url, credential })
    }
}

/// A failure of the remote, with the branch and the remote it is about.
fn cannot(mut failure: Failure, request: &PushRequest) -> Failure {
    if failure.kind == FailureKind::Unavailable {
        failure.causes.insert(0, failure.message);
        failure.message =
            format!("branch `{}` can't be pushed to `{}`", request.branch, shown(&request.remote));
    }
    failure
}

/// A remote may be given as a URL.
fn shown(remote: &str) -> String {
    without_credentials(remote)
}
