//! Takes back what a run left outside of its worktree: what it did last goes first, and what others have touched since
//! stays.

mod effects;

use std::sync::Arc;

use patchwork_core::effect::{Done, Effect};
use patchwork_core::failure::Failure;
use patchwork_core::journal::Journal;
use patchwork_core::port::forge::{
    Credential, Ensured, Forge, ForgeError, ForgeTarget, Forges, GitCredential, PullRequestState,
    PullRequestText, TextChange, Thing,
};
use patchwork_core::run::RunId;
use patchwork_core::secret::Secrets;
use patchwork_core::trace::{At, Trace, traces};
use patchwork_repo::checkout::Repository;
use patchwork_repo::git::without_credentials;
use serde::Serialize;

use crate::steps::forge::access::credentials;

/// One thing that a run left, and what becomes of it.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// What it is (`branch autofix-main of origin`).
    pub what: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub fate: Fate,
    #[serde(skip)]
    action: Option<Action>,
}

/// What becomes of something that a run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", content = "how", rename_all = "snake_case")]
pub enum Fate {
    /// It is taken back, in this way.
    Undo(String),
    /// It is as it was before the run: for this reason there is nothing to do.
    AsBefore(String),
    /// It stays, for this reason.
    Stays(String),
}

#[derive(Debug, Clone)]
enum Action {
    Close { forge: usize, number: u64 },
    Retell { forge: usize, number: u64, text: PullRequestText },
    Remote { remote: String, branch: String, from: String, to: Option<String>, git: Option<GitCredential> },
    Branch { name: String, from: String, to: Option<String> },
    Refs(Vec<String>),
    Recomment { forge: usize, on: Thing, id: String, body: String },
    Uncomment { forge: usize, on: Thing, ids: Vec<String> },
    Resolve { forge: usize, number: u64, thread: String, resolved: bool },
    Issue { forge: usize, number: u64, change: TextChange },
}

/// The undoing of one run.
pub struct Undo<'a> {
    repository: &'a Repository,
    run: RunId,
    /// When the run began, milliseconds since 1970.
    began_ms: i64,
    credentials: Vec<Credential>,
    forges: Vec<Arc<dyn Forge>>,
    items: Vec<Item>,
}

impl<'a> Undo<'a> {
    /// Looks at what a run left, changing nothing.
    pub async fn plan(
        journal: &Journal,
        run: &RunId,
        repository: &'a Repository,
        forges: &dyn Forges,
        secrets: &Secrets,
    ) -> Result<Self, Failure> {
        let mut undo = Self {
            repository,
            run: run.clone(),
            began_ms: journal.spec(run).await?.created_ms,
            credentials: credentials(secrets),
            forges: Vec::new(),
            items: Vec::new(),
        };
        // What is known of a pull request after it was opened replaces what was intended.
        let mut left: Vec<Trace> = Vec::new();
        for trace in traces(journal, run).await? {
            match left.iter_mut().find(|known| is_same(known, &trace)) {
                Some(known) => join(known, trace),
                None => left.push(trace),
            }
        }
        for trace in left.into_iter().rev() {
            undo.look_at(trace, forges).await?;
        }
        let refs = repository.refs_of(run).await?;
        if !refs.is_empty() {
            let what = format!("the commits that the run keeps (refs/patchwork/{run})");
            if undo.items.iter().any(|item| matches!(item.fate, Fate::Stays(_))) {
                undo.stays(what, "something of the run stays");
            } else {
                undo.will(what, "drop them", Action::Refs(refs));
            }
        }
        Ok(undo)
    }

    /// What it found, in the order in which it is taken back.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Takes everything back that can be; `done` hears of each thing. Ends at the first that does not work: what was done
    /// stays done, and undoing again goes on from there.
    pub async fn carry_out(self, mut done: impl FnMut(&Item)) -> Result<(), Failure> {
        for item in &self.items {
            if let Some(action) = &item.action {
                self.act(action).await.map_err(|failure| {
                    let mut failure = failure.hint("undo the run again when that is mended: it goes on here");
                    failure.message = format!("{}: {}", item.what, failure.message);
                    failure
                })?;
            }
            done(item);
        }
        Ok(())
    }

