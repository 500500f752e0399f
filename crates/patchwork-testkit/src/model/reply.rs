//! What a scripted model answers.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use patchwork_core::message::{Finish, ToolCall};
use patchwork_core::usage::Usage;
use serde_json::Value;
use tokio::sync::watch;

use super::answer::{self, Answer, Thought};
use super::cut::CutSwitch;
use super::delivery::{Delivery, Stop};
use super::request::{SeenRequest, Shape};

/// One answer, built from what it says and then how it arrives.
///
/// It is told in the protocol of the request, as a stream when that asked for one.
///
/// ```
/// use std::time::Duration;
/// use patchwork_testkit::model::Reply;
///
/// let slow = Reply::text("done").delay(Duration::from_millis(5));
/// let busy = Reply::error(429, "slow down").header("retry-after", "1");
/// let calls = Reply::tool_call("call_1", "read_file", r#"{"path": "a.py"}"#);
/// let broken = Reply::text("half an ans").then_error(529, "overloaded");
/// ```
#[derive(Debug, Clone)]
pub struct Reply {
    content: Content,
    headers: Vec<(String, String)>,
    delay: Duration,
    /// Wait until so many requests were in flight at one time.
    company: usize,
    /// Never a stream.
    whole: bool,
    delivery: Delivery,
}

#[derive(Debug, Clone)]
enum Content {
    Answer(Box<Answer>),
    Error { status: u16, message: String },
    Raw { status: u16, streamed: bool, body: Bytes },
    Cut,
    Never,
}

impl From<Content> for Reply {
    fn from(content: Content) -> Self {
        Self {
            content,
            headers: Vec::new(),
            delay: Duration::ZERO,
            company: 0,
            whole: false,
            delivery: Delivery::default(),
        }
    }
}

impl Reply {
    /// A finished answer. Its usage is a token per four characters, at least one.
    pub fn text(text: impl Into<String>) -> Self {
        Content::Answer(Box::new(Answer::new(Some(text.into())))).into()
    }

    /// An answer whose content is null (OpenAI) or absent.
    pub fn null() -> Self {
        Content::Answer(Box::new(Answer::new(None))).into()
    }

    /// An answer without text that calls a tool. More calls and a text may follow: [`Reply::and_tool_call`], [`Reply::saying`].
    pub fn tool_call(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::null().and_tool_call(id, name, arguments)
    }

