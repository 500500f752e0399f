//! Who the token is, what it may do, and whom to trust.

use std::collections::HashMap;

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Account, ForgeError, RepositoryFacts, Trust};

use super::address::is_page;
use super::explain::is_forbidden;
use super::wire::{AccessLevel, Job, Member, Project, TokenFacts, User};
use super::{GitLab, Identity};
use crate::http::Call;

/// The level of the role Developer: who has it may push and open merge requests.
const DEVELOPER: u32 = 30;

/// Accounts that are asked for with one call: their ids are in its address.
const ASKED_AT_ONCE: usize = 50;

/// What GitLab calls an account that is gone.
const GHOST: &str = "ghost";

/// What is known of some accounts.
pub(super) struct Accounts {
    own: Option<u64>,
    insiders: HashMap<u64, bool>,
}

impl Accounts {
    /// An account as the port shows it.
    pub(super) fn account(&self, user: Option<&User>) -> Account {
        let Some(user) = user.filter(|user| user.username != GHOST) else { return Account::default() };
        let trust = match self.insiders.get(&user.id) {
            _ if self.own == Some(user.id) => Trust::Own,
            Some(true) => Trust::Insider,
            _ => Trust::Outsider,
        };
        Account { name: user.username.clone(), trust }
    }
}

impl GitLab {
    pub(super) async fn project(&self) -> Result<&Project, ForgeError> {
        let ask = || async {
            let call = Call::get(["projects", &self.path]);
            self.http.call(&call).await.map_err(|error| self.explain(error, "read the project"))
        };
        self.project.get_or_try_init(ask).await
    }

    pub(super) async fn facts(&self) -> Result<RepositoryFacts, ForgeError> {
        let project = self.project().await?;
        let url = if is_page(&project.web_url) { project.web_url.clone() } else { self.page() };
        let level = project.permissions.as_ref().map(|_| level_of(project));
        Ok(RepositoryFacts {
            full_name: project.path_with_namespace.clone(),
            url,
            default_branch: project.default_branch.clone(),
            archived: project.archived,
            // A group that was invited is not counted there: a low level proves nothing.
            may_push: level.filter(|level| *level >= DEVELOPER).map(|_| true),
        })
    }

    /// The token's account; none without a token.
    pub(super) async fn user(&self) -> Result<Option<&User>, ForgeError> {
        let ask = || async {
            match self.identity {
                Identity::Nobody => Ok(None),
                Identity::Token(_) => self.http.call(&Call::get(["user"])).await.map(Some),
                Identity::Job(_) => self.http.call::<Job>(&Call::get(["job"])).await.map(|job| job.user),
            }
        };
        let user = self.user.get_or_try_init(ask).await;
        Ok(user.map_err(|error| self.explain(error, "read the token's account"))?.as_ref())
    }

    pub(super) async fn check_access(&self) -> Result<(), ForgeError> {
        match self.identity {
            Identity::Nobody => {
                return Err(Failure::configuration("there is no token for GitLab")
                    .hint("give one with the scope `api` as gitlab_api_key or in GITLAB_TOKEN")
                    .into());
            }
            Identity::Job(_) => {
                return Err(Failure::unavailable(
                    "the token of a CI job can't open pull requests or write comments: GitLab lets it read only",
                )
                .hint("make a project access token with the role Developer and the scope `api`, keep it in a masked variable of the project and give it as gitlab_api_key or in GITLAB_TOKEN")
                .into());
            }
            Identity::Token(_) => {}
        }
        self.check_scope().await?;
        let project = self.project().await?;
        let name = &project.path_with_namespace;
        if project.archived {
            return Err(Failure::unavailable(format!("{name} is archived on GitLab: it takes no changes"))
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        if level_of(project) >= DEVELOPER || self.may_write().await? {
            return Ok(());
        }
        Err(Failure::unavailable(format!("the token may read {name} but not push to it"))
            .hint("its account needs the role Developer or a higher one in the project")
            .hint("disable_pr=true keeps the changes on a local branch")
            .into())
    }

    /// Whether the token has the scope for all calls, as far as GitLab tells: not before 15.5, and not for tokens of OAuth.
    async fn check_scope(&self) -> Result<(), ForgeError> {
        let facts = match self.http.call::<TokenFacts>(&Call::get(["personal_access_tokens", "self"])).await {
            Ok(facts) => facts,
            Err(error) if error.transient() => return Err(self.explain(error, "read the token's scopes")),
            // What the token can't do is told by the calls that need it.
            Err(_) => return Ok(()),
        };
        let scopes = facts.scopes;
        // A fine-grained token has permissions in place of scopes.
        if scopes.is_empty() || scopes.iter().any(|scope| matches!(scope.as_str(), "api" | "granular")) {
            return Ok(());
        }
        Err(Failure::unavailable(format!(
            "the token needs the scope `api`; it has {}",
            scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ")
        ))
        .hint("scopes can't be added: make a new token and give it as gitlab_api_key or in GITLAB_TOKEN")
        .into())
    }

    /// Whether the account may write, though its own level does not say so: through an invited group, or as an administrator.
    async fn may_write(&self) -> Result<bool, ForgeError> {
        let Some(user) = self.user().await? else { return Ok(false) };
        if user.is_admin {
            return Ok(true);
        }
        self.ask_insiders(&[user.id]).await?;
        Ok(self.insiders.lock().await.get(&user.id).copied().unwrap_or(false))
    }

    /// What is known of the accounts that wrote something.
    pub(super) async fn accounts<'a>(
        &self,
        users: impl Iterator<Item = Option<&'a User>> + Send,
    ) -> Result<Accounts, ForgeError> {
        let mut ids: Vec<u64> = users.flatten().map(|user| user.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let own = self.user().await?.map(|user| user.id);
        ids.retain(|id| Some(*id) != own);
        self.ask_insiders(&ids).await?;
        Ok(Accounts { own, insiders: self.insiders.lock().await.clone() })
    }

    /// Asks who of these may write to the project; nobody, where the token may not know.
    async fn ask_insiders(&self, ids: &[u64]) -> Result<(), ForgeError> {
        let unknown: Vec<u64> = {
            let known = self.insiders.lock().await;
            ids.iter().copied().filter(|id| !known.contains_key(id)).collect()
        };
        for ids in unknown.chunks(ASKED_AT_ONCE) {
            let mut call = Call::get(self.at(["members", "all"]).await?);
            for id in ids {
                call = call.query("user_ids[]", id.to_string());
            }
            let members = match self.list::<Member>(call, usize::MAX).await {
                Ok(listed) => listed.items,
                Err(error) if is_forbidden(&error) => Vec::new(),
                Err(error) => return Err(self.explain(error, "list the members")),
            };
            let writes = |id: &u64| {
                members.iter().any(|member| {
                    member.id == *id
                        && member.access_level >= DEVELOPER
                        && matches!(member.state.as_str(), "" | "active")
                })
            };
            self.insiders.lock().await.extend(ids.iter().map(|id| (*id, writes(id))));
        }
        Ok(())
    }
}

/// The highest level that the token's account has in the project, as far as the project tells.
fn level_of(project: &Project) -> u32 {
    let permissions = project.permissions.iter();
    let levels = permissions.flat_map(|both| [&both.project_access, &both.group_access]).flatten();
    levels.map(|AccessLevel { access_level }| *access_level).max().unwrap_or(0)
}
