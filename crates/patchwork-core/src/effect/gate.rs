//! What the gate does with the texts of an effect: those of a run are made harmless, those of a bundle must be.

use super::reach::{self, Page, Reach};
use super::{Effect, Policy, Violation};
use crate::port::forge::{Forge, ForgeKind};

/// A policy at a forge.
#[derive(Debug, Clone)]
pub struct Gate<'a> {
    policy: &'a Policy,
    forge: ForgeKind,
    homes: Vec<String>,
}

impl<'a> Gate<'a> {
    /// The gate before a repository on its forge.
    pub fn new(policy: &'a Policy, forge: &dyn Forge) -> Self {
        Self { policy, forge: forge.kind(), homes: forge.homes() }
    }

    fn page(&self, effect: &Effect) -> Page<'_> {
        let merges = matches!(effect, Effect::PullRequest(_) | Effect::Push(_));
        Page { forge: self.forge, homes: &self.homes, merges, policy: self.policy }
    }

    /// Takes from the texts of an effect what they must not do.
    pub fn neutralise(&self, effect: &mut Effect) {
        let page = self.page(effect);
        for text in effect.markdown() {
            *text = reach::neutralise(text, &page);
        }
        for text in effect.lines() {
            *text = reach::neutralise_line(text, &page);
        }
    }

    /// What the texts of an effect do that they must not.
    pub fn texts(&self, effect: &Effect) -> Vec<Violation> {
        let (page, name) = (self.page(effect), effect.describe());
        let mut copy = effect.clone();
        let mut found: Vec<Reach> = Vec::new();
        for text in copy.markdown() {
            found.extend(reach::in_markdown(text, &page));
        }
        for text in copy.lines() {
            found.extend(reach::in_line(text, &page));
        }
        let mut violations: Vec<Violation> =
            found.iter().map(|reach| told(&name, "its text", reach)).collect();
        if let Effect::Check(spec) = effect
            && let Some(url) = &spec.details_url
            && !reach::leads_home(url, &page)
        {
            violations.push(Violation {
                effect: name,
                problem: format!("it leads to `{}`", url.escape_debug()),
                field: "link_hosts",
            });
        }
        violations.dedup();
        violations
    }

    /// What the messages of pushed commits do that they must not.
    pub fn messages<'m>(
        &self,
        effect: &Effect,
        messages: impl IntoIterator<Item = &'m str>,
    ) -> Vec<Violation> {
        let (page, name) = (self.page(effect), effect.describe());
        let found = messages.into_iter().flat_map(|message| reach::in_line(message, &page));
        found.map(|reach| told(&name, "the message of a commit", &reach)).collect()
    }
}

fn told(effect: &str, whose: &str, reach: &Reach) -> Violation {
    Violation { effect: effect.to_owned(), problem: format!("{whose} {reach}"), field: reach.doing.field() }
}
