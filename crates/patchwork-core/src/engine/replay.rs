//! A run again, from its recording: what left the machine and what models said comes from there, the rest is computed.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;
use sha2::Digest as _;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::journal::{RecordedCall, Recording};
use crate::message::Message;
use crate::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use crate::run::NodePath;
use crate::step::{Asked, Effects, Outside};
use crate::usage::{MicroUsd, Usage};

/// A recording, indexed.
pub(super) struct Script {
    outcomes: HashMap<String, Value>,
    failures: HashMap<NodePath, Failure>,
    /// What the run may do with files outside of its checkout.
    pub(super) outside: Outside,
}

impl Script {
    pub(super) fn new(recording: &Recording, outside: Outside) -> Self {
        let outcomes = recording.outcomes.iter().map(|outcome| (outcome.key.clone(), outcome.value.clone()));
        let failures = recording.failures.iter().map(|failed| (failed.node.clone(), failed.failure.clone()));
        Self { outcomes: outcomes.collect(), failures: failures.collect(), outside }
    }

    pub(super) fn outcome(&self, key: &str) -> Option<&Value> {
        self.outcomes.get(key)
    }

    /// Why a node failed, if it did.
    pub(super) fn failure(&self, node: &NodePath) -> Option<&Failure> {
        self.failures.get(node)
    }

    /// Whether a step's outcome is taken from the recording: when it wrote to a forge, and when it ran programs or used the
    /// network without changing the checkout. One that changes the checkout is run, so that the changes are there; what it
    /// does outside, it does by [`Context::once`](crate::step::Context::once).
    pub(super) fn speaks_for(effects: Effects) -> bool {
        effects.contains(Effects::WRITES_FORGE)
            || (Self::goes_outside(effects) && !effects.contains(Effects::WRITES_CHECKOUT))
    }

    /// Whether a step may fail for reasons that a replay does not meet, or meets where there were none.
    pub(super) fn goes_outside(effects: Effects) -> bool {
        [Effects::RUNS_COMMANDS, Effects::NETWORK, Effects::READS_FORGE]
            .iter()
            .any(|one| effects.contains(*one))
    }
}

/// Models as a recording knows them: a request that was made then gets the answer, or the error, of then; any other is an
/// error that shows where it differs. Nothing is sent.
pub struct ReplayedModels {
    /// The calls, each with what it is found by.
    calls: Vec<(Vec<String>, RecordedCall)>,
    /// By what was asked: the answers, in the order in which they came.
    answers: HashMap<String, Vec<ChatAnswer>>,
    taken: std::sync::Mutex<HashMap<String, usize>>,
}

impl ReplayedModels {
    /// The models of a recording.
    pub fn new(recording: &Recording) -> Self {
        let values: HashMap<&str, &Value> =
            recording.outcomes.iter().map(|outcome| (outcome.key.as_str(), &outcome.value)).collect();
        let mut models =
            Self { calls: Vec::new(), answers: HashMap::new(), taken: std::sync::Mutex::default() };
        for call in &recording.calls {
            let answer = values.get(call.key.as_str());
            let answer = answer.and_then(|value| serde_json::from_value::<ChatAnswer>((*value).clone()).ok());
            let keys = keys_of(&call.asked);
            if let Some(answer) = answer {
                for key in keys.clone() {
                    models.answers.entry(key).or_default().push(answer.clone());
                }
            }
            models.calls.push((keys, call.clone()));
        }
        models
    }

    /// The next recorded answer to a request; the last one for ever.
    fn answer(&self, key: &str) -> Option<ChatAnswer> {
        let answers = self.answers.get(key)?;
        let mut taken = self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = taken.entry(key.to_owned()).or_default();
        let answer = answers.get(*next).or_else(|| answers.last()).cloned();
        *next += 1;
        answer
    }
}

/// What a call is found by: what was sent, and what was asked before it was cut, since who has only the recording does
/// not know what the model takes.
fn keys_of(asked: &Asked) -> Vec<String> {
    [asked.sent.as_ref(), Some(&asked.request)]
        .into_iter()
        .flatten()
        .filter_map(|request| key_of(&asked.model, &asked.fallbacks, &asked.base_url, request))
        .collect()
}

fn key_of(
    model: &Option<String>,
    fallbacks: &[String],
    base_url: &Option<String>,
    request: &ChatRequest,
) -> Option<String> {
    super::digest(&(model, fallbacks, base_url, request)).ok()
}

