//! Takes back what a run did to branches, as long as nobody has touched them since.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::GitCredential;
use patchwork_core::run::RunId;

use super::branch::{Branch, reference_of};
use super::push::{Source, raw_url, remote_tip};
use super::{Repository, run_reference};

impl Repository {
    /// Where the commits of a run end; none when it made none.
    pub async fn result_of(&self, run: &RunId) -> Result<Option<String>, Failure> {
        Ok(self.git().resolve(&run_reference(run, "result")).await?)
    }

    /// Where a branch stands; none when it does not exist.
    pub async fn branch_tip(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(Branch::find(self.git(), self.common_dir(), name).await?.tip)
    }

    /// Moves a branch back from `from`, or deletes it. Fails when it is in use or stands elsewhere.
    pub async fn restore_branch(
        &self,
        name: &str,
        from: &str,
        to: Option<&str>,
        run: &RunId,
    ) -> Result<(), Failure> {
        let branch = Branch::find(self.git(), self.common_dir(), name).await?;
        branch.check(true)?;
        let order = match to {
            Some(to) => format!("update {} {to} {from}\n", branch.reference),
            None => format!("delete {} {from}\n", branch.reference),
        };
        let reason = format!("patchwork: undo {run}");
        self.git().command(["update-ref", "-m", &reason, "--stdin"]).stdin(order).run().await?;
        Ok(())
    }

    /// The URL of a remote, with its credentials; none when there is no such remote.
    pub async fn remote_url(&self, remote: &str) -> Result<Option<String>, Failure> {
        Ok(raw_url(self.git(), remote, false).await?)
    }

    /// Where a branch stands on a remote; none when it does not exist.
    pub async fn remote_branch_tip(
        &self,
        remote: &str,
        branch: &str,
        credential: Option<&GitCredential>,
    ) -> Result<Option<String>, Failure> {
        let reference = reference_of(self.git(), branch).await?;
        let url = self.push_url(remote).await?;
        let source = Source::of(self.git(), remote, &url, credential).await?;
        Ok(remote_tip(self.git(), &source, &reference).await?)
    }

    /// Moves a branch of a remote back from `from`, or deletes it. Fails when it stands elsewhere by now.
    pub async fn restore_remote_branch(
        &self,
        remote: &str,
        branch: &str,
        from: &str,
        to: Option<&str>,
        credential: Option<&GitCredential>,
    ) -> Result<(), Failure> {
        let reference = reference_of(self.git(), branch).await?;
        let url = self.push_url(remote).await?;
        let lease = format!("--force-with-lease={reference}:{from}");
        let refspec = format!("{}:{reference}", to.unwrap_or_default());
        self.git()
            .command(["push", "--porcelain", "--no-verify", &lease, "--", remote, &refspec])
            .authenticated(&url, credential)
            .run()
            .await?;
        Ok(())
    }

    /// The refs that keep the work of a run.
    pub async fn refs_of(&self, run: &RunId) -> Result<Vec<String>, Failure> {
        let listing = self.git().text(["for-each-ref", "--format=%(refname)", "refs/patchwork"]).await?;
        let (own, kept) = (format!("refs/patchwork/{run}/"), format!("/{run}"));
        let is_own = |name: &&str| {
            name.starts_with(&own) || (name.starts_with("refs/patchwork/kept/") && name.ends_with(&kept))
        };
        Ok(listing.lines().filter(is_own).map(str::to_owned).collect())
    }

    /// Deletes refs that keep the work of a run: git drops the commits in its own time.
    pub async fn delete_refs(&self, refs: &[String]) -> Result<(), Failure> {
        let orders: String = refs.iter().map(|name| format!("delete {name}\n")).collect();
        self.git().command(["update-ref", "--stdin"]).stdin(orders).run().await?;
        Ok(())
    }

    async fn push_url(&self, remote: &str) -> Result<String, Failure> {
        raw_url(self.git(), remote, true).await?.ok_or_else(|| {
            Failure::configuration(format!("there is no remote `{}` any more", remote.escape_debug()))
                .hint("add it again: git remote add origin URL")
        })
    }
}
