//! `CallLLM`: asks a model, once for each prompt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use patchwork_core::budget::Limits;
use patchwork_core::event::EventBody;
use patchwork_core::failure::Failure;
use patchwork_core::message::{Finish, Message};
use patchwork_core::port::provider::{ChatAnswer, ChatRequest, Target};
use patchwork_core::step::{Context, Effects, Question, Step, StepError};
use patchwork_core::usage::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer_file::AnswerFile;
use super::model_options::ModelOptions;
use super::prepare_prompt::read;

/// Asks a model, once for each prompt.
pub struct CallLLM;

/// Asks a model, once for each prompt; several at the same time, the answers in the order of the prompts.
///
/// An answer is journaled before anything else happens, so that no resumed run pays for it again. When one call of several
/// fails, the others count: its answer is empty and `errors` says why. The step fails when no call succeeded.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallLLMInput {
    /// The conversations to send.
    #[serde(default)]
    pub prompts: Option<Vec<Vec<Message>>>,
    /// A JSON or YAML file with the conversations, when `prompts` is absent. A relative path starts at the root of the
    /// repository.
    #[serde(default)]
    pub prompt_file: Option<String>,
    /// How the calls are made.
    #[serde(flatten)]
    pub calls: CallOptions,
    /// Which model is asked.
    #[serde(flatten)]
    pub model: ModelOptions,
}

/// How calls are made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct CallOptions {
    /// Prompts that are sent at most, the first of the list; -1 for all.
    #[serde(default = "unlimited")]
    #[schemars(range(min = -1))]
    pub max_llm_calls: i64,
    /// Calls at the same time.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u32,
    /// Whether an answer that was cut at the output limit is used; otherwise it is withheld like a failed call.
    #[serde(default)]
    pub allow_truncated: bool,
    /// A file to which each paid call is added as one line of JSON: model, request, response. An absolute path.
    #[serde(default)]
    pub save_responses_to_file: Option<String>,
}

fn unlimited() -> i64 {
    -1
}

fn eight() -> u32 {
    8
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            max_llm_calls: unlimited(),
            concurrency: eight(),
            allow_truncated: false,
            save_responses_to_file: None,
        }
    }
}

const MAX_CONCURRENCY: u32 = 256;

/// The answers. Every list has one entry for each prompt that was sent, in their order.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct CallLLMOutput {
    /// The texts; empty where `errors` has an entry.
    pub openai_responses: Vec<String>,
    /// Tokens sent.
    pub request_tokens: Vec<u64>,
    /// Tokens received.
    pub response_tokens: Vec<u64>,
    /// Why each answer ended; null where there is none.
    pub finish: Vec<Option<Finish>>,
    /// Why there is no text; null where there is one.
    pub errors: Vec<Option<String>>,
    /// The sum of what the calls took.
    pub usage: Usage,
    /// The sum of what they cost; null when the price of any is unknown.
    pub cost: Option<MicroUsd>,
}

#[async_trait]
impl Step for CallLLM {
    type Input = CallLLMInput;
    type Output = CallLLMOutput;

    const ID: &'static str = "CallLLM";
    const EFFECTS: Effects = Effects::CALLS_MODEL.and(Effects::READS_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let prompts = match (input.prompts, &input.prompt_file) {
            (Some(prompts), _) => prompts,
            (None, Some(path)) => read_prompts(ctx, path).await?,
            (None, None) => {
                return Err(StepError::input(
                    "prompts",
                    "nothing given: expected a list of conversations here, or a file in `prompt_file`",
                ));
            }
        };
        call(ctx, prompts, &input.calls, &input.model).await
    }
}

async fn read_prompts(ctx: &Context, path: &str) -> Result<Vec<Vec<Message>>, StepError> {
    let text = read(ctx, "prompt_file", path).await?;
    serde_saphyr::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        StepError::input(
            "prompt_file",
            format!(
                "{path} is not a list of conversations, each a list of {{\"role\", \"content\"}}: {}",
                error.to_string().trim()
            ),
        )
    })
}

/// Sends prompts and gathers the answers.
pub(super) async fn call(
    ctx: &Context,
    mut prompts: Vec<Vec<Message>>,
    calls: &CallOptions,
    model: &ModelOptions,
) -> Result<CallLLMOutput, StepError> {
    if let Some(empty) = prompts.iter().position(Vec::is_empty) {
        return Err(StepError::input(format!("prompts[{empty}]"), "a conversation without messages"));
    }
    let concurrency = match calls.concurrency {
        n @ 1..=MAX_CONCURRENCY => n as usize,
        n => {
            return Err(StepError::input(
                "concurrency",
                format!("{n} is out of range: expected 1 to {MAX_CONCURRENCY}"),
            ));
        }
    };
    let file = calls.save_responses_to_file.as_deref().map(AnswerFile::open).transpose()?.map(Arc::new);
    keep_first(ctx, &mut prompts, calls.max_llm_calls);
    if prompts.is_empty() {
        if ctx.skip_reason().is_none() {
            ctx.skip("there are no prompts to send");
        }
        return Ok(CallLLMOutput::default());
    }

    let caller = Caller {
        ctx: ctx.clone(),
        target: model.target(ctx),
        file,
        done: AtomicU64::new(0),
        total: prompts.len() as u64,
    };
    let parameters = model.parameters();
    let requests: Vec<_> = prompts
        .into_iter()
        .map(|messages| ChatRequest { messages, parameters: parameters.clone(), ..ChatRequest::default() })
        .enumerate()
        .collect();
    let caller = &caller;
    let mut answers: Vec<_> = futures_util::stream::iter(requests)
        .map(|(index, request)| async move { (index, caller.ask(index, request).await) })
        .buffer_unordered(concurrency)
        .collect()
        .await;
    answers.sort_by_key(|(index, _)| *index);
    if ctx.cancel().is_cancelled() && answers.iter().any(|(_, answer)| answer.is_err()) {
        return Err(StepError::cancelled());
    }
    gather(ctx, answers.into_iter().map(|(_, answer)| answer).collect(), calls.allow_truncated)
}

