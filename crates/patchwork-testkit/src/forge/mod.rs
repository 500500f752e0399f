//! Local stand-ins for forges: they keep pull requests, comments, issues and checks, judge every request by the site's published
//! description and speak real HTTP on 127.0.0.1.

mod answer;
mod azure;
mod bitbucket;
mod control;
mod dialect;
mod gitea;
mod github;
mod gitlab;
mod replay;
mod server;
mod state;

pub use answer::{Answer, Request};
pub use azure::AzureSite;
pub use bitbucket::{BitbucketSite, Report};
pub use dialect::{Dialect, like};
pub use gitlab::{Draft, GitLabSite};
pub use replay::Replay;
pub use server::{ForgeServer, Recorded, Scripted};
pub use state::{App, Check, Comment, Issue, Pull, Sarif, State};
