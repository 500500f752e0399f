//! Cuts a request to what the model takes, where its prompt says that it may be cut.

mod cut;
#[cfg(test)]
mod tests;

use std::ops::Range;

use patchwork_core::message::{Role, Shrinkable};
use patchwork_core::port::provider::{ChatRequest, Measure, ProviderError, ProviderErrorKind, Route, Target};
use patchwork_core::step::{Context, StepError};

use cut::Part;

/// The request as it can be sent: as it is where it fits, else with the parts cut that its prompt marks with `shrink`, and a
/// warning that says which.
///
/// It fits when the prompt and the longest answer together fit the model's context; an unknown context takes everything. What
/// is not marked is never cut, nor is anything of a system message. When that is not enough: a failure of the kind
/// [`ProviderErrorKind::ContextExceeded`], unless the tokens are only estimated and the estimate may be wrong, or other models
/// are asked when this one refuses.
pub(super) async fn fit(
    ctx: Context,
    target: Target,
    request: ChatRequest,
) -> Result<ChatRequest, StepError> {
    // A target that leads nowhere is for the call to explain: it may have others to ask.
    let Ok(route) = ctx.provider()?.route(&target).await else { return Ok(request) };
    let Some(context) = route.context else { return Ok(request) };
    if is_small(&request, context) {
        return Ok(request);
    }
    // Parsing and counting take seconds for megabytes.
    let task_ctx = ctx.clone();
    let work = move || {
        let provider = task_ctx.provider()?;
        let measure = |request: &ChatRequest| provider.measure(&route, request);
        let fitted = Fitting { route: &route, context, measure: &measure }.fit(&request);
        fitted.or_else(
            |over| if target.fallbacks.is_empty() { Err(over.error.into()) } else { Ok(over.fitted) },
        )
    };
    let fitted: Result<Fitted, StepError> = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StepError::internal(format!("cutting a prompt ended early: {error}")))?;
    let fitted = fitted?;
    if let Some(told) = fitted.told {
        ctx.warn(told);
    }
    Ok(fitted.request)
}

/// Of the context, one part of so many is kept for the answer at most, when the user gives no limit to it.
const ANSWER_SHARE: u64 = 4;
/// Rounds in which the size is searched; each halves what is not known of it.
const ROUNDS: u32 = 16;
/// An estimate may be too high by one part of so many: only above that it says that a prompt is too long.
const ESTIMATE_OVER: u64 = 4;

/// Whether a request fits without counting: no text has more tokens than bytes, and its JSON is longer than its texts.
fn is_small(request: &ChatRequest, context: u64) -> bool {
    let text_only = request.messages.iter().all(|message| message.attachments.is_empty());
    let bytes = serde_json::to_vec(request).map_or(usize::MAX, |json| json.len());
    let prompt = u64::try_from(bytes).unwrap_or(u64::MAX);
    let answer = request.parameters.max_tokens.map_or(context / ANSWER_SHARE, u64::from);
    text_only && prompt.saturating_add(answer) <= context
}

/// What can be sent.
struct Fitted {
    request: ChatRequest,
    /// What was cut, if anything was.
    told: Option<String>,
}

/// What is too long, however much is cut.
struct Over {
    error: ProviderError,
    /// Cut as far as it can be.
    fitted: Fitted,
}

/// Fits requests for one model.
struct Fitting<'a> {
    route: &'a Route,
    context: u64,
    measure: &'a dyn Fn(&ChatRequest) -> Measure,
}

