//! Who the token is, what it may do, and whom to trust.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Account, ForgeError, RepositoryFacts, Trust};

use super::wire::{Authenticated, ConnectionData, Identity, Repository};
use super::{Azure, branch_of};
use crate::http::Call;

/// Where this is asked is a preview for ever.
const CONNECTION_DATA: &str = "5.1-preview";

/// As whom nobody comes.
const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

impl Azure {
    /// The token's account; none without a token.
    pub(super) async fn user(&self) -> Result<Option<&Authenticated>, ForgeError> {
        let ask = || async {
            if self.token.is_none() {
                return Ok(None);
            }
            let call = Call::get(["_apis", "connectionData"]).query("api-version", CONNECTION_DATA);
            let answer = self.answer(&call).await?;
            let user = answer.json::<ConnectionData>()?.authenticated_user;
            // Where everybody may read, a token that is none is not refused.
            match user.id == ANONYMOUS {
                true => Err(answer.refused(401, std::iter::once("the token is nobody's"))),
                false => Ok(Some(user)),
            }
        };
        let user = self.user.get_or_try_init(ask).await;
        Ok(user.map_err(|error| self.explain(error, "read the token's account"))?.as_ref())
    }

    pub(super) async fn facts(&self) -> Result<RepositoryFacts, ForgeError> {
        let repository = self.read_repository().await?;
        Ok(RepositoryFacts {
            full_name: self.name_of(&repository),
            url: self.page(),
            default_branch: branch_of(&repository.default_branch).to_owned(),
            archived: repository.is_disabled,
            may_push: None,
        })
    }

    async fn read_repository(&self) -> Result<Repository, ForgeError> {
        let call = self.get(self.at([]));
        self.call(&call).await.map_err(|error| self.explain(error, "read the repository"))
    }

    /// Azure DevOps tells nothing of what a token may do: what it lacks is told by the call that is refused.
    pub(super) async fn check_access(&self) -> Result<(), ForgeError> {
        if self.token.is_none() {
            return Err(Failure::configuration("there is no token for Azure DevOps")
                .hint("give one with the scopes Code (Read & write) and Pull Request Threads (Read & write) as azuredevops_api_key or in AZURE_DEVOPS_EXT_PAT")
                .into());
        }
        self.user().await?;
        if self.read_repository().await?.is_disabled {
            let message = format!("{} is disabled on Azure DevOps: it takes no changes", self.full_name());
            return Err(Failure::unavailable(message)
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        Ok(())
    }

    /// An account as the port shows it.
    pub(super) async fn account_of(&self, identity: Option<&Identity>) -> Result<Account, ForgeError> {
        let own = self.user().await?.map(|user| user.id.as_str());
        Ok(account(identity, own))
    }
}

/// An account as the port shows it. Only who was let into the project can say something there, and to say it about code takes
/// the permission to contribute; so whoever did is an insider, but for guests of the directory, services and groups.
pub(super) fn account(identity: Option<&Identity>, own: Option<&str>) -> Account {
    let Some(identity) = identity.filter(|one| !one.id.is_empty()) else { return Account::default() };
    let guest = identity.unique_name.to_ascii_uppercase().contains("#EXT#");
    let service = identity.descriptor.starts_with("svc.") || identity.descriptor.starts_with("s2s.");
    let trust = match own {
        Some(own) if own.eq_ignore_ascii_case(&identity.id) => Trust::Own,
        _ if guest || service || identity.is_container || identity.is_deleted_in_origin => Trust::Outsider,
        _ => Trust::Insider,
    };
    // What people mention; an address of e-mail stays where it is as long as there is another name.
    let names = [&identity.display_name, &identity.unique_name];
    let name = names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    Account { name, trust }
}

/// The name of the token's account, as [`account`] shows it.
pub(super) fn own_name(user: &Authenticated) -> String {
    let names = [&user.custom_display_name, &user.provider_display_name];
    names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_insiders_and_guests_services_and_groups_are_not() {
        let identity = |unique_name: &str, descriptor: &str| Identity {
            id: "1-2".into(),
            display_name: "Ann".into(),
            unique_name: unique_name.into(),
            descriptor: descriptor.into(),
            ..Identity::default()
        };
        let trust = |one: &Identity| account(Some(one), Some("7-7")).trust;
        let member = identity("ann@contoso.com", "aad.abc");
        assert_eq!(
            account(Some(&member), Some("7-7")),
            Account { name: "Ann".into(), trust: Trust::Insider }
        );
        assert_eq!(account(Some(&member), Some("1-2")).trust, Trust::Own);
        assert_eq!(trust(&identity("CONTOSO\\ann", "")), Trust::Insider);
        assert_eq!(trust(&identity("ann_other.com#ext#@contoso.com", "aad.abc")), Trust::Outsider);
        assert_eq!(trust(&identity("Build\\1", "svc.abc")), Trust::Outsider);
        assert_eq!(trust(&Identity { is_container: true, ..member.clone() }), Trust::Outsider);
        assert_eq!(trust(&Identity { is_deleted_in_origin: true, ..member.clone() }), Trust::Outsider);
        let nameless = Identity { display_name: String::new(), ..member };
        assert_eq!(account(Some(&nameless), None).name, "ann@contoso.com");
        assert_eq!(account(None, None), Account::default());
        assert_eq!(account(Some(&Identity::default()), Some("")), Account::default());
    }
}