/// Drops prompts beyond `limit` and says so.
fn keep_first(ctx: &Context, prompts: &mut Vec<Vec<Message>>, limit: i64) {
    let Ok(limit) = usize::try_from(limit) else { return };
    if prompts.len() <= limit {
        return;
    }
    if limit == 0 {
        ctx.skip(format!("max_llm_calls is 0: none of {} prompts was sent", prompts.len()));
    } else {
        ctx.warn(format!("max_llm_calls: only the first {limit} of {} prompts are sent", prompts.len()));
    }
    prompts.truncate(limit);
}

/// What all calls of a step share.
struct Caller {
    ctx: Context,
    target: Target,
    file: Option<Arc<AnswerFile>>,
    done: AtomicU64,
    total: u64,
}

impl Caller {
    /// One call, or its recorded answer.
    async fn ask(&self, index: usize, request: ChatRequest) -> Result<ChatAnswer, StepError> {
        let question = Question {
            index,
            target: self.target.clone(),
            request: request.clone(),
            limits: Limits::default(),
        };
        let answer = self.ctx.ask(question, |request| async move { Ok(request) }).await.map(|answered| {
            if let Some(file) = self.file.as_ref().filter(|_| answered.fresh)
                && let Err(problem) = file.add(&self.ctx, &request, &answered.answer)
            {
                // The answer is paid for: it must not be lost because a log of it can't be written.
                self.ctx.warn(problem);
            }
            answered.answer
        });
        if self.total > 1 {
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.ctx.emit(EventBody::Progress { label: "answers".to_owned(), done, total: self.total });
        }
        answer
    }
}

/// Puts the answers into lists; fails when not one call succeeded.
fn gather(
    ctx: &Context,
    answers: Vec<Result<ChatAnswer, StepError>>,
    allow_truncated: bool,
) -> Result<CallLLMOutput, StepError> {
    let total = answers.len();
    if answers.iter().all(Result::is_err) {
        return Err(none_succeeded(answers));
    }
    let mut out = CallLLMOutput { cost: Some(MicroUsd::default()), ..CallLLMOutput::default() };
    for (index, answer) in answers.into_iter().enumerate() {
        let (answer, mut error) = match answer {
            Ok(answer) => {
                let error = withheld(&answer, allow_truncated);
                (Some(answer), error)
            }
            Err(error) => (None, Some(error.to_string())),
        };
        if let Some(error) = &mut error {
            *error = ctx.redact(error);
            let which = if total > 1 { format!(" {} of {total}", index + 1) } else { String::new() };
            ctx.warn(format!("model call{which} gave no answer: {error}"));
        }
        let usage = answer.as_ref().map(|answer| answer.usage).unwrap_or_default();
        out.usage += usage;
        if let Some(answer) = &answer {
            match (&mut out.cost, answer.cost) {
                (Some(sum), Some(cost)) => *sum += cost,
                (sum, None) => *sum = None,
                (None, _) => {}
            }
        }
        out.request_tokens.push(usage.input_tokens);
        out.response_tokens.push(usage.output_tokens);
        out.finish.push(answer.as_ref().map(|answer| answer.finish.clone()));
        out.openai_responses.push(match answer {
            Some(answer) if error.is_none() => answer.text,
            _ => String::new(),
        });
        out.errors.push(error);
    }
    Ok(out)
}

/// Why an answer that came must not be used.
fn withheld(answer: &ChatAnswer, allow_truncated: bool) -> Option<String> {
    match answer.finish {
        Finish::Length if !allow_truncated => Some(
            "the answer was cut at the output limit: raise model_max_tokens, or use it as it is with allow_truncated"
                .to_owned(),
        ),
        Finish::ContentFilter if answer.text.trim().is_empty() => {
            Some("a filter of the provider withheld the answer".to_owned())
        }
        _ => None,
    }
}

/// The failure of a step without any answer: the first one's, which says the most when there is a single prompt.
fn none_succeeded(answers: Vec<Result<ChatAnswer, StepError>>) -> StepError {
    let total = answers.len();
    let mut errors = answers.into_iter().filter_map(Result::err);
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

#[cfg(test)]
mod tests;