impl Fitting<'_> {
    fn fit(&self, request: &ChatRequest) -> Result<Fitted, Box<Over>> {
        let whole = (self.measure)(request);
        let answer = self.answer(request);
        let room = self.context.saturating_sub(answer);
        let (mut fitted, mut measure, mut cut) =
            (Fitted { request: request.clone(), told: None }, whole, false);
        let marked = Marked::of(request);
        if whole.input_tokens > room && !marked.parts.is_empty() {
            let (shorter, texts) = self.search(request, &marked, room);
            (measure, cut) = ((self.measure)(&shorter), true);
            fitted = Fitted { told: Some(self.told(&whole, &measure, &marked, &texts)), request: shorter };
        }
        let over = measure.input_tokens.saturating_sub(room);
        let certain = if measure.exact { over > 0 } else { over > room / ESTIMATE_OVER };
        if certain {
            return Err(Box::new(Over { error: self.too_long(&measure, answer, over, cut), fitted }));
        }
        Ok(fitted)
    }

    /// Tokens that are kept for the answer: the user's limit, else what an answer to a short prompt could have.
    fn answer(&self, request: &ChatRequest) -> u64 {
        if let Some(limit) = request.parameters.max_tokens {
            return limit.into();
        }
        let short = ChatRequest { parameters: request.parameters.clone(), ..ChatRequest::default() };
        (self.measure)(&short).worst.output_tokens.min(self.context / ANSWER_SHARE)
    }

    /// Finds the most that the parts can keep: the largest are cut first, to the same size.
    fn search(&self, request: &ChatRequest, marked: &Marked<'_>, room: u64) -> (ChatRequest, Vec<String>) {
        let (mut low, mut high) =
            (0, marked.parts.iter().map(|place| place.part.text().len()).max().unwrap_or(0));
        let mut best = marked.cut(request, low);
        for _ in 0..ROUNDS {
            // A line more or less does not matter.
            if high - low <= 1 + high / 128 {
                break;
            }
            let middle = low + (high - low) / 2;
            let candidate = marked.cut(request, middle);
            if (self.measure)(&candidate.0).input_tokens <= room {
                (low, best) = (middle, candidate);
            } else {
                high = middle;
            }
        }
        best
    }

    fn told(&self, before: &Measure, after: &Measure, marked: &Marked<'_>, texts: &[String]) -> String {
        let lines = |text: &str| text.lines().count();
        let parts: Vec<String> = marked
            .parts
            .iter()
            .zip(texts)
            .filter(|(place, text)| place.part.text() != text.as_str())
            .map(|(place, text)| {
                let (whole, name) = (place.part.text(), first_line(place.part.text()));
                let kept = format!("{} of {} lines", lines(text), lines(whole));
                format!(
                    "`{name}` of message {} to {kept}, {} of {} bytes",
                    place.message + 1,
                    text.len(),
                    whole.len()
                )
            })
            .collect();
        format!(
            "the prompt was cut to fit {}/{}, from {} to {} tokens: {}",
            self.route.vendor,
            self.route.model,
            before.input_tokens,
            after.input_tokens,
            parts.join("; ")
        )
    }

    fn too_long(&self, measure: &Measure, answer: u64, over: u64, cut: bool) -> ProviderError {
        let (vendor, model, tokens) = (&self.route.vendor, &self.route.model, measure.input_tokens);
        let about = if measure.exact { "" } else { "about " };
        let cut = if cut { "cut as far as it may be, " } else { "" };
        ProviderError {
            kind: ProviderErrorKind::ContextExceeded,
            message: format!(
                "the prompt is too long for {vendor}/{model}: {cut}it has {about}{tokens} tokens, {over} too many beside an \
                 answer of {answer} in a context of {}",
                self.context
            ),
            status: None,
            retry_after: None,
            hint: Some(
                "mark what may be cut in the prompt with {{ name | shrink(\"signatures\") }}, head_tail, head or tail; lower \
                 model_max_tokens or context_size; or set model to one with a larger context"
                    .to_owned(),
            ),
        }
    }
}

/// The parts of a request that may be cut, in its order.
struct Marked<'a> {
    parts: Vec<Place<'a>>,
}

struct Place<'a> {
    /// The index of the message.
    message: usize,
    range: Range<usize>,
    part: Part<'a>,
}

impl<'a> Marked<'a> {
    /// Marks come with the request, which anybody may have written: those that mark no text are passed over.
    fn of(request: &'a ChatRequest) -> Self {
        let mut parts = Vec::new();
        for (message, content) in request.messages.iter().enumerate().filter(|(_, m)| m.role != Role::System)
        {
            let mut marks: Vec<&Shrinkable> = content.shrinkable.iter().collect();
            marks.sort_by_key(|mark| (mark.start, mark.end));
            let mut free = 0;
            for mark in marks {
                let range = mark.start..mark.end;
                let text = content.content.get(range.clone()).filter(|text| !text.is_empty());
                let Some(text) = text.filter(|_| range.start >= free) else { continue };
                free = range.end;
                let before = content.content.get(..range.start).unwrap_or_default();
                parts.push(Place { message, range, part: Part::new(text, mark.how, before) });
            }
        }
        Self { parts }
    }

    /// The request with no part longer than so many bytes, and what the parts became.
    fn cut(&self, request: &ChatRequest, bytes: usize) -> (ChatRequest, Vec<String>) {
        let mut request = request.clone();
        let texts: Vec<String> = self.parts.iter().map(|place| place.part.cut(bytes)).collect();
        for (place, text) in self.parts.iter().zip(&texts).rev() {
            if let Some(message) = request.messages.get_mut(place.message) {
                message.content.replace_range(place.range.clone(), text);
                // What was cut once is not cut again: its places have moved.
                message.shrinkable = Vec::new();
            }
        }
        (request, texts)
    }
}

/// What a part is called in a message: how it begins.
fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