    /// The model refuses in its own words; Gemini, which has no words for it, is stopped by its safety filter.
    pub fn refusal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::null().told(|answer| answer.refusal = Some(text))
    }

    /// An answer whose text never ends.
    pub fn endless() -> Self {
        Self::text("again and again ").told(|answer| answer.endless = true)
    }

    /// A refusal of the request with this status.
    pub fn error(status: u16, message: impl Into<String>) -> Self {
        Content::Error { status, message: message.into() }.into()
    }

    /// These bytes, as they are. The content type is `application/json` unless a header says otherwise.
    pub fn raw(status: u16, body: impl Into<Bytes>) -> Self {
        Content::Raw { status, streamed: false, body: body.into() }.into()
    }

    /// These bytes, as they are, as a stream of events with status 200, whatever was asked for.
    pub fn stream_raw(body: impl Into<Bytes>) -> Self {
        Content::Raw { status: 200, streamed: true, body: body.into() }.into()
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

    /// Has no effect on anything but an answer.
    fn told(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Content::Answer(answer) = &mut self.content {
            change(answer);
        }
        self
    }

    /// Adds the text of an answer.
    #[must_use]
    pub fn saying(self, text: impl Into<String>) -> Self {
        self.told(|answer| answer.text = Some(text.into()))
    }

    /// Adds a call of a tool to an answer. `arguments` are sent as they are, be they JSON or not; protocols that have no
    /// text there get a string when they are not. Without an `id` Gemini names none, as its older models do.
    #[must_use]
    pub fn and_tool_call(
        self,
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        let call = ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() };
        self.told(|answer| answer.tool_calls.push(call))
    }

    /// Adds what the model thought before it spoke, and the vendor's signature of it.
    #[must_use]
    pub fn thinking(self, text: impl Into<String>, signature: impl Into<String>) -> Self {
        let thought = Thought { text: text.into(), signature: signature.into() };
        self.told(|answer| answer.thought = Some(thought))
    }

    /// Why an answer ends; in place of [`Finish::Stop`] one with tool calls says [`Finish::ToolCalls`].
    #[must_use]
    pub fn finish(self, finish: Finish) -> Self {
        self.told(|answer| answer.finish = finish)
    }

    /// What an answer says it consumed.
    #[must_use]
    pub fn usage(self, usage: Usage) -> Self {
        self.told(|answer| answer.usage = Some(usage))
    }

    /// The answer does not end but fails: an error follows its text in the stream. One that is not streamed has only the
    /// error, with status 200.
    #[must_use]
    pub fn then_error(self, status: u16, message: impl Into<String>) -> Self {
        self.told(|answer| answer.failure = Some((status, message.into())))
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

    /// Answers whole though a stream was asked for.
    #[must_use]
    pub fn not_streamed(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Sends the body in chunks of so many bytes. A stream comes in small ones unless told otherwise.
    #[must_use]
    pub fn chunked(mut self, bytes: usize) -> Self {
        self.delivery.chunk = Some(bytes);
        self
    }

    /// Cuts the connection after so many bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.delivery.stop = Some((bytes, Stop::Cut));
        self
    }

    /// Falls silent after so many bytes of the body; the connection stays open.
    #[must_use]
    pub fn stall_after(mut self, bytes: usize) -> Self {
        self.delivery.stop = Some((bytes, Stop::Silence));
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
        let streams = request.streams() && !self.whole;
        let (status, streamed, body) = match self.content {
            Content::Answer(answer) if streams => {
                (200, true, Source::Pieces(answer::stream(request, &answer)))
            }
            Content::Answer(answer) if answer.endless => (200, false, Source::Pieces(unending_json())),
            Content::Answer(answer) => (200, false, Source::json(&answer::whole(request, &answer))),
            Content::Error { status, message } => {
                (status, false, Source::json(&answer::error(request.shape, status, &message)))
            }
            Content::Raw { status, streamed, body } => (status, streamed, Source::Bytes(body)),
            Content::Cut => {
                switch.cut();
                return Response::new(Body::empty());
            }
            Content::Never => return std::future::pending().await,
        };
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(content_type(request.shape, streamed)));
        let in_pieces = streamed || self.delivery.chunk.is_some();
        let body = match body {
            Source::Bytes(bytes) if !in_pieces => {
                headers.insert("content-length", HeaderValue::from(bytes.len()));
                let whole = Delivery { chunk: Some(usize::MAX), ..self.delivery };
                whole.body(std::iter::once(bytes))
            }
            Source::Bytes(bytes) => self.delivery.body(std::iter::once(bytes)),
            Source::Pieces(pieces) => self.delivery.body(pieces),
        };
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.body_mut() = body;
        response
    }
}

enum Source {
    Bytes(Bytes),
    Pieces(Box<dyn Iterator<Item = Bytes> + Send>),
}

impl Source {
    fn json(body: &Value) -> Self {
        Self::Bytes(body.to_string().into())
    }
}

fn unending_json() -> Box<dyn Iterator<Item = Bytes> + Send> {
    let start = Bytes::from_static(br#"{"text": ""#);
    Box::new(std::iter::once(start).chain(std::iter::repeat(Bytes::from_static(b"again and again "))))
}

fn content_type(shape: Shape, streamed: bool) -> &'static str {
    match (streamed, shape) {
        (false, _) => "application/json",
        (true, Shape::Gemini) => "text/event-stream",
        (true, _) => "text/event-stream; charset=utf-8",
    }
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