#[async_trait]
impl Provider for ReplayedModels {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        let answer = self
            .calls
            .iter()
            .filter(|(_, call)| call.asked.model == target.model && call.asked.base_url == target.base_url)
            .find_map(|(keys, _)| self.answers.get(keys.first()?)?.first());
        let (vendor, model) = answer
            .map(|answer| (answer.vendor.clone(), answer.model.clone()))
            .unwrap_or_else(|| ("recording".to_owned(), target.model.clone().unwrap_or_default()));
        let base_url = target.base_url.clone().unwrap_or_default();
        let reason = Some("from the recording".to_owned());
        Ok(Route { vendor, model, base_url, reason, ..Route::default() })
    }

    fn measure(&self, _route: &Route, _request: &ChatRequest) -> Measure {
        Measure::default()
    }

    fn price(&self, _route: &Route, _usage: Usage) -> Option<MicroUsd> {
        None
    }

    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        _watch: &dyn Watch,
        _cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        let key = key_of(&target.model, &target.fallbacks, &target.base_url, request).unwrap_or_default();
        if let Some(answer) = self.answer(&key) {
            return Ok(answer);
        }
        let failed = self.calls.iter().filter(|(keys, _)| keys.contains(&key));
        if let Some(error) = failed.filter_map(|(_, call)| call.error.as_ref()).next() {
            return Err(error.clone());
        }
        let now = Asked {
            model: target.model.clone(),
            fallbacks: target.fallbacks.clone(),
            base_url: target.base_url.clone(),
            request: request.clone(),
            sent: None,
        };
        let message = match self.nearest(request) {
            Some(call) => {
                format!("the recording holds no answer to this request: {}", difference(&call.asked, &now))
            }
            None => "the recording holds no model call".to_owned(),
        };
        Err(ProviderError {
            kind: ProviderErrorKind::NotRecorded,
            message,
            status: None,
            retry_after: None,
            hint: Some(
                "what is not recorded needs a new run that asks; the recorded one stays as it is".to_owned(),
            ),
        })
    }
}

