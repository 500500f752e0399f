//! A vendor with books of its own: it bills what it does, whatever becomes of it, and holds them against the limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use patchwork_core::budget::{Amount, Limits};
use patchwork_core::usage::{MicroUsd, Usage};
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};
use serde_json::{Value, json};

use super::case::{ADDED, Case, Deed, MODELS};
use super::world::Happened;

/// How a prompt begins, before its number.
pub(crate) const PROMPT: &str = "prompt ";

pub(crate) struct Vendor {
    pub(crate) server: ModelServer,
    books: Arc<Mutex<Books>>,
}

/// What the vendor knows and is told.
pub(crate) struct Books {
    case: Case,
    /// What the run and each of its nodes may take now.
    limits: (Limits, Limits),
    pub(crate) billed: Amount,
    nodes: Vec<Amount>,
    /// By prompt: how many requests there were.
    asked: BTreeMap<usize, usize>,
    /// By prompt: the last answer, and what was billed for it.
    pub(crate) answers: BTreeMap<usize, (String, Amount)>,
    /// Prompts that the process at work was answered.
    pub(crate) answered_now: BTreeSet<usize>,
    /// Prompts whose answers are in the journal.
    recorded: BTreeSet<usize>,
    /// Whether something was billed that only the vendor knows the amount of.
    pub(crate) untold: bool,
    /// Requests until the process dies.
    death: Option<(usize, Sender<Happened>)>,
    faults: Vec<String>,
}

impl Vendor {
    pub(crate) fn new(case: &Case) -> Self {
        let nodes = case.prompts.len().div_ceil(case.group);
        let books = Arc::new(Mutex::new(Books {
            case: case.clone(),
            limits: (Limits::default(), case.node_limits()),
            billed: Amount::default(),
            nodes: vec![Amount::default(); nodes],
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
            answered_now: BTreeSet::new(),
            recorded: BTreeSet::new(),
            untold: false,
            death: None,
            faults: Vec::new(),
        }));
        let script = books.clone();
        Self { server: ModelServer::start(move |request| script.lock().unwrap().reply(request)), books }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Books {
    /// Another process begins, under these limits.
    pub(crate) fn begin(
        &mut self,
        limits: Limits,
        recorded: BTreeSet<usize>,
        death: Option<(usize, Sender<Happened>)>,
    ) {
        self.limits.0 = limits;
        self.recorded = recorded;
        self.death = death;
        self.answered_now.clear();
    }

    /// What was wrong so far.
    pub(crate) fn fault(&self) -> Result<(), String> {
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults.join("\n")) }
    }

    fn reply(&mut self, request: &SeenRequest) -> Reply {
        let prompt: usize = request.user().split(' ').nth(1).unwrap().parse().unwrap();
        if self.recorded.contains(&prompt) || self.answered_now.contains(&prompt) {
            self.faults.push(format!("prompt {prompt} was answered and is asked again"));
        }
        let count = self.asked.entry(prompt).or_default();
        let deed = self.case.deeds[prompt].get(*count).copied().unwrap_or(Deed::Answer(0));
        *count += 1;
        let usage = usage(self.case.seed ^ (prompt * 1009 + *count) as u64, request);
        if deed.bills() {
            self.bill(prompt, request, usage);
            self.untold |= deed.is_untold();
        }
        let text = format!("answer to {prompt} (request {})", request.index);
        if deed.answers() {
            self.answers.insert(prompt, (text.clone(), amount(&request.model, usage)));
            self.answered_now.insert(prompt);
        }
        if let Some((requests, death)) = &mut self.death {
            *requests = requests.saturating_sub(1);
            if *requests == 0 {
                let _ = death.send(Happened::Died);
                self.death = None;
            }
        }
        done(deed, &text, usage, request)
    }

    fn bill(&mut self, prompt: usize, request: &SeenRequest, usage: Usage) {
        let amount = amount(&request.model, usage);
        let group = prompt / self.case.group;
        self.billed = self.billed.plus(amount);
        self.nodes[group] = self.nodes[group].plus(amount);
        for (what, billed, limits) in
            [("run", self.billed, self.limits.0), ("node", self.nodes[group], self.limits.1)]
        {
            if exceeds(billed, limits) {
                self.faults.push(format!("the {what} took {billed:?} under {limits:?} with prompt {prompt}"));
            }
        }
    }
}

fn exceeds(billed: Amount, limits: Limits) -> bool {
    limits.cost.is_some_and(|limit| billed.cost > limit)
        || limits.tokens.is_some_and(|limit| billed.tokens > limit)
        || limits.calls.is_some_and(|limit| billed.calls > limit)
}

/// What a request takes: often all that the vendor may bill.
fn usage(seed: u64, request: &SeenRequest) -> Usage {
    // A generator of its own, so that a bill depends on nothing but the case.
    let mut state = seed | 1;
    let mut upto = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 62 == 0 { most } else { (state >> 33) % most.max(1) + 1 }
    };
    let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
    let input_tokens = upto(bytes as u64 + ADDED);
    let output_tokens = upto(request.max_tokens().unwrap_or(1000));
    let cached_tokens = if input_tokens.is_multiple_of(3) { input_tokens / 2 } else { 0 };
    Usage { input_tokens, output_tokens, cached_tokens, ..Usage::default() }
}

/// By the price list, rounded up.
fn amount(model: &str, usage: Usage) -> Amount {
    let (_, [input, cached, output]) = MODELS.into_iter().find(|(name, _)| *name == model).unwrap();
    let fresh = usage.input_tokens - usage.cached_tokens;
    let thousandths = fresh * input + usage.cached_tokens * cached + usage.output_tokens * output;
    let cost = MicroUsd(thousandths.div_ceil(1000));
    Amount { cost, tokens: usage.input_tokens + usage.output_tokens, calls: 1 }
}

fn done(deed: Deed, text: &str, usage: Usage, request: &SeenRequest) -> Reply {
    let answer = || Reply::text(text).usage(usage);
    match deed {
        Deed::Answer(wait) => answer().delay(Duration::from_millis(wait)),
        Deed::AnswerCut => stream(told(text, usage), Some("data: [DO")),
        Deed::Refuse(status) => Reply::error(status, "not now").header("retry-after-ms", "1"),
        Deed::Gateway => Reply::error(502, "lost it"),
        Deed::Cut => Reply::cut(),
        Deed::CutInText => stream(vec![said(text)], Some("data: {")),
        Deed::FailTold => {
            let failure = json!({"error": {"message": "broken", "type": "server_error", "code": null}});
            let mut events = told(text, usage);
            events.push(event(&failure));
            stream(events, None)
        }
        Deed::FailInText => answer().then_error(500, "broken"),
        Deed::Garbage if request.index.is_multiple_of(2) => Reply::raw(200, "{\"choices\": [{]}"),
        Deed::Garbage => Reply::json(&json!({"object": "chat.completion", "choices": []})),
    }
}

/// A stream of these events; with the beginning of another it is cut there.
fn stream(events: Vec<String>, cut: Option<&str>) -> Reply {
    let body = events.concat() + cut.unwrap_or_default();
    let length = body.len();
    let reply = Reply::stream_raw(body);
    if cut.is_some() { reply.cut_after(length) } else { reply }
}

/// An answer to its end, and what it took.
fn told(text: &str, usage: Usage) -> Vec<String> {
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }});
    vec![said(text), event(&end), event(&usage)]
}

fn said(text: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}
