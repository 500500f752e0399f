//! Who the token is, what it may do, and whom to trust.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Account, ForgeError, RepositoryFacts, Trust};

use super::Bitbucket;
use super::wire::{Permission, Repository, User};
use crate::forge::wire::is_page;
use crate::http::Call;

impl Bitbucket {
    pub(super) async fn read_repository(&self) -> Result<&Repository, ForgeError> {
        let ask = || async {
            let (owner, name) = self.slug.given();
            let call = Call::get(["repositories", owner, name]);
            self.http.call(&call).await.map_err(|error| self.explain(error, "read the repository"))
        };
        let repository = self.repository.get_or_try_init(ask).await?;
        self.slug.is_named(&repository.full_name);
        Ok(repository)
    }

    pub(super) async fn facts(&self) -> Result<RepositoryFacts, ForgeError> {
        let may_push = self.may_push().await?;
        let repository = self.read_repository().await?;
        let url = repository.links.html.as_ref().map(|link| link.href.clone()).filter(|url| is_page(url));
        Ok(RepositoryFacts {
            full_name: repository.full_name.clone(),
            url: url.unwrap_or_else(|| self.page()),
            default_branch: repository
                .mainbranch
                .as_ref()
                .map(|branch| branch.name.clone())
                .unwrap_or_default(),
            archived: false,
            may_push,
        })
    }

    /// Whether the token's account may push; none where Bitbucket does not tell, as of tokens of a repository.
    async fn may_push(&self) -> Result<Option<bool>, ForgeError> {
        if self.credential.is_none() {
            return Ok(None);
        }
        let name = &self.read_repository().await?.full_name;
        let call = Call::get(["user", "permissions", "repositories"])
            .query("q", format!("repository.full_name=\"{}\"", name.replace(['"', '\\'], "")));
        match self.list::<Permission>(&call, "10", 1, |_| true).await {
            Ok(found) => {
                Ok(found.items.first().map(|one| matches!(one.permission.as_str(), "write" | "admin")))
            }
            Err(error) if matches!(error.status(), Some(403 | 404 | 410)) => Ok(None),
            Err(error) => Err(self.explain(error, "read what the token may do")),
        }
    }

    /// The token's account; none without a token, and where the token may not tell: those of a repository have an account, but not
    /// the scope to ask for it.
    pub(super) async fn own(&self) -> Result<Option<User>, ForgeError> {
        let mut own = self.own.lock().await;
        if self.credential.is_none() {
            return Ok(None);
        }
        if let Some(known) = &*own {
            return Ok(known.clone());
        }
        let user = match self.http.call::<User>(&Call::get(["user"])).await {
            Ok(user) => Some(user),
            Err(error) if error.status() == Some(403) => None,
            Err(error) => return Err(self.explain(error, "read the token's account")),
        };
        *own = Some(user.clone());
        Ok(user)
    }

    /// Remembers the account under which something was written.
    pub(super) async fn learn(&self, user: Option<&User>) {
        let mut own = self.own.lock().await;
        if let (Some(user), None | Some(None)) = (user.filter(|user| !user.uuid.is_empty()), &*own) {
            *own = Some(Some(user.clone()));
        }
    }

    pub(super) async fn check_access(&self) -> Result<(), ForgeError> {
        if self.credential.is_none() {
            return Err(Failure::configuration("there is no token for Bitbucket")
                .hint("give an access token or USER:APP_PASSWORD as bitbucket_api_key or in BITBUCKET_TOKEN")
                .into());
        }
        let name = self.read_repository().await?.full_name.clone();
        if self.may_push().await? == Some(false) {
            return Err(Failure::unavailable(format!("the token may read {name} but not push to it"))
                .hint("give one with the scope repository:write as bitbucket_api_key or in BITBUCKET_TOKEN")
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        Ok(())
    }

    /// An account as the port shows it. Who else may write Bitbucket tells to administrators only.
    pub(super) async fn who(&self, user: Option<&User>) -> Result<Account, ForgeError> {
        let Some(user) = user else { return Ok(Account::default()) };
        let name = if user.nickname.is_empty() { &user.display_name } else { &user.nickname };
        let is = |other: Option<&User>| {
            other.is_some_and(|other| !other.uuid.is_empty() && other.uuid == user.uuid)
        };
        let trust = match () {
            () if is(self.own().await?.as_ref()) => Trust::Own,
            () if is(self.read_repository().await?.owner.as_ref()) => Trust::Insider,
            () => Trust::Outsider,
        };
        Ok(Account { name: name.clone(), trust })
    }
}
