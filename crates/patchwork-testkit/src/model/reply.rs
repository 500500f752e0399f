//! What a scripted model answers.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures_util::stream;
use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::cut::CutSwitch;
use super::request::{SeenRequest, Shape};

/// One answer, built from what it says and then how it arrives.
///
/// ```
/// use std::time::Duration;
/// use patchwork_testkit::model::Reply;
///
/// let slow = Reply::text("done").delay(Duration::from_millis(5));
/// let busy = Reply::error(429, "slow down").header("retry-after", "1");
/// ```
#[derive(Debug, Clone)]
pub struct Reply {
    content: Content,
    headers: Vec<(String, String)>,
    delay: Duration,
    /// Wait until so many requests were in flight at one time.
    company: usize,
    /// Cut the connection after so many bytes of the body.
    cut_after: Option<usize>,
}

#[derive(Debug, Clone)]
enum Content {
    Answer { text: Option<String>, finish: Finish, usage: Option<Usage> },
    Error { status: u16, message: String },
    Raw { status: u16, body: Bytes },
    Cut,
    Never,
}

impl From<Content> for Reply {
    fn from(content: Content) -> Self {
        Self { content, headers: Vec::new(), delay: Duration::ZERO, company: 0, cut_after: None }
    }
}

impl Reply {
    /// A finished answer in the protocol of the request. Its usage is a token per four characters, at least one.
    pub fn text(text: impl Into<String>) -> Self {
        Content::Answer { text: Some(text.into()), finish: Finish::Stop, usage: None }.into()
    }

    /// An answer whose content is null (OpenAI) or absent.
    pub fn null() -> Self {
        Content::Answer { text: None, finish: Finish::Stop, usage: None }.into()
    }

    /// A refusal with this status in the protocol of the request.
    pub fn error(status: u16, message: impl Into<String>) -> Self {
        Content::Error { status, message: message.into() }.into()
    }

    /// These bytes, as they are. The content type is `application/json` unless a header says otherwise.
    pub fn raw(status: u16, body: impl Into<Bytes>) -> Self {
        Content::Raw { status, body: body.into() }.into()
    }

    /// This JSON with status 200.
    pub fn json(body: &Value) -> Self {
        Self::raw(200, body.to_string())
    }

    /// No answer: the connection is cut.
    pub fn cut() -> Self {
        Content::Cut.into()
    }

    /// No answer, ever; the connection stays open.
    pub fn never() -> Self {
        Content::Never.into()
    }

    /// Why the answer ends. Has no effect on anything but an answer.
    #[must_use]
    pub fn finish(mut self, finish_: Finish) -> Self {
        if let Content::Answer { finish, .. } = &mut self.content {
            *finish = finish_;
        }
        self
    }

    /// What the answer says it consumed. Has no effect on anything but an answer.
    #[must_use]
    pub fn usage(mut self, usage_: Usage) -> Self {
        if let Content::Answer { usage, .. } = &mut self.content {
            *usage = Some(usage_);
        }
        self
    }

    /// Adds or replaces a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Waits before answering.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits until so many requests were in flight at one time, this one included: whoever gets an answer has not asked one
    /// by one.
    #[must_use]
    pub fn once_in_flight(mut self, requests: usize) -> Self {
        self.company = requests;
        self
    }

    /// Cuts the connection after so many bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    pub(super) async fn send(
        self,
        request: &SeenRequest,
        switch: &CutSwitch,
        mut max_in_flight: watch::Receiver<usize>,
    ) -> Response<Body> {
        // It fails only when the server is gone, and with it this answer.
        let _ = max_in_flight.wait_for(|max| *max >= self.company).await;
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let (status, body) = match self.content {
            Content::Answer { text, finish, usage } => {
                let usage = usage.unwrap_or_else(|| estimated_usage(request, text.as_deref()));
                (200, Bytes::from(answer_body(request, text.as_deref(), &finish, usage).to_string()))
            }
            Content::Error { status, message } => {
                (status, Bytes::from(error_body(request.shape, status, &message).to_string()))
            }
            Content::Raw { status, body } => (status, body),
            Content::Cut => {
                switch.cut();
                return Response::new(Body::empty());
            }
            Content::Never => return std::future::pending().await,
        };
        let length = body.len();
        let mut response = Response::new(match self.cut_after {
            Some(bytes) => cut_body(body.slice(..bytes.min(length))),
            None => Body::from(body),
        });
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("content-length", HeaderValue::from(length));
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A body that breaks off after `bytes`, which have left by then: the server writes them out when the stream has to wait.
fn cut_body(bytes: Bytes) -> Body {
    Body::from_stream(stream::unfold(0, move |step| {
        let bytes = bytes.clone();
        async move {
            if step == 0 {
                return Some((Ok(bytes), 1));
            }
            tokio::task::yield_now().await;
            Some((Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)), 2))
        }
    }))
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

