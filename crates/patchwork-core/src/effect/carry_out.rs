//! The one gate through which a run writes to a forge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Allowance, Effect, Gate, PushSpec, Violation};
use crate::engine::digest;
use crate::event::EventBody;
use crate::failure::Failure;
use crate::port::checkout::{PushRequest, Pushed};
use crate::port::forge::{
    Account, Comment, Ensured, Forge, ForgeTarget, FoundIssue, FoundPullRequest, GitCredential,
    PullRequestText, Thing, ensure,
};
use crate::run::NodePath;
use crate::step::{Context, Effects, StepError};
use crate::trace::{At, Trace};

/// Commits of a push whose messages are read.
const COMMITS_LOOKED_AT: usize = 1_000;

/// Under this key of the run stands whose text it has read that is an outsider.
const HEARD: &str = "#heard";

/// Where effects go.
#[derive(Clone)]
pub struct Destination {
    /// The repository on its forge.
    pub forge: Arc<dyn Forge>,
    /// The remote's URL, without credentials.
    pub remote_url: String,
    /// The base of the forge's API, when it is not the remote's own.
    pub api_url: Option<String>,
    /// How git shows the forge who we are, where the remote is the forge's own.
    pub git: Option<GitCredential>,
}

impl Destination {
    /// Connects to what a target names; nothing is sent.
    pub fn connect(ctx: &Context, target: &ForgeTarget) -> Result<Self, StepError> {
        Ok(Self {
            forge: ctx.forges()?.connect(target)?,
            remote_url: target.remote_url.clone(),
            api_url: target.api_url.clone(),
            git: None,
        })
    }

    /// A push as the checkout is asked for it.
    pub fn push_request(&self, push: &PushSpec) -> PushRequest {
        PushRequest {
            remote: push.remote.clone(),
            commit: push.commit.clone(),
            branch: push.branch.clone(),
            force: push.force,
            credential: self.git.clone(),
        }
    }

    fn at(&self) -> At {
        At { forge: self.forge.kind(), remote_url: self.remote_url.clone(), api_url: self.api_url.clone() }
    }
}

/// What became of an effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What was done.
    pub outcome: Ensured,
    /// The page; empty when there is none.
    #[serde(default)]
    pub url: String,
    /// The number of a pull request or an issue.
    #[serde(default)]
    pub number: Option<u64>,
    /// The ids of comments that are new or were changed.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Keys of line comments that the forge does not take, because their line is not in the diff.
    #[serde(default)]
    pub outside: Vec<String>,
}

impl Context {
    /// Does something to a forge, if policy lets this run: looks first, records what it is about to do and what it did, and does
    /// nothing twice in one run. A run that only proposes writes the effect down instead, and answers [`Ensured::Proposed`].
    /// Secrets in its texts are masked, and what they must not do is taken from them ([`Gate::neutralise`]).
    ///
    /// Needs [`Effects::WRITES_FORGE`].
    pub async fn carry_out(&self, to: &Destination, effect: Effect) -> Result<Done, StepError> {
        self.door(&[Effects::WRITES_FORGE], "effects on a forge")?;
        let mut effect = effect;
        for text in effect.texts() {
            *text = self.redact(text);
        }
        Gate::new(&self.ports.policy, &*to.forge).neutralise(&mut effect);
        let name = format!("{}/{}", effect.kind(), short(&digest(&(&effect, to.at()))?));
        let done = format!("{name}/done");
        // One after the other: the policy's limits are those of the run, not of a node.
        let _alone = self.memory.alone("effects").await;
        if let Some(Trace::Effect { done: Some(done), .. }) = self.left(&done).await? {
            return Ok(done);
        }
        self.allow(to, &effect).await?;
        if self.ports.proposes {
            let answer = Done { outcome: Ensured::Proposed, ..Done::default() };
            let trace = Trace::Effect { at: to.at(), effect, before: None, done: Some(answer.clone()) };
            self.leave(&done, &trace).await?;
            return Ok(answer);
        }
        let work = async {
            let there = There::find(&*to.forge, &effect).await?;
            let before = there.text();
            let trace = |before, done| Trace::Effect { at: to.at(), effect: effect.clone(), before, done };
            self.leave(&name, &trace(before.clone(), None)).await?;
            let answer = self.ensure(to, &effect, there).await?;
            self.leave(&done, &trace(before, Some(answer.clone()))).await?;
            Ok::<_, StepError>(answer)
        };
        let answer = tokio::select! {
            answer = work => answer?,
            () = self.cancel.cancelled() => return Err(StepError::cancelled()),
        };
        if answer.outcome != Ensured::Unchanged {
            let (what, name) = effect.produced(&answer.url);
            self.emit(EventBody::Produced { what, name });
        }
        Ok(answer)
    }

