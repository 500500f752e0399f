//! `CallLLM`: asks a model, once for each prompt.

mod reply;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use patchwork_core::budget::Limits;
use patchwork_core::event::EventBody;
use patchwork_core::message::{Finish, Message, TokenChance, ToolCall};
use patchwork_core::port::provider::{ChatAnswer, ChatRequest, Target};
use patchwork_core::step::{Context, Effects, Question, Step, StepError};
use patchwork_core::usage::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::reply::{Reply, asked_again, gather, never_fitting, withheld};
use super::answer_file::AnswerFile;
use super::attachment::{attach, attachment};
use super::call_options::CallOptions;
use super::fit::fit;
use super::model_options::ModelOptions;
use super::prepare_prompt::read;
use super::structured::Form;

/// Asks a model, once for each prompt.
pub struct CallLLM;

/// Asks a model, once for each prompt; several at the same time, the answers in the order of the prompts.
///
/// An answer is journaled before anything else happens, so that no resumed run pays for it again. When one call of several
/// fails, the others count: its answer is empty and `errors` says why. The step fails when no call was answered.
///
/// With `model_response_format` an answer is read as JSON: prose and a code fence around it are taken off, broken JSON is
/// mended, and what does not fit is asked for again with what is wrong, `json_retries` times. The figures of a prompt are
/// those of all its calls.
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

/// The answers. Every list has one entry for each prompt that was sent, in their order.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct CallLLMOutput {
    /// The texts; empty where `errors` has an entry.
    pub openai_responses: Vec<String>,
    /// Tokens sent.
    pub request_tokens: Vec<u64>,
    /// Tokens received.
    pub response_tokens: Vec<u64>,
    /// Tokens of those sent that the provider took from its cache.
    pub cached_tokens: Vec<u64>,
    /// Tokens of those received that the model spent on reasoning.
    pub reasoning_tokens: Vec<u64>,
    /// What the calls cost; null where the price is unknown or no answer came.
    pub costs: Vec<Option<MicroUsd>>,
    /// Milliseconds from sending to the whole answer; null where none came.
    pub latencies_ms: Vec<Option<u64>>,
    /// The models that answered; null where none did.
    pub models: Vec<Option<String>>,
    /// The tools that the model wants called, for each prompt.
    pub tool_calls: Vec<Vec<ToolCall>>,
    /// How likely each token of the answers was, where `model_logprobs` asks for it and the model tells; else empty.
    pub logprobs: Vec<Vec<TokenChance>>,
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
        let (output, _) = call(ctx, prompts, &input.calls, &input.model, None).await?;
        Ok(output)
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