fn estimated_usage(request: &SeenRequest, text: Option<&str>) -> Usage {
    let tokens = |length: usize| u64::try_from(length / 4).unwrap_or(u64::MAX).max(1);
    Usage {
        input_tokens: tokens(request.messages.iter().map(|message| message.content.len()).sum()),
        output_tokens: tokens(text.map_or(0, str::len)),
        ..Usage::default()
    }
}

fn answer_body(request: &SeenRequest, text: Option<&str>, finish: &Finish, usage: Usage) -> Value {
    let Usage { input_tokens, output_tokens, cached_tokens, reasoning_tokens, .. } = usage;
    match request.shape {
        Shape::OpenAi => json!({
            "id": format!("chatcmpl-{}", request.index),
            "object": "chat.completion",
            "created": 1_795_239_731,
            "model": request.model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null,
                "finish_reason": word(finish, ["stop", "length", "content_filter"]),
            }],
            "usage": {
                "prompt_tokens": input_tokens,
                "completion_tokens": output_tokens,
                "total_tokens": input_tokens + output_tokens,
                "prompt_tokens_details": {"cached_tokens": cached_tokens},
                "completion_tokens_details": {"reasoning_tokens": reasoning_tokens},
            },
        }),
        Shape::Anthropic => json!({
            "id": format!("msg_{}", request.index),
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": text.map(|text| json!({"type": "text", "text": text})).into_iter().collect::<Vec<_>>(),
            "stop_reason": word(finish, ["end_turn", "max_tokens", "refusal"]),
            "stop_sequence": null,
            "usage": {
                "input_tokens": input_tokens.saturating_sub(cached_tokens),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": cached_tokens,
                "output_tokens": output_tokens,
                "output_tokens_details": {"thinking_tokens": reasoning_tokens},
            },
        }),
        Shape::Gemini => {
            let content = match text {
                Some(text) => json!({"role": "model", "parts": [{"text": text}]}),
                None => json!({"role": "model"}),
            };
            json!({
                "candidates": [{
                    "content": content,
                    "finishReason": word(finish, ["STOP", "MAX_TOKENS", "SAFETY"]),
                    "index": 0,
                }],
                "usageMetadata": {
                    "promptTokenCount": input_tokens,
                    "cachedContentTokenCount": cached_tokens,
                    "candidatesTokenCount": output_tokens.saturating_sub(reasoning_tokens),
                    "thoughtsTokenCount": reasoning_tokens,
                    "totalTokenCount": input_tokens + output_tokens,
                },
                "modelVersion": request.model,
            })
        }
    }
}

fn word<'a>(finish: &'a Finish, [stop, length, filter]: [&'a str; 3]) -> &'a str {
    match finish {
        Finish::ToolCalls => "tool_calls",
        Finish::Stop => stop,
        Finish::Length => length,
        Finish::ContentFilter => filter,
        Finish::Other(word) => word,
    }
}

fn error_body(shape: Shape, status: u16, message: &str) -> Value {
    match shape {
        Shape::OpenAi => json!({"error": {"message": message, "type": "error", "param": null, "code": null}}),
        Shape::Anthropic => json!({"type": "error", "error": {"type": "error", "message": message}}),
        Shape::Gemini => json!({"error": {"code": status, "message": message, "status": "ERROR"}}),
    }
}
