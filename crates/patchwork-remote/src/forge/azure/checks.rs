//! Checks, which are statuses of commits here: a state, a name, one line and a link.

use patchwork_core::port::forge::ensure::one_line;
use patchwork_core::port::forge::{CheckSpec, Conclusion, ForgeError, FoundCheck, Trust};

use super::Azure;
use super::access::account;
use super::wire::{Many, NewStatus, Status, StatusContext};

/// What sets ours apart from the statuses of others.
const GENRE: &str = "patchwork";

/// Characters of a status's name and of its description.
const LIMIT: usize = 255;

/// Statuses of a commit that are looked at; there is one of a name.
const LOOKED_AT: &str = "1000";

impl Azure {
    pub(super) async fn find_status(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        let call = self
            .get(self.at(["commits", &spec.commit, "statuses"]))
            .query("latestOnly", "true")
            .query("top", LOOKED_AT);
        let listed = self.call::<Many<Status>>(&call).await;
        let listed = listed.map_err(|error| self.explain_of(error, "read the statuses", &what(spec)))?;
        let own = self.user().await?.map(|user| user.id.as_str());
        let context = context_of(spec);
        let ours = |status: &Status| {
            status.context == context && account(status.created_by.as_ref(), own).trust == Trust::Own
        };
        let newest = listed.value.into_iter().filter(ours).max_by_key(|status| status.id);
        Ok(newest.map(|status| self.found_check(spec, &status)))
    }

    /// Makes a status. Azure DevOps keeps the one before; pages show the newest of a name.
    pub(super) async fn make_status(&self, spec: &CheckSpec) -> Result<FoundCheck, ForgeError> {
        let explain = |error| self.explain_of(error, "set a status", &what(spec));
        let new = NewStatus {
            state: state_of(spec.conclusion),
            description: &one_line(&spec.title, LIMIT),
            context: context_of(spec),
            target_url: spec.details_url.as_deref(),
        };
        let call = self.post(self.at(["commits", &spec.commit, "statuses"])).json(&new).map_err(explain)?;
        let made = self.call(&call).await.map_err(explain)?;
        Ok(self.found_check(spec, &made))
    }

    fn found_check(&self, spec: &CheckSpec, status: &Status) -> FoundCheck {
        let same = status.state == state_of(spec.conclusion)
            && status.description == one_line(&spec.title, LIMIT)
            && status.target_url == spec.details_url.as_deref().unwrap_or_default();
        let page = self.page_at(["_git", &self.place.repository, "commit", &spec.commit]);
        FoundCheck { id: status.id.to_string(), url: spec.details_url.clone().unwrap_or(page), same }
    }
}

fn what(spec: &CheckSpec) -> String {
    format!("commit {}", spec.commit)
}

fn context_of(spec: &CheckSpec) -> StatusContext {
    StatusContext { genre: GENRE.to_owned(), name: one_line(&spec.name, LIMIT) }
}

fn state_of(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "succeeded",
        Conclusion::Neutral => "notApplicable",
        Conclusion::Failure => "failed",
    }
}