    async fn act(&self, action: &Action) -> Result<(), Failure> {
        let forge = |at: &usize| {
            self.forges.get(*at).ok_or_else(|| Failure::internal("an item of `undo` without its forge"))
        };
        match action {
            Action::Close { forge: at, number } => {
                let change = TextChange { open: Some(false), ..TextChange::default() };
                forge(at)?.change_pull_request(*number, &change).await?;
                Ok(())
            }
            Action::Retell { forge: at, number, text } => {
                let change = TextChange {
                    title: Some(text.title.clone()),
                    body: Some(text.body.clone()),
                    ..TextChange::default()
                };
                forge(at)?.change_pull_request(*number, &change).await?;
                Ok(())
            }
            Action::Remote { remote, branch, from, to, git } => {
                self.repository.restore_remote_branch(remote, branch, from, to.as_deref(), git.as_ref()).await
            }
            Action::Branch { name, from, to } => {
                self.repository.restore_branch(name, from, to.as_deref(), &self.run).await
            }
            Action::Refs(refs) => self.repository.delete_refs(refs).await,
            Action::Recomment { forge: at, on, id, body } => {
                forge(at)?.edit_comment(*on, id, body).await?;
                Ok(())
            }
            Action::Uncomment { forge: at, on, ids } => {
                for id in ids {
                    forge(at)?.delete_comment(*on, id).await?;
                }
                Ok(())
            }
            Action::Resolve { forge: at, number, thread, resolved } => {
                Ok(forge(at)?.resolve(*number, thread, *resolved).await?)
            }
            Action::Issue { forge: at, number, change } => {
                forge(at)?.change_issue(*number, change).await?;
                Ok(())
            }
        }
    }

    async fn look_at(&mut self, trace: Trace, forges: &dyn Forges) -> Result<(), Failure> {
        match trace {
            Trace::Effect { at, effect: Effect::PullRequest(spec), before, done }
                if done.as_ref().is_none_or(|done| done.outcome != Ensured::Proposed) =>
            {
                let number = done.and_then(|done| done.number);
                let now = PullRequestText { title: spec.title, body: spec.body };
                let target = ForgeTarget {
                    remote_url: at.remote_url,
                    api_url: at.api_url,
                    credentials: self.credentials()?,
                };
                let forge = forges.connect(&target)?;
                self.pull_request(forge, spec.base, spec.head, number, before, now).await?;
            }
            Trace::PullRequest { remote, api_url, base, head, number, before, now } => {
                let forge = self.connect(forges, &remote, api_url).await?;
                self.pull_request(forge, base, head, number, before, now).await?;
            }
            // What was only proposed is not there, and pushes have a trace of their own.
            Trace::Effect { effect: Effect::Push(_), .. }
            | Trace::Effect { done: Some(Done { outcome: Ensured::Proposed, .. }), .. } => {}
            Trace::Effect { at, effect, before, done } => {
                let target = ForgeTarget {
                    remote_url: at.remote_url,
                    api_url: at.api_url,
                    credentials: self.credentials()?,
                };
                let forge = forges.connect(&target)?;
                self.effect(forge, effect, before, done).await?;
            }
            Trace::Push { remote, branch, commit, before, with_token, at } => {
                let git = if with_token { self.git(forges, &remote, at).await? } else { None };
                let tip = self.repository.remote_branch_tip(&remote, &branch, git.as_ref()).await?;
                let what = format!("branch {branch} of {remote}");
                let stays = self.items.iter().any(|item| matches!(item.fate, Fate::Stays(_)));
                self.branch_item(what, tip, Some(commit), before, stays, |from, to| Action::Remote {
                    remote,
                    branch,
                    from,
                    to,
                    git,
                });
            }
            Trace::Branch { name, before } => {
                let tip = self.repository.branch_tip(&name).await?;
                let ours = self.repository.result_of(&self.run).await?;
                let what = format!("branch {name}");
                self.branch_item(what, tip, ours, before, false, |from, to| Action::Branch {
                    name,
                    from,
                    to,
                });
            }
        }
        Ok(())
    }