/// Sends prompts and gathers the answers; with a form, also the JSON of each.
pub(super) async fn call(
    ctx: &Context,
    mut prompts: Vec<Vec<Message>>,
    calls: &CallOptions,
    model: &ModelOptions,
    form: Option<Form>,
) -> Result<(CallLLMOutput, Vec<Option<Value>>), StepError> {
    if let Some(empty) = prompts.iter().position(Vec::is_empty) {
        return Err(StepError::input(format!("prompts[{empty}]"), "a conversation without messages"));
    }
    let model = model.merged()?;
    let mut asking = model.asking()?;
    if let Some(form) = form {
        if asking.form.is_some() {
            let problem = "the form of the answer is given twice: here and as an option of the step";
            return Err(StepError::input("model_response_format", problem));
        }
        asking = asking.with_form(form, "answer");
    }
    let (concurrency, json_retries, limits) = (calls.concurrency()?, calls.json_retries()?, calls.limits()?);
    keep_first(ctx, &mut prompts, calls.max_llm_calls);
    if prompts.is_empty() {
        if ctx.skip_reason().is_none() {
            ctx.skip("there are no prompts to send");
        }
        return Ok(Default::default());
    }
    if let Some(path) = &calls.file {
        attach(&mut prompts, &attachment(ctx, path).await?)?;
    }
    let file = match &calls.save_responses_to_file {
        Some(path) => AnswerFile::open(ctx, path)?.map(Arc::new),
        None => None,
    };

    let caller = Caller {
        ctx: ctx.clone(),
        target: model.target(ctx),
        limits,
        form: asking.form.clone(),
        json_retries,
        allow_truncated: calls.allow_truncated,
        file,
        done: AtomicU64::new(0),
        total: prompts.len(),
    };
    let requests: Vec<_> = prompts.into_iter().map(|messages| asking.request(messages)).enumerate().collect();
    let caller = &caller;
    let mut replies: Vec<_> = futures_util::stream::iter(requests)
        .map(|(index, request)| async move { (index, caller.reply(index, request).await) })
        .buffer_unordered(concurrency)
        .collect()
        .await;
    replies.sort_by_key(|(index, _)| *index);
    let replies: Vec<Reply> = replies.into_iter().map(|(_, reply)| reply).collect();
    if ctx.cancel().is_cancelled() && replies.iter().any(Reply::has_failed) {
        return Err(StepError::cancelled());
    }
    gather(ctx, replies, calls.allow_truncated)
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
    limits: Limits,
    form: Option<Form>,
    json_retries: usize,
    allow_truncated: bool,
    file: Option<Arc<AnswerFile>>,
    done: AtomicU64,
    /// Prompts.
    total: usize,
}

impl Caller {
    /// Asks, again where the answer has not the wanted form.
    async fn reply(&self, index: usize, request: ChatRequest) -> Reply {
        let mut reply = Reply::new();
        if let Err(error) = self.ask_until_it_fits(index, request, &mut reply).await {
            reply.failed(error);
        }
        if self.total > 1 {
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            let total = self.total as u64;
            self.ctx.emit(EventBody::Progress { label: "answers".to_owned(), done, total });
        }
        reply
    }

    async fn ask_until_it_fits(
        &self,
        index: usize,
        first: ChatRequest,
        reply: &mut Reply,
    ) -> Result<(), StepError> {
        let (mut request, mut calls) = (first.clone(), 0);
        loop {
            // Further calls of a prompt are counted behind the first of all.
            let answer = self.ask(index + calls * self.total, request.clone()).await?;
            calls += 1;
            reply.answered(answer.clone());
            let Some(form) = &self.form else { return Ok(()) };
            let wants_tools = !answer.tool_calls.is_empty() && answer.text.trim().is_empty();
            if wants_tools || withheld(&answer, self.allow_truncated).is_some() {
                return Ok(());
            }
            match form.read(&answer.text).await {
                Ok(fitting) => {
                    if fitting.repaired {
                        let which = if self.total > 1 { format!(" {}", index + 1) } else { String::new() };
                        self.ctx.note(format!("answer{which} was broken JSON and was mended"));
                    }
                    reply.fitted(fitting);
                    return Ok(());
                }
                Err(misfit) if calls > self.json_retries => return Err(never_fitting(&misfit, calls)),
                Err(misfit) => request = asked_again(first.clone(), &answer, &misfit),
            }
        }
    }

    /// One call, or its recorded answer.
    async fn ask(&self, index: usize, request: ChatRequest) -> Result<ChatAnswer, StepError> {
        let question =
            Question { index, target: self.target.clone(), request: request.clone(), limits: self.limits };
        let (ctx, target) = (self.ctx.clone(), self.target.clone());
        let answered = self.ctx.ask(question, |request| fit(ctx, target, request)).await?;
        if let Some(file) = self.file.as_ref().filter(|_| answered.fresh)
            && let Err(problem) = file.add(&self.ctx, &request, &answered.answer)
        {
            // The answer is paid for: it must not be lost because a log of it can't be written.
            self.ctx.warn(problem);
        }
        Ok(answered.answer)
    }
}

#[cfg(test)]
mod tests;
