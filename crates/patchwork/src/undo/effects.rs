//! Comments, threads and issues that a run left: taken back only while they are as the run left them.

use std::sync::Arc;

use patchwork_core::effect::{Done, Effect};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ensure::{self, MarkedComment};
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{
    Comment, Ensured, Forge, ForgeError, PullRequestState, PullRequestText, TextChange, Thing,
};

use super::{Action, Undo};

impl Undo<'_> {
    /// What becomes of an effect; `before` is what was said there before, `done` what is known of it (nothing when the run ended
    /// while it was being carried out).
    pub(super) async fn effect(
        &mut self,
        forge: Arc<dyn Forge>,
        effect: Effect,
        before: Option<PullRequestText>,
        done: Option<Done>,
    ) -> Result<(), Failure> {
        if done.as_ref().is_some_and(|done| done.outcome == Ensured::Unchanged) {
            self.as_before(effect.describe(), "the run found it as it is");
            return Ok(());
        }
        let what = match done.as_ref().map(|done| done.url.as_str()) {
            Some(url) if !url.is_empty() => format!("{} ({url})", effect.describe()),
            _ => effect.describe(),
        };
        match effect {
            Effect::Comment { on, mark, body } => {
                let found = self.found(&*forge, on, done.as_ref(), |other| other.is_same(&mark)).await?;
                let expected = written(&*forge, &mark, &body);
                self.comment(forge, what, on, found, &expected, before);
            }
            Effect::Reply { number, thread, mark, body } => {
                let on = Thing::PullRequest(number);
                let mut found = self.found(&*forge, on, done.as_ref(), |other| other.is_same(&mark)).await?;
                found.retain(|comment| comment.thread.as_deref() == Some(&thread));
                let expected = written(&*forge, &mark, &body);
                self.comment(forge, what, on, found, &expected, None);
            }
            Effect::Review { number, name, comments, .. } => {
                self.review(forge, what, number, &name, &comments, done.as_ref()).await?;
            }
            Effect::Resolve { number, thread, resolved } => {
                let comments = forge.comments(Thing::PullRequest(number)).await?;
                let stands = comments.iter().find(|comment| comment.thread.as_deref() == Some(&thread));
                match stands {
                    None => self.as_before(what, "the thread is gone"),
                    Some(comment) if comment.resolved != resolved => {
                        self.as_before(what, if resolved { "it is open" } else { "it is resolved" });
                    }
                    // Nobody knows whether the run did it or found it so.
                    Some(_) if done.is_none() => {
                        self.stays(what, "the run ended while it did this: look at the thread");
                    }
                    Some(_) => {
                        let how = if resolved { "open the thread again" } else { "resolve the thread" };
                        let at = self.forge(forge);
                        let action = Action::Resolve { forge: at, number, thread, resolved: !resolved };
                        self.will(what, how, action);
                    }
                }
            }
            Effect::Issue { mark, spec } => {
                let number = done.and_then(|done| done.number);
                let now = PullRequestText { title: spec.title, body: spec.body };
                self.issue(forge, what, &mark, number, before, &now).await?;
            }
            Effect::Check(_) => self.stays(what, "forges keep checks: one of the same name takes its place"),
            Effect::Sarif(_) => self.stays(what, "forges keep reports: the next one takes its place"),
            // These two are looked at elsewhere.
            Effect::Push(_) | Effect::PullRequest(_) => {}
        }
        Ok(())
    }

    /// Comments of ours that the run made or changed: by their ids, else by their marks.
    async fn found(
        &self,
        forge: &dyn Forge,
        on: Thing,
        done: Option<&Done>,
        is_it: impl Fn(&Mark) -> bool,
    ) -> Result<Vec<Comment>, Failure> {
        let mut comments = match forge.comments(on).await {
            Ok(comments) => comments,
            Err(ForgeError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        comments.retain(|comment| {
            let is_known = done.is_none_or(|done| done.ids.contains(&comment.id));
            is_known && Mark::of(comment).is_some_and(|found| is_it(&found.mark))
        });
        Ok(comments)
    }

    fn comment(
        &mut self,
        forge: Arc<dyn Forge>,
        what: String,
        on: Thing,
        found: Vec<Comment>,
        expected: &str,
        before: Option<PullRequestText>,
    ) {
        let Some(comment) = found.into_iter().next() else { return self.as_before(what, "it is gone") };
        match before {
            Some(before) if ensure::same_text(&comment.body, &before.body) => {
                self.as_before(what, "it says what it said before");
            }
            _ if !ensure::same_text(&comment.body, expected) => self.stays(what, "it was changed since"),
            Some(before) => {
                let at = self.forge(forge);
                let action = Action::Recomment { forge: at, on, id: comment.id, body: before.body };
                self.will(what, "give it back its text", action);
            }
            None => {
                let at = self.forge(forge);
                self.will(what, "delete it", Action::Uncomment { forge: at, on, ids: vec![comment.id] });
            }
        }
    }

    async fn review(
        &mut self,
        forge: Arc<dyn Forge>,
        what: String,
        number: u64,
        name: &str,
        comments: &[MarkedComment],
        done: Option<&Done>,
    ) -> Result<(), Failure> {
        let on = Thing::PullRequest(number);
        let expected = |key: &str| comments.iter().find(|marked| marked.key == key);
        let is_it = |mark: &Mark| mark.name == name && expected(&mark.key).is_some();
        let mut found = self.found(&*forge, on, done, is_it).await?;
        // Without ids, those of earlier runs have the same marks.
        found.retain(|comment| done.is_some() || comment.created_ms >= self.began_ms);
        if found.is_empty() {
            self.as_before(what, "its comments are gone");
            return Ok(());
        }
        let is_ours = |comment: &Comment| {
            let mark = Mark::of(comment).map(|found| found.mark);
            mark.and_then(|mark| Some(written(&*forge, &mark, &expected(&mark.key)?.comment.body)))
                .is_some_and(|text| ensure::same_text(&comment.body, &text))
        };
        let (ours, changed): (Vec<Comment>, Vec<Comment>) = found.into_iter().partition(is_ours);
        if !changed.is_empty() {
            self.stays(format!("{what}: {} of its comments", changed.len()), "they were changed since");
        }
        if !ours.is_empty() {
            let how = format!(
                "delete {}",
                if ours.len() == 1 { "its comment".into() } else { format!("its {} comments", ours.len()) }
            );
            let ids = ours.into_iter().map(|comment| comment.id).collect();
            let at = self.forge(forge);
            self.will(what, &how, Action::Uncomment { forge: at, on, ids });
        }
        Ok(())
    }

    async fn issue(
        &mut self,
        forge: Arc<dyn Forge>,
        what: String,
        mark: &Mark,
        number: Option<u64>,
        before: Option<PullRequestText>,
        now: &PullRequestText,
    ) -> Result<(), Failure> {
        let found = match number {
            Some(number) => match forge.issue(number).await {
                Ok(found) => Some(found),
                Err(ForgeError::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            },
            None => ensure::own_issue(&*forge, mark).await?,
        };
        let Some(found) = found else {
            self.as_before(what, "there is none");
            return Ok(());
        };
        let limits = forge.limits();
        let expected = ensure::within(&now.body, limits.body, |body| mark.write(body, forge.hidden()));
        let is_ours = found.title == ensure::one_line(&now.title, limits.title)
            && ensure::same_text(&found.body, &expected);
        let number = found.number;
        match before {
            _ if found.state != PullRequestState::Open => self.as_before(what, "it is closed"),
            Some(before) if found.title == before.title && ensure::same_text(&found.body, &before.body) => {
                self.as_before(what, "it says what it said before");
            }
            _ if !is_ours => self.stays(what, "its text was changed since"),
            Some(before) => {
                let change = TextChange {
                    title: Some(before.title),
                    body: Some(before.body),
                    ..TextChange::default()
                };
                let at = self.forge(forge);
                self.will(
                    what,
                    "give it back its title and body",
                    Action::Issue { forge: at, number, change },
                );
            }
            None => {
                let change = TextChange { open: Some(false), ..TextChange::default() };
                let at = self.forge(forge);
                self.will(what, "close it", Action::Issue { forge: at, number, change });
            }
        }
        Ok(())
    }

    fn forge(&mut self, forge: Arc<dyn Forge>) -> usize {
        self.forges.push(forge);
        self.forges.len() - 1
    }
}

/// A comment as it was sent.
fn written(forge: &dyn Forge, mark: &Mark, body: &str) -> String {
    ensure::within(body, forge.limits().comment, |body| mark.write(body, forge.hidden()))
}