impl ReplayedModels {
    /// The recorded call whose messages are the same for the longest.
    fn nearest(&self, request: &ChatRequest) -> Option<&RecordedCall> {
        self.calls.iter().map(|(_, call)| call).max_by_key(|call| {
            let pairs = call.asked.request.messages.iter().zip(&request.messages);
            let mut same = 0;
            for (then, now) in pairs {
                let prefix =
                    then.content.bytes().zip(now.content.bytes()).take_while(|(a, b)| a == b).count();
                let suffix = then
                    .content
                    .bytes()
                    .rev()
                    .zip(now.content.bytes().rev())
                    .take_while(|(a, b)| a == b)
                    .count();
                same += (prefix + suffix).min(then.content.len());
            }
            same
        })
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 160;

/// The first difference between a recorded call and one that is made now, in words.
pub fn difference(then: &Asked, now: &Asked) -> String {
    let (call, request) = (now, &now.request);
    // Cut in the same way they are the same; what was asked says more than what was left of it.
    let then_request = then.sent.as_ref().filter(|sent| *sent == request).unwrap_or(&then.request);
    for (index, (then, now)) in then_request.messages.iter().zip(&request.messages).enumerate() {
        if let Some(difference) = of_messages(then, now) {
            return format!("message {} {difference}", index + 1);
        }
    }
    if then_request.messages.len() != request.messages.len() {
        return format!(
            "it has {} messages, recorded were {}",
            request.messages.len(),
            then_request.messages.len()
        );
    }
    let named = |asked: &Asked, request: &ChatRequest| {
        let mut fields = serde_json::to_value(request).unwrap_or_default();
        fields["model"] = asked.model.clone().into();
        fields["fallbacks"] = asked.fallbacks.clone().into();
        fields["client_base_url"] = asked.base_url.clone().into();
        fields
    };
    let (then, now) = (named(then, then_request), named(call, request));
    for name in ["parameters", "tools", "tool_choice", "output", "model", "fallbacks", "client_base_url"] {
        if then.get(name) != now.get(name) {
            let text = |value: &Value| match value.get(name) {
                None | Some(Value::Null) => "nothing".to_owned(),
                Some(value) => shown(&value.to_string(), 0),
            };
            return two(&format!("`{name}` differs"), &text(&then), &text(&now));
        }
    }
    "it was asked less often, or failed".to_owned()
}

fn two(what: &str, then: &str, now: &str) -> String {
    format!("{what}:\n  recorded: {then}\n  now:      {now}")
}

fn of_messages(then: &Message, now: &Message) -> Option<String> {
    if then.role != now.role {
        return Some(two("has another role", &format!("{:?}", then.role), &format!("{:?}", now.role)));
    }
    if then.content != now.content {
        let (mut line, mut a, mut b) = (0, then.content.split('\n'), now.content.split('\n'));
        loop {
            line += 1;
            let (then, now) = (a.next(), b.next());
            if then != now || (then.is_none() && now.is_none()) {
                let text = |line: Option<&str>, from| {
                    line.map_or_else(|| "(the end)".to_owned(), |l| shown(l, from))
                };
                let from =
                    common(then.unwrap_or_default(), now.unwrap_or_default()).saturating_sub(SHOWN / 2);
                let place = format!("differs at line {line}");
                return Some(two(&place, &text(then, from), &text(now, from)));
            }
        }
    }
    if then.attachments != now.attachments {
        return Some(two("has other files", &files(then), &files(now)));
    }
    (then != now).then(|| "differs in its tool calls".to_owned())
}

/// The files of a message, without what is in them.
fn files(message: &Message) -> String {
    let each = message.attachments.iter().map(|file| {
        let name = file.name.as_deref().unwrap_or("a file without a name");
        let content = super::hex(&sha2::Sha256::digest(file.data.as_bytes()));
        shown(&format!("{name} ({}, sha256 of its base64 {:.12})", file.media_type, content), 0)
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

/// Characters that both begin with.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// A line from its `from`-th character on, cut to what fits.
fn shown(line: &str, from: usize) -> String {
    let clean = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = clean.skip(from).take(SHOWN).collect();
    if from > 0 {
        text.insert(0, '…');
    }
    if line.chars().count() > from + SHOWN {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Attachment, Role};
    use crate::port::provider::Unwatched;

    fn asked(text: &str) -> Asked {
        let request =
            ChatRequest { messages: vec![Message::new(Role::User, text)], ..ChatRequest::default() };
        Asked { model: None, fallbacks: Vec::new(), base_url: None, request, sent: None }
    }

    #[test]
    fn the_first_difference_is_shown_with_its_place() {
        let then = asked("one\ntwo\nthree");
        assert_eq!(
            difference(&then, &asked("one\n2\nthree")),
            "message 1 differs at line 2:\n  recorded: two\n  now:      2"
        );
        assert_eq!(
            difference(&then, &asked("one\ntwo\nthree\n")),
            "message 1 differs at line 4:\n  recorded: (the end)\n  now:      "
        );
        let mut warmer = asked("one\ntwo\nthree");
        warmer.request.parameters.temperature = Some(0.5);
        assert_eq!(
            difference(&then, &warmer),
            "`parameters` differs:\n  recorded: {}\n  now:      {\"temperature\":0.5}"
        );
        let long = "x".repeat(1_000);
        let shown = difference(&asked(&format!("{long}a")), &asked(&format!("{long}b")));
        assert!(shown.len() < 400 && shown.contains("xa\n") && shown.ends_with("xb"), "{shown}");
    }

    #[test]
    fn equal_texts_are_told_apart_by_what_goes_with_them() {
        let then = asked("one");
        let other = Asked { model: Some("gpt-4o".to_owned()), ..then.clone() };
        assert_eq!(
            difference(&then, &other),
            "`model` differs:\n  recorded: nothing\n  now:      \"gpt-4o\""
        );
        let other = Asked { base_url: Some("http://h\u{1b}[2J".to_owned()), ..then.clone() };
        assert!(!difference(&then, &other).contains('\u{1b}'));
        let mut with_file = then.clone();
        let name = Some("a\u{1b}.png".to_owned());
        let file = Attachment { media_type: "image/png".to_owned(), data: "AAAA".to_owned(), name };
        with_file.request.messages[0].attachments.push(file);
        let shown = difference(&then, &with_file);
        assert!(shown.contains("has other files:\n  recorded: none\n  now:      a .png"), "{shown}");
    }

    #[tokio::test]
    async fn a_request_that_was_cut_is_found_by_those_who_do_not_know_the_model() {
        let (mut cut, target) = (asked("all of it"), Target::default());
        cut.sent = Some(asked("a part").request);
        let failing = |asked: Asked| {
            let error = Some(ProviderError {
                kind: ProviderErrorKind::Server,
                message: "of then".to_owned(),
                status: None,
                retry_after: None,
                hint: None,
            });
            (keys_of(&asked), RecordedCall { key: String::new(), asked, error })
        };
        let models = ReplayedModels {
            calls: vec![failing(cut)],
            answers: HashMap::new(),
            taken: std::sync::Mutex::default(),
        };
        for (text, says) in [("all of it", "of then"), ("a part", "of then"), ("a port", "holds no answer")] {
            let request = asked(text).request;
            let error =
                models.chat(&target, &request, &Unwatched, &CancellationToken::new()).await.unwrap_err();
            assert!(error.message.contains(says), "{text}: {error:?}");
        }
    }
}