    /// Says that the step has read a text, and whose. From then on a run that has heard an outsider may only do what policy gives
    /// outsiders. `what` names the text (`the title of pull request 7`).
    pub async fn heard(&self, who: &Account, what: &str) -> Result<(), StepError> {
        match who.told_as_outsider(what) {
            Some(text) => self.heard_before(&text).await,
            None => Ok(()),
        }
    }

    /// [`Context::heard`] for what another run has read whose effects this one carries out: `text` is what
    /// [`Context::heard_outsider`] answered there.
    pub async fn heard_before(&self, text: &str) -> Result<(), StepError> {
        // Nodes that run side by side: the first of them tells.
        let _alone = self.memory.alone(HEARD).await;
        if self.heard_outsider().await?.is_some() {
            return Ok(());
        }
        self.memory.record(&heard_key(), &serde_json::Value::from(text)).await?;
        self.warn(format!(
            "the run has read {text}, who is no member of the repository: from here on it may only do what policy gives outsiders"
        ));
        Ok(())
    }

    /// Whose text the run has read that is an outsider, the first of them.
    pub async fn heard_outsider(&self) -> Result<Option<String>, StepError> {
        Ok(self.memory.recall(&heard_key()).await?.and_then(|value| value.as_str().map(str::to_owned)))
    }

    async fn allow(&self, to: &Destination, effect: &Effect) -> Result<(), StepError> {
        let mut had = Vec::new();
        for trace in self.memory.traces().await? {
            if let Trace::Effect { effect, done: Some(_), .. } = trace {
                had.push((effect.kind(), effect.count()));
            }
        }
        let heard = self.heard_outsider().await?;
        let policy = &self.ports.policy;
        let gate = Gate::new(policy, &*to.forge);
        let (mut changes, mut bases) = (Vec::new(), Vec::new());
        let mut violations = gate.texts(effect);
        if let Effect::Push(push) = effect {
            let (history, base) = (&self.ports.history, self.ports.checkout.base());
            changes = history.changes(&base.commit, &push.commit).await?;
            bases.extend(base.branch.clone());
            bases.extend(history.default_branch(&push.remote).await?);
            let commits = history.commits(&base.commit, &push.commit, COMMITS_LOOKED_AT).await?;
            violations.extend(gate.messages(effect, commits.iter().map(|commit| commit.message.as_str())));
        }
        let allowance =
            Allowance { had: &had, heard: heard.as_deref(), changes: &changes, bases: &bases, about: None };
        violations.extend(policy.violations(effect, &allowance)?);
        if violations.is_empty() { Ok(()) } else { Err(Violation::failure(&violations).into()) }
    }

