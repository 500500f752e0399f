//! Checks, which are statuses of commits here: a state, a name, one line and a link.

use patchwork_core::port::forge::ensure::one_line;
use patchwork_core::port::forge::{CheckSpec, Conclusion, ForgeError, FoundCheck};

use super::GitLab;
use super::address::is_page;
use super::wire::{NewStatus, Status};
use crate::http::Call;

/// Characters of a status's name, of its description and of the address of its page.
const LIMIT: usize = 255;

impl GitLab {
    pub(super) async fn find_status(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        let path = self.at(["repository", "commits", &spec.commit, "statuses"]).await?;
        let name = one_line(&spec.name, LIMIT);
        let call = Call::get(path).query("name", &name);
        let listed = self.list::<Status>(call, usize::MAX).await;
        let listed = listed.map_err(|error| {
            self.explain_of(error, "read the statuses", &format!("commit {}", spec.commit))
        })?;
        let own = self.user().await?.map(|user| user.id);
        let ours = |status: &Status| {
            status.name == name && status.author.as_ref().is_some_and(|author| Some(author.id) == own)
        };
        let newest = listed.items.into_iter().filter(ours).max_by_key(|status| status.id);
        Ok(newest.map(|status| self.found_check(spec, status)))
    }

    /// Makes a status. GitLab keeps the one before; pages show the newest of a name.
    pub(super) async fn make_status(&self, spec: &CheckSpec) -> Result<FoundCheck, ForgeError> {
        let explain = |error| {
            self.explain_of(error, "set a status", &format!("branch with the commit {}", spec.commit))
        };
        let description = one_line(&spec.title, LIMIT);
        let name = one_line(&spec.name, LIMIT);
        let new = NewStatus {
            state: state_of(spec.conclusion),
            name: &name,
            description: &description,
            target_url: link_of(spec),
        };
        let call = Call::post(self.at(["statuses", &spec.commit]).await?).json(&new).map_err(explain)?;
        let made = self.http.call(&call).await.map_err(explain)?;
        Ok(self.found_check(spec, made))
    }

    fn found_check(&self, spec: &CheckSpec, status: Status) -> FoundCheck {
        let same = status.status == state_of(spec.conclusion)
            && status.description == one_line(&spec.title, LIMIT)
            && status.target_url == link_of(spec).unwrap_or_default();
        let url = if is_page(&status.target_url) {
            status.target_url
        } else {
            format!("{}/-/commit/{}", self.page(), spec.commit)
        };
        FoundCheck { id: status.id.to_string(), url, same }
    }
}

/// The page with more; one whose address is too long is left out.
fn link_of(spec: &CheckSpec) -> Option<&str> {
    spec.details_url.as_deref().filter(|url| url.chars().count() <= LIMIT)
}

/// GitLab knows nothing between: what holds nothing up is a success.
fn state_of(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success | Conclusion::Neutral => "success",
        Conclusion::Failure => "failed",
    }
}
