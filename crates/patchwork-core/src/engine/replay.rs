//! A run again, from its recording: what left the machine and what models said comes from there, the rest is computed.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::journal::{RecordedCall, Recording};
use crate::message::Message;
use crate::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use crate::step::Effects;
use crate::usage::{MicroUsd, Usage};

/// A recording, indexed.
pub(super) struct Script {
    outcomes: HashMap<String, Value>,
}

impl Script {
    pub(super) fn new(recording: &Recording) -> Self {
        let outcomes = recording.outcomes.iter().map(|outcome| (outcome.key.clone(), outcome.value.clone()));
        Self { outcomes: outcomes.collect() }
    }

    pub(super) fn outcome(&self, key: &str) -> Option<&Value> {
        self.outcomes.get(key)
    }

    /// Whether a step's outcome is taken from the recording: when it wrote to a forge, and when it ran programs or used the
    /// network without changing the checkout. One that changes the checkout is run, so that the changes are there; what it
    /// does outside, it does by [`Context::once`](crate::step::Context::once).
    pub(super) fn speaks_for(effects: Effects) -> bool {
        let outside = effects.contains(Effects::RUNS_COMMANDS) || effects.contains(Effects::NETWORK);
        effects.contains(Effects::WRITES_FORGE) || (outside && !effects.contains(Effects::WRITES_CHECKOUT))
    }
}

/// Models as a recording knows them: a request that was made then gets the answer, or the error, of then; any other is an
/// error that shows where it differs. Nothing is sent.
pub struct ReplayedModels {
    calls: Vec<RecordedCall>,
    /// By what was asked: the answers, in the order in which they came.
    answers: HashMap<String, Vec<ChatAnswer>>,
    taken: std::sync::Mutex<HashMap<String, usize>>,
}

impl ReplayedModels {
    /// The models of a recording.
    pub fn new(recording: &Recording) -> Self {
        let mut answers: HashMap<String, Vec<ChatAnswer>> = HashMap::new();
        for call in &recording.calls {
            if let (Some(answer), Ok(key)) = (recording.answer(call), key_of(call)) {
                answers.entry(key).or_default().push(answer);
            }
        }
        Self { calls: recording.calls.clone(), answers, taken: std::sync::Mutex::default() }
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

fn key_of(call: &RecordedCall) -> Result<String, crate::step::StepError> {
    let asked = &call.asked;
    super::digest(&(
        &asked.model,
        &asked.fallbacks,
        &asked.base_url,
        asked.sent.as_ref().unwrap_or(&asked.request),
    ))
}

#[async_trait]
impl Provider for ReplayedModels {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        let same = self
            .calls
            .iter()
            .find(|call| call.asked.model == target.model && call.asked.base_url == target.base_url);
        let answer = same.and_then(|call| self.answers.get(&key_of(call).ok()?)?.first());
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
        let asked = (&target.model, &target.fallbacks, &target.base_url, request);
        let key = super::digest(&asked).unwrap_or_default();
        if let Some(answer) = self.answer(&key) {
            return Ok(answer);
        }
        let failed = self
            .calls
            .iter()
            .find(|call| call.error.is_some() && key_of(call).is_ok_and(|of_call| of_call == key));
        if let Some(error) = failed.and_then(|call| call.error.clone()) {
            return Err(error);
        }
        let message = match self.nearest(request) {
            Some(call) => format!(
                "the recording holds no answer to this request: {}",
                difference(&call.asked.request, request)
            ),
            None => "the recording holds no model call".to_owned(),
        };
        Err(ProviderError {
            kind: ProviderErrorKind::NotRecorded,
            message,
            status: None,
            retry_after: None,
            hint: Some("a changed prompt needs a new run; the recorded one stays as it is".to_owned()),
        })
    }
}

impl ReplayedModels {
    /// The recorded call whose messages are the same for the longest.
    fn nearest(&self, request: &ChatRequest) -> Option<&RecordedCall> {
        self.calls.iter().max_by_key(|call| {
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

/// The first difference between a recorded request and one that is made now, in words.
pub fn difference(then: &ChatRequest, now: &ChatRequest) -> String {
    for (index, (then, now)) in then.messages.iter().zip(&now.messages).enumerate() {
        if let Some(difference) = of_messages(then, now) {
            return format!("message {} {difference}", index + 1);
        }
    }
    if then.messages.len() != now.messages.len() {
        return format!("it has {} messages, recorded were {}", now.messages.len(), then.messages.len());
    }
    let (Ok(then), Ok(now)) = (serde_json::to_value(then), serde_json::to_value(now)) else {
        return "it differs".to_owned();
    };
    let names = ["parameters", "tools", "tool_choice", "output"];
    for name in names {
        if then.get(name) != now.get(name) {
            let text = |value: &Value| {
                value.get(name).map_or_else(|| "nothing".to_owned(), |value| shown(&value.to_string(), 0))
            };
            return format!("`{name}` differs:\n  recorded: {}\n  now:      {}", text(&then), text(&now));
        }
    }
    "only its place among equal requests, or the model or endpoint, differs".to_owned()
}

fn of_messages(then: &Message, now: &Message) -> Option<String> {
    if then.role != now.role {
        return Some("has another role".to_owned());
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
                return Some(format!(
                    "differs at line {line}:\n  recorded: {}\n  now:      {}",
                    text(then, from),
                    text(now, from)
                ));
            }
        }
    }
    (then != now).then(|| "differs in its attachments or tool calls".to_owned())
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
    use crate::message::Role;

    fn request(text: &str) -> ChatRequest {
        ChatRequest { messages: vec![Message::new(Role::User, text)], ..ChatRequest::default() }
    }

    #[test]
    fn the_first_difference_is_shown_with_its_place() {
        let then = request("one\ntwo\nthree");
        assert_eq!(
            difference(&then, &request("one\n2\nthree")),
            "message 1 differs at line 2:\n  recorded: two\n  now:      2"
        );
        assert_eq!(
            difference(&then, &request("one\ntwo\nthree\n")),
            "message 1 differs at line 4:\n  recorded: (the end)\n  now:      "
        );
        let mut warmer = request("one\ntwo\nthree");
        warmer.parameters.temperature = Some(0.5);
        assert_eq!(
            difference(&then, &warmer),
            "`parameters` differs:\n  recorded: {}\n  now:      {\"temperature\":0.5}"
        );
        let long = "x".repeat(1_000);
        let shown = difference(&request(&format!("{long}a")), &request(&format!("{long}b")));
        assert!(shown.len() < 400 && shown.contains("xa\n") && shown.ends_with("xb"), "{shown}");
    }
}