    async fn ensure(&self, to: &Destination, effect: &Effect, there: There) -> Result<Done, StepError> {
        let forge = &*to.forge;
        Ok(match effect {
            Effect::Push(push) => self.push(to, push).await?,
            Effect::PullRequest(spec) => {
                let (pull, outcome) = ensure::put_pull_request(forge, spec, there.pull_request).await?;
                Done { outcome, url: pull.pull.url, number: Some(pull.pull.number), ..Done::default() }
            }
            Effect::Comment { on, mark, body } => {
                let (comment, outcome) = ensure::put_comment(forge, *on, mark, body, there.comment).await?;
                about(comment, outcome, *on)
            }
            Effect::Review { number, commit, name, summary, comments } => {
                let reviewed = ensure::review(forge, *number, commit, name, summary, comments).await?;
                let outcome = if reviewed.made.is_empty() { Ensured::Unchanged } else { Ensured::Created };
                Done {
                    outcome,
                    url: reviewed.made.first().map(|comment| comment.url.clone()).unwrap_or_default(),
                    number: Some(*number),
                    ids: reviewed.made.into_iter().map(|comment| comment.id).collect(),
                    outside: reviewed.outside,
                }
            }
            Effect::Reply { number, thread, mark, body } => {
                let (comment, outcome) = ensure::reply(forge, *number, thread, mark, body).await?;
                about(comment, outcome, Thing::PullRequest(*number))
            }
            Effect::Resolve { number, thread, resolved } => Done {
                outcome: ensure::resolved(forge, *number, thread, *resolved).await?,
                number: Some(*number),
                ..Done::default()
            },
            Effect::Issue { mark, spec } => {
                let (issue, outcome) = ensure::put_issue(forge, mark, spec, there.issue).await?;
                Done { outcome, url: issue.url, number: Some(issue.number), ..Done::default() }
            }
            Effect::Check(spec) => {
                let (url, outcome) = ensure::check(forge, spec).await?;
                Done { outcome, url, ..Done::default() }
            }
            Effect::Sarif(spec) => {
                Done { outcome: Ensured::Created, url: forge.upload_sarif(spec).await?, ..Done::default() }
            }
        })
    }

    async fn push(&self, to: &Destination, push: &PushSpec) -> Result<Done, StepError> {
        let request = to.push_request(push);
        let checkout = self.checkout()?;
        let seen = checkout.check_push(&request).await?;
        if seen.as_ref() != Some(&request.commit) {
            let trace = Trace::Push {
                remote: request.remote.clone(),
                branch: request.branch.clone(),
                commit: request.commit.clone(),
                before: seen.clone(),
                with_token: request.credential.is_some(),
                at: Some(to.at()),
            };
            self.leave(&format!("push/{}", request.branch), &trace).await?;
        }
        let outcome = match checkout.push(&request, seen.as_deref()).await? {
            Pushed::Created => Ensured::Created,
            Pushed::Updated => Ensured::Updated,
            Pushed::Unchanged => Ensured::Unchanged,
        };
        Ok(Done { outcome, ..Done::default() })
    }
}

fn about(comment: Comment, outcome: Ensured, on: Thing) -> Done {
    Done { outcome, url: comment.url, number: Some(on.number()), ids: vec![comment.id], ..Done::default() }
}

/// The pull request, the comment or the issue that an effect is about to change, as it is before; nothing when it is not there yet.
#[derive(Default)]
struct There {
    pull_request: Option<FoundPullRequest>,
    comment: Option<Comment>,
    issue: Option<FoundIssue>,
}

impl There {
    /// Asks the forge, once.
    async fn find(forge: &dyn Forge, effect: &Effect) -> Result<Self, StepError> {
        let mut there = Self::default();
        match effect {
            Effect::PullRequest(spec) => {
                there.pull_request = forge.find_pull_request(&spec.base, &spec.head).await?;
            }
            Effect::Comment { on, mark, .. } => {
                there.comment = ensure::own_comment(forge, *on, mark).await?;
            }
            Effect::Issue { mark, .. } => there.issue = ensure::own_issue(forge, mark).await?,
            _ => {}
        }
        Ok(there)
    }

    /// What it says.
    fn text(&self) -> Option<PullRequestText> {
        let of = |title: &str, body: &str| PullRequestText { title: title.to_owned(), body: body.to_owned() };
        let pull_request = self.pull_request.as_ref().map(FoundPullRequest::text);
        let comment = self.comment.as_ref().map(|comment| of("", &comment.body));
        let issue = self.issue.as_ref().map(|issue| of(&issue.title, &issue.body));
        pull_request.or(comment).or(issue)
    }
}

fn heard_key() -> String {
    format!("{}{HEARD}", NodePath::root())
}

fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

impl Context {
    async fn left(&self, name: &str) -> Result<Option<Trace>, StepError> {
        let Some(value) = self.memory.recall(&self.trace_key(name)).await? else { return Ok(None) };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|error| Failure::internal("the journal holds another trace").caused_by(&error).into())
    }
}
