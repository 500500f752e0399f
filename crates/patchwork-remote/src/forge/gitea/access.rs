//! Who the token is, what it may do, and whom to trust.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Account, ForgeError, RepositoryFacts, Trust};

use super::Gitea;
use super::wire::{Permission, Repository, User};
use crate::forge::explain::is_forbidden;
use crate::forge::wire::is_page;
use crate::http::Call;

impl Gitea {
    pub(super) async fn read_repository(&self) -> Result<&Repository, ForgeError> {
        let ask = || async {
            let (owner, name) = self.slug.given();
            let call = Call::get(["repos", owner, name]);
            self.http.call(&call).await.map_err(|error| self.explain(error, "read the repository"))
        };
        let repository = self.repository.get_or_try_init(ask).await?;
        self.slug.is_named(&repository.full_name);
        Ok(repository)
    }

    pub(super) async fn facts(&self) -> Result<RepositoryFacts, ForgeError> {
        let repository = self.read_repository().await?;
        let url = &repository.html_url;
        Ok(RepositoryFacts {
            full_name: repository.full_name.clone(),
            url: if is_page(url) { url.clone() } else { self.page() },
            default_branch: repository.default_branch.clone(),
            archived: repository.archived,
            may_push: repository.permissions.as_ref().map(|permissions| permissions.push),
        })
    }

    /// The login of the token's account; none without a token.
    pub(super) async fn own(&self) -> Result<Option<&str>, ForgeError> {
        let ask = || async {
            match self.token {
                None => Ok(None),
                Some(_) => self.http.call::<User>(&Call::get(["user"])).await.map(|user| Some(user.login)),
            }
        };
        let own = self.own.get_or_try_init(ask).await;
        Ok(own.map_err(|error| self.explain(error, "read the token's account"))?.as_deref())
    }

    pub(super) async fn check_access(&self) -> Result<(), ForgeError> {
        if self.token.is_none() {
            return Err(Failure::configuration("there is no token for Gitea")
                .hint("give one with the scopes write:repository, write:issue and read:user as gitea_api_key or in GITEA_TOKEN")
                .into());
        }
        let repository = self.read_repository().await?;
        let name = &repository.full_name;
        if repository.archived {
            return Err(Failure::unavailable(format!("{name} is archived on Gitea: it takes no changes"))
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        if repository.permissions.as_ref().is_some_and(|permissions| !permissions.push) {
            return Err(Failure::unavailable(format!("the token may read {name} but not push to it"))
                .hint("give one with write access as gitea_api_key or in GITEA_TOKEN")
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        // Without this our own comments would not be known again.
        self.own().await?;
        Ok(())
    }

    /// An account as the port shows it.
    pub(super) async fn who(&self, user: Option<&User>) -> Result<Account, ForgeError> {
        // An account that is gone is shown as one with a number that none has.
        let Some(user) = user.filter(|user| user.id > 0 && !user.login.is_empty()) else {
            return Ok(Account::default());
        };
        let name = user.login.clone();
        if self.own().await?.is_some_and(|own| own.eq_ignore_ascii_case(&name)) {
            return Ok(Account { name, trust: Trust::Own });
        }
        let trust = if self.is_insider(&name).await? { Trust::Insider } else { Trust::Outsider };
        Ok(Account { name, trust })
    }

    /// Whether an account may write; no, where the token may not know.
    async fn is_insider(&self, login: &str) -> Result<bool, ForgeError> {
        let owner = self.read_repository().await?.owner.as_ref();
        if owner.is_some_and(|owner| owner.login.eq_ignore_ascii_case(login)) {
            return Ok(true);
        }
        if self.token.is_none() {
            return Ok(false);
        }
        if let Some(known) = self.insiders.lock().await.get(login) {
            return Ok(*known);
        }
        let call = Call::get(self.at(["collaborators", login, "permission"]).await?);
        let writes = match self.http.call::<Permission>(&call).await {
            Ok(found) => matches!(found.permission.as_str(), "write" | "admin" | "owner"),
            Err(error) if is_forbidden(&error) => false,
            Err(error) => return Err(self.explain(error, "read who may write")),
        };
        self.insiders.lock().await.insert(login.to_owned(), writes);
        Ok(writes)
    }
}
