//! One repository on GitHub, and as whom it is asked.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Account, Credential, ForgeError, Trust};
use patchwork_core::secret::Secret;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::address;
use super::app::App;
use super::wire::{Repository, User};
use crate::forge::site::Connect;
use crate::forge::slug::Slug;
use crate::http::{Auth, Call, Http, HttpError};

/// One repository on GitHub.
#[derive(Debug)]
pub(super) struct GitHub {
    /// Without a credential, which [`GitHub::http`] adds.
    pub(super) api: Http,
    pub(super) graphql: Http,
    pub(super) login: Login,
    pub(super) slug: Slug,
    /// The login of the token's account.
    own: OnceCell<Option<String>>,
}

/// As whom.
#[derive(Debug)]
pub(super) enum Login {
    Anonymous,
    Token(Secret),
    App(Box<App>),
}

impl GitHub {
    pub(super) fn connect(connect: Connect<'_>) -> Result<Self, Failure> {
        let slug = Slug::of(connect.remote, "GitHub", "OWNER/NAME")?;
        let login = match connect.credential {
            Some(Credential::Token { token, .. }) => Login::Token(token.clone()),
            Some(Credential::App { id, installation, key }) => {
                Login::App(Box::new(App::new(id, installation.as_deref(), key)?))
            }
            Some(Credential::JobToken(_)) | None => Login::Anonymous,
        };
        let door = |base: &str| {
            Ok::<_, Failure>(
                Http::new(base)?
                    .header("accept", "application/vnd.github+json")
                    .header("x-github-api-version", "2022-11-28")
                    .pace(connect.pace),
            )
        };
        let github = Self {
            api: door(connect.api)?,
            graphql: door(address::above_graphql(connect.api))?,
            login,
            slug,
            own: OnceCell::new(),
        };
        if let Login::Token(token) = &github.login {
            // A token that is none is found out before anything is sent.
            github.api.clone().auth(&Auth::Bearer(token.clone()))?;
        }
        Ok(github)
    }

    /// The door to the REST API, as whoever we are.
    pub(super) async fn http(&self) -> Result<Http, ForgeError> {
        self.authorized(&self.api).await.map_err(|error| self.explain(error, "sign in as the app"))
    }

    pub(super) async fn authorized(&self, door: &Http) -> Result<Http, HttpError> {
        let token = match &self.login {
            Login::Anonymous => return Ok(door.clone()),
            Login::Token(token) => token.clone(),
            Login::App(app) => app.token(&self.api, self.slug.given()).await?,
        };
        door.clone().auth(&Auth::Bearer(token))
    }

    pub(super) async fn app_token(&self, app: &App) -> Result<Secret, ForgeError> {
        let token = app.token(&self.api, self.slug.given()).await;
        token.map_err(|error| self.explain(error, "sign in as the app"))
    }

    pub(super) fn is_anonymous(&self) -> bool {
        matches!(self.login, Login::Anonymous)
    }

    pub(super) async fn read_repository(&self) -> Result<Repository, ForgeError> {
        let (owner, name) = self.slug.given();
        let call = Call::get(["repos", owner, name]);
        let read = self.http().await?.call(&call).await;
        read.map_err(|error| self.explain(error, "read the repository"))
    }

    /// The owner and name under which the repository goes now.
    pub(super) async fn current(&self) -> Result<&(String, String), ForgeError> {
        self.slug.now(async || Ok(self.read_repository().await?.full_name)).await
    }

    /// A path below the repository.
    pub(super) async fn at<'a>(
        &self,
        rest: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<String>, ForgeError> {
        self.current().await?;
        Ok(self.slug.path("repos", rest))
    }

    /// The login of the token's account.
    pub(super) async fn own_name(&self) -> Result<Option<String>, ForgeError> {
        let ask = || async { if self.is_anonymous() { Ok(None) } else { self.viewer().await } };
        self.own.get_or_try_init(ask).await.cloned()
    }

    /// Who did something, and how far that is to be trusted. A member of the organisation counts as one who may write: GitHub does
    /// not say more with a comment.
    pub(super) async fn who(&self, user: Option<&User>, association: &str) -> Result<Account, ForgeError> {
        let name = user.map(|user| user.login.clone()).unwrap_or_default();
        let own = self.own_name().await?;
        let trust = match association {
            _ if !name.is_empty() && own.is_some_and(|own| own.eq_ignore_ascii_case(&name)) => Trust::Own,
            "OWNER" | "MEMBER" | "COLLABORATOR" => Trust::Insider,
            _ => Trust::Outsider,
        };
        Ok(Account { name, trust })
    }

    /// The address of a page that goes to terminals and texts: it must be one of the web.
    pub(super) fn page(&self, url: &str, what: &str, number: u64) -> String {
        let is_page = reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
        if is_page { url.to_owned() } else { format!("{}/{what}/{number}", self.slug) }
    }

    /// The page of the repository.
    pub(super) async fn repository_page(&self) -> Result<String, ForgeError> {
        let (owner, name) = self.current().await?;
        Ok(format!("{}/{owner}/{name}", address::site_of(self.api.base())))
    }

    /// Whether the token is one of an app's installation, as in GitHub Actions. GitHub answers `push: false` to all of them,
    /// whatever they may do.
    pub(super) async fn is_installation(&self) -> Result<bool, ForgeError> {
        if let Login::App(_) = self.login {
            return Ok(true);
        }
        let call = Call::get(["installation", "repositories"]).query("per_page", "1");
        match self.http().await?.call::<Value>(&call).await {
            Ok(_) => Ok(true),
            Err(error) if error.transient() => Err(self.explain(error, "check the token")),
            Err(_) => Ok(false),
        }
    }
}
