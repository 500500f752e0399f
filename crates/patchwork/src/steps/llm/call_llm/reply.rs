//! What became of one prompt, and the lists that are made of all.

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::message::{Finish, Message, Role, Shrink, Shrinkable};
use patchwork_core::port::provider::{ChatAnswer, ChatRequest};
use patchwork_core::step::{Context, StepError};
use patchwork_core::usage::{MicroUsd, Usage};
use serde_json::Value;

use super::CallLLMOutput;
use crate::steps::llm::structured::{Fitting, Misfit};

/// What became of one prompt: all its calls together.
#[derive(Debug)]
pub(super) struct Reply {
    /// The last answer.
    answer: Option<ChatAnswer>,
    /// Its JSON, when a form was asked for.
    value: Option<Value>,
    usage: Usage,
    cost: Option<MicroUsd>,
    latency_ms: u64,
    error: Option<StepError>,
}

impl Reply {
    pub(super) fn new() -> Self {
        Self {
            answer: None,
            value: None,
            usage: Usage::default(),
            cost: Some(MicroUsd::default()),
            latency_ms: 0,
            error: None,
        }
    }

    /// Counts a call.
    pub(super) fn answered(&mut self, answer: ChatAnswer) {
        self.usage += answer.usage;
        add(&mut self.cost, answer.cost);
        self.latency_ms = self.latency_ms.saturating_add(answer.latency_ms);
        self.answer = Some(answer);
    }

    /// The last answer has the wanted form.
    pub(super) fn fitted(&mut self, fitting: Fitting) {
        if let Some(answer) = self.answer.as_mut() {
            answer.text = fitting.value.to_string();
        }
        self.value = Some(fitting.value);
    }

    /// There is nothing to use.
    pub(super) fn failed(&mut self, error: StepError) {
        self.error = Some(error);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
    }
}

fn add(sum: &mut Option<MicroUsd>, cost: Option<MicroUsd>) {
    match (sum.as_mut(), cost) {
        (Some(sum), Some(cost)) => *sum += cost,
        _ => *sum = None,
    }
}

/// The first question with the last answer, which does not fit, and what is wrong with it. Earlier answers stay out, and a long
/// one may be cut: the conversation must not outgrow the model.
pub(super) fn asked_again(mut request: ChatRequest, answer: &ChatAnswer, misfit: &Misfit) -> ChatRequest {
    let wanted =
        "Answer again with nothing but JSON of the form that was asked for: no prose, no code fence.";
    let text = format!("This is not what was asked for: {misfit}. {wanted}");
    match request.messages.last_mut().filter(|_| answer.text.trim().is_empty()) {
        // Vendors refuse messages without text.
        Some(last) => {
            last.content.push_str(&format!("\n\nAn answer was not what was asked for: {misfit}. {wanted}"))
        }
        None => {
            let mut said = Message::new(Role::Assistant, answer.text.clone());
            said.carried.clone_from(&answer.carried);
            if said.carried.is_none() {
                said.shrinkable =
                    vec![Shrinkable { start: 0, end: answer.text.len(), how: Shrink::HeadTail }];
            }
            request.messages.extend([said, Message::new(Role::User, text)]);
        }
    }
    request
}

/// Why a prompt whose answers never fit has none.
pub(super) fn never_fitting(misfit: &Misfit, calls: usize) -> StepError {
    let times = if calls == 1 { String::new() } else { format!(" after {calls} calls") };
    let failure = Failure::failed(format!("the answer is not JSON of the wanted form{times}: {misfit}"));
    StepError::Failed(failure.hint("raise `json_retries`, ask for a simpler form, or try a stronger `model`"))
}

/// Why an answer that came must not be used.
pub(super) fn withheld(answer: &ChatAnswer, allow_truncated: bool) -> Option<String> {
    match answer.finish {
        Finish::Length if !allow_truncated => Some(
            "the answer was cut at the output limit: raise model_max_tokens, or use it as it is with allow_truncated"
                .to_owned(),
        ),
        Finish::ContentFilter if answer.text.trim().is_empty() => {
            Some("a filter of the provider withheld the answer".to_owned())
        }
        Finish::ContentFilter if !allow_truncated => Some(
            "a filter of the provider cut the answer off: use it as it is with allow_truncated".to_owned(),
        ),
        _ => None,
    }
}

/// Puts the replies into lists, and the JSON of each; fails when there is not one answer.
pub(super) fn gather(
    ctx: &Context,
    replies: Vec<Reply>,
    allow_truncated: bool,
) -> Result<(CallLLMOutput, Vec<Option<Value>>), StepError> {
    let total = replies.len();
    if replies.iter().all(|reply| reply.error.is_some()) {
        return Err(none_succeeded(replies));
    }
    let mut out = CallLLMOutput { cost: Some(MicroUsd::default()), ..CallLLMOutput::default() };
    let mut values = Vec::with_capacity(total);
    for (index, reply) in replies.into_iter().enumerate() {
        let Reply { answer, value, usage, cost, latency_ms, error } = reply;
        let error = match error {
            Some(error) => Some(error.to_string()),
            None => answer.as_ref().and_then(|answer| withheld(answer, allow_truncated)),
        };
        let error = error.map(|error| ctx.redact(&error));
        if let Some(error) = &error {
            let which = if total > 1 { format!(" {} of {total}", index + 1) } else { String::new() };
            ctx.warn(format!("model call{which} gave no answer: {error}"));
        }
        let asked = answer.is_some();
        out.usage += usage;
        add(&mut out.cost, cost);
        out.request_tokens.push(usage.input_tokens);
        out.response_tokens.push(usage.output_tokens);
        out.cached_tokens.push(usage.cached_tokens);
        out.reasoning_tokens.push(usage.reasoning_tokens);
        out.costs.push(cost.filter(|_| asked));
        out.latencies_ms.push(asked.then_some(latency_ms));
        out.finish.push(answer.as_ref().map(|answer| answer.finish.clone()));
        out.models.push(answer.as_ref().map(|answer| answer.model.clone()));
        let answer = answer.filter(|_| error.is_none());
        values.push(value.filter(|_| error.is_none()));
        let (text, tool_calls, logprobs) =
            answer.map(|answer| (answer.text, answer.tool_calls, answer.logprobs)).unwrap_or_default();
        out.openai_responses.push(text);
        out.tool_calls.push(tool_calls);
        out.logprobs.push(logprobs);
        out.errors.push(error);
    }
    Ok((out, values))
}

fn is_refused(error: &StepError) -> bool {
    matches!(error, StepError::Failed(failure) if failure.kind == FailureKind::BudgetReached)
}

/// The failure of a step without any answer: the first one's, which says the most when there is a single prompt; that of
/// one that the budget refused before any other.
fn none_succeeded(replies: Vec<Reply>) -> StepError {
    let total = replies.len();
    let mut errors: Vec<_> = replies.into_iter().filter_map(|reply| reply.error).collect();
    // With more to spend there may be an answer, whatever became of the others.
    errors.sort_by_key(|error| !is_refused(error));
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else {
        return StepError::internal("no call was made");
    };
    if total == 1 {
        return first;
    }
    // Another try may help when any of the calls may succeed later.
    let retryable = first.retryable() || errors.any(|error| error.retryable());
    let cause = first.into_failure();
    let mut failure = Failure::new(cause.kind, format!("none of {total} model calls succeeded"));
    failure.causes = std::iter::once(cause.message).chain(cause.causes).collect();
    failure.hints = cause.hints;
    if retryable { StepError::Temporary(failure) } else { StepError::Failed(failure) }
}
