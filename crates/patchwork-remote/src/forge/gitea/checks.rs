//! Checks, which are statuses of commits here: a state, a name, one line and a link.

use patchwork_core::port::forge::ensure::one_line;
use patchwork_core::port::forge::{CheckSpec, Conclusion, ForgeError, FoundCheck};

use super::Gitea;
use super::wire::{NewStatus, Status};
use crate::forge::wire::is_page;
use crate::http::Call;

/// Characters of a status's name and of its description.
const LIMIT: usize = 255;

impl Gitea {
    pub(super) async fn find_status(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        let Some(own) = self.own().await?.map(str::to_owned) else { return Ok(None) };
        let name = one_line(&spec.name, LIMIT);
        let ours = |status: &Status| {
            status.context == name
                && status.creator.as_ref().is_some_and(|creator| creator.login.eq_ignore_ascii_case(&own))
        };
        let call = Call::get(self.at(["commits", &spec.commit, "statuses"]).await?);
        let listed = match self.list(&call, usize::MAX, ours).await {
            Ok(listed) => listed.items,
            Err(error) => {
                let what = format!("commit {}", spec.commit);
                return Err(self.explain_of(error, "read the statuses", &what));
            }
        };
        let newest = listed.into_iter().max_by_key(|status| status.id);
        Ok(newest.map(|status| self.found_check(spec, status)))
    }

    /// Makes a status. Gitea keeps the one before; pages show the newest of a name.
    pub(super) async fn make_status(&self, spec: &CheckSpec) -> Result<FoundCheck, ForgeError> {
        let explain = |error| self.explain_of(error, "set a status", &format!("commit {}", spec.commit));
        let new = NewStatus {
            context: &one_line(&spec.name, LIMIT),
            state: state_of(spec.conclusion),
            description: &one_line(&spec.title, LIMIT),
            target_url: spec.details_url.as_deref(),
        };
        let call = Call::post(self.at(["statuses", &spec.commit]).await?).json(&new).map_err(explain)?;
        let made = self.http.call(&call).await.map_err(explain)?;
        Ok(self.found_check(spec, made))
    }

    fn found_check(&self, spec: &CheckSpec, status: Status) -> FoundCheck {
        let same = status.status == state_of(spec.conclusion)
            && status.description == one_line(&spec.title, LIMIT)
            && status.target_url == spec.details_url.as_deref().unwrap_or_default();
        let url = match is_page(&status.target_url) {
            true => status.target_url,
            false => format!("{}/commit/{}", self.page(), spec.commit),
        };
        FoundCheck { id: status.id.to_string(), url, same }
    }
}

/// What holds nothing up is a success: Gitea's `warning` counts as one that failed.
fn state_of(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success | Conclusion::Neutral => "success",
        Conclusion::Failure => "failure",
    }
}