    /// What becomes of a pull request that said `before` (none: it was not there) and was made to say `now`.
    async fn pull_request(
        &mut self,
        forge: Arc<dyn Forge>,
        base: String,
        head: String,
        number: Option<u64>,
        before: Option<PullRequestText>,
        now: PullRequestText,
    ) -> Result<(), Failure> {
        let found = match number {
            Some(number) => match forge.pull_request(number).await {
                Ok(found) => Some(found),
                Err(ForgeError::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            },
            None => forge.find_pull_request(&base, &head).await?,
        };
        let at = self.forges.len();
        self.forges.push(forge);
        let Some(found) = found else {
            self.as_before(format!("pull request of {head} into {base}"), "there is none");
            return Ok(());
        };
        let (what, number) = (format!("pull request {}", found.pull.url), found.pull.number);
        match (found.state, before) {
            (PullRequestState::Merged, _) => {
                self.stays(what, "it was merged: take that back with git revert");
            }
            (PullRequestState::Closed, _) => self.as_before(what, "it is closed"),
            (PullRequestState::Open, Some(before)) if says(&found.text(), &before) => {
                self.as_before(what, "it says what it said before");
            }
            (PullRequestState::Open, _) if !says(&found.text(), &now) => {
                self.stays(what, "its text was changed since");
            }
            (PullRequestState::Open, Some(before)) => {
                let action = Action::Retell { forge: at, number, text: before };
                self.will(what, "give it back its title and body", action);
            }
            (PullRequestState::Open, None) => {
                self.will(what, "close it", Action::Close { forge: at, number });
            }
        }
        Ok(())
    }

    /// What becomes of a branch that stands at `tip`, where the run left `ours` and found `before`.
    fn branch_item(
        &mut self,
        what: String,
        tip: Option<String>,
        ours: Option<String>,
        before: Option<String>,
        needed: bool,
        action: impl FnOnce(String, Option<String>) -> Action,
    ) {
        match tip {
            tip if tip == before => self.as_before(what, "it is where it was"),
            None => self.as_before(what, "it is gone"),
            Some(tip) if Some(&tip) != ours.as_ref() => {
                let tip: String = tip.chars().take(12).collect();
                self.stays(what, &format!("it stands at {tip}, where the run did not leave it"));
            }
            Some(_) if needed => self.stays(what, "its pull request stays"),
            Some(tip) => {
                let how = match &before {
                    Some(before) => {
                        format!("move it back to {}", before.chars().take(12).collect::<String>())
                    }
                    None => "delete it".to_owned(),
                };
                self.will(what, &how, action(tip, before));
            }
        }
    }

    async fn connect(
        &self,
        forges: &dyn Forges,
        remote: &str,
        api_url: Option<String>,
    ) -> Result<Arc<dyn Forge>, Failure> {
        let remote_url = self.repository.remote_url(remote).await?.ok_or_else(|| {
            Failure::configuration(format!("there is no remote `{}` any more", remote.escape_debug()))
        })?;
        forges.connect(&ForgeTarget {
            remote_url: without_credentials(&remote_url),
            api_url,
            credentials: self.credentials()?,
        })
    }

    /// How git shows the forge of a remote who we are.
    async fn git(
        &self,
        forges: &dyn Forges,
        remote: &str,
        at: Option<At>,
    ) -> Result<Option<GitCredential>, Failure> {
        let forge = match at {
            Some(At { remote_url, api_url, .. }) => {
                forges.connect(&ForgeTarget { remote_url, api_url, credentials: self.credentials()? })?
            }
            None => self.connect(forges, remote, None).await?,
        };
        Ok(forge.git_credential().await?)
    }

    fn credentials(&self) -> Result<Vec<Credential>, Failure> {
        if !self.credentials.is_empty() {
            return Ok(self.credentials.clone());
        }
        Err(Failure::usage(format!(
            "run {} used a token of the forge, which is never stored: give it again",
            self.run
        ))
        .hint(format!("patchwork undo {} github_api_key=…, or set GITHUB_TOKEN", self.run)))
    }

    fn will(&mut self, what: String, how: &str, action: Action) {
        self.items.push(Item { what, fate: Fate::Undo(how.to_owned()), action: Some(action) });
    }

    fn as_before(&mut self, what: String, why: &str) {
        self.items.push(Item { what, fate: Fate::AsBefore(why.to_owned()), action: None });
    }

    fn stays(&mut self, what: String, why: &str) {
        self.items.push(Item { what, fate: Fate::Stays(why.to_owned()), action: None });
    }
}

/// Puts what is known later over what was known of the same thing; what was there before the run stays what it was.
fn join(known: &mut Trace, mut later: Trace) {
    if let (Trace::Effect { before: first, done: did, .. }, Trace::Effect { before, done, .. }) =
        (&*known, &mut later)
    {
        before.clone_from(first);
        // Said again, it is as the run left it.
        if done.as_ref().is_some_and(|done| done.outcome == Ensured::Unchanged) && did.is_some() {
            done.clone_from(did);
        }
    }
    *known = later;
}

/// Whether two traces are of one thing: one pull request, one comment.
fn is_same(a: &Trace, b: &Trace) -> bool {
    let about = |trace: &Trace| match trace {
        Trace::PullRequest { remote, base, head, .. } => Some((remote.clone(), base.clone(), head.clone())),
        Trace::Effect { at, effect: Effect::PullRequest(spec), .. } => {
            Some((at.remote_url.clone(), spec.base.clone(), spec.head.clone()))
        }
        Trace::Effect { at, effect: Effect::Comment { on, mark, .. }, .. } => {
            Some((at.remote_url.clone(), on.to_string(), format!("{} {}", mark.name, mark.key)))
        }
        Trace::Effect { at, effect: Effect::Issue { mark, .. }, .. } => {
            Some((at.remote_url.clone(), "issue".to_owned(), format!("{} {}", mark.name, mark.key)))
        }
        _ => None,
    };
    match (a, b) {
        (Trace::Effect { at, effect, .. }, Trace::Effect { at: at_b, effect: effect_b, .. })
            if at == at_b && effect == effect_b =>
        {
            true
        }
        _ => about(a).is_some() && about(a) == about(b),
    }
}

/// Whether a pull request says this; forges change line ends, and cut long titles.
fn says(text: &PullRequestText, expected: &PullRequestText) -> bool {
    const COMPARED: usize = 200;
    let title = |text: &str| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        words.chars().take(COMPARED).collect::<String>()
    };
    title(&text.title) == title(&expected.title)
        && text.body.trim_end().lines().eq(expected.body.trim_end().lines())
}
