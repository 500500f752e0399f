//! One try: a request is sent, its answer is read as it comes, and silence ends it.

use std::time::Duration;

use patchwork_core::message::Finish;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tokio_util::bytes::{Bytes, BytesMut};

use super::protocol::{Reader, Said, Trouble, WireRequest};
use super::refusal;
use super::sse::Events;
use patchwork_core::usage::Usage;

/// Bytes that an answer may have with everything around its words.
const MAX_BODY: usize = 64 << 20;

/// Bytes of a refusal or of a web page that are looked at.
const MAX_REFUSAL: usize = 64 << 10;

/// How long an answer may take as long as the server is not silent: no model writes so long.
const MAX_TIME: Duration = Duration::from_hours(1);

/// How long the end of a connection's turn is waited for after the end of an answer. Only a connection that was read to the
/// end is used again.
const END: Duration = Duration::from_millis(50);

/// A request as it goes over the wire, the same bytes for every try.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Sending {
    /// Writes a request out.
    pub(super) fn new(request: WireRequest) -> Result<Self, Trouble> {
        let WireRequest { url, mut headers, body } = request;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        let body = serde_json::to_vec(&body).map_err(Trouble::invalid)?;
        Ok(Self { url, headers, body: body.into() })
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Delivered {
    /// What was said.
    pub(super) said: Said,
    /// The headers that it came with: limits, the server's id of the request.
    pub(super) headers: HeaderMap,
    /// Until the first byte of the answer itself.
    pub(super) first_byte: Duration,
    /// Until its end.
    pub(super) latency: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer was delivered")]
pub(super) enum Undelivered {
    /// No connection came about.
    Unreached(#[source] reqwest::Error),
    /// The connection was cut after the request may have arrived.
    Cut(#[source] reqwest::Error),
    /// Nothing came for so long.
    Silent(Duration),
    /// More than any answer has: of what, and how many bytes are allowed.
    TooMuch(&'static str, usize),
    /// It was still coming after so long.
    Endless(Duration),
    /// The server says no.
    Refused(Box<Refusal>),
    /// A web page, from its beginning.
    Page(String),
    /// An error in place of an answer, with a status of success.
    Instead(Trouble),
    /// The answer is of no use.
    Unusable(Trouble),
}

/// A status that is no success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The beginning of the body.
    pub(super) body: String,
}

impl Undelivered {
    /// An answer that is not of the protocol.
    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unusable(Trouble::malformed(what))
    }
}

/// A try without an answer, and what it consumed as far as the server said its last word on it.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) why: Undelivered,
    pub(super) usage: Option<Usage>,
    /// Whether anything of an answer had come.
    pub(super) began: bool,
}

/// Sends a request and reads the answer to its end.
pub(super) async fn deliver(
    client: &Client,
    sending: &Sending,
    mut reader: Box<dyn Reader>,
    silence: Duration,
) -> Result<Delivered, Failing> {
    let started = Instant::now();
    let mut head = Head::default();
    let outcome = read(client, sending, reader.as_mut(), silence, &mut head).await;
    let latency = started.elapsed();
    let Head { headers, first_byte } = head;
    match outcome {
        Ok(()) => {}
        // All was said but for the word that it was all.
        Err(Undelivered::Cut(_) | Undelivered::Silent(_)) if reader.usage().is_some() => {}
        Err(Undelivered::Refused(refusal)) => {
            let Some(said) = withheld(&refusal) else {
                let why = Undelivered::Refused(refusal);
                return Err(Failing { why, usage: None, began: false });
            };
            return Ok(Delivered { said, headers: refusal.headers, first_byte: latency, latency });
        }
        Err(why) => return Err(Failing { why, usage: reader.usage(), began: first_byte.is_some() }),
    }
    let usage = reader.usage();
    match reader.finish() {
        Ok(said) => {
            let first_byte = first_byte.map_or(latency, |at| at.duration_since(started));
            Ok(Delivered { said, headers, first_byte, latency })
        }
        Err(trouble) => Err(Failing { why: Undelivered::Unusable(trouble), usage, began: true }),
    }
}

/// What is said when a filter refused the prompt before the model saw it: that is an answer, and asking again is of no use.
fn withheld(refusal: &Refusal) -> Option<Said> {
    let body: Value = serde_json::from_str(&refusal.body).ok()?;
    let text = refusal::withheld(&body["error"])?;
    Some(Said {
        text,
        tool_calls: Vec::new(),
        carried: None,
        logprobs: Vec::new(),
        finish: Finish::ContentFilter,
        usage: Usage::default(),
        model: String::new(),
    })
}

/// What is known of an answer before its end.
#[derive(Default)]
struct Head {
    headers: HeaderMap,
    first_byte: Option<Instant>,
}

/// Feeds the answer to `reader`.
async fn read(
    client: &Client,
    sending: &Sending,
    reader: &mut dyn Reader,
    silence: Duration,
    answer: &mut Head,
) -> Result<(), Undelivered> {
    let Sending { url, headers, body } = sending;
    let call = client.post(url.clone()).headers(headers.clone()).body(body.clone()).send();
    let mut response = match timeout(silence, call).await {
        Err(_) => return Err(Undelivered::Silent(silence)),
        Ok(Err(error)) if error.is_connect() || error.is_builder() => {
            return Err(Undelivered::Unreached(error));
        }
        Ok(Err(error)) => return Err(Undelivered::Cut(error)),
        Ok(Ok(response)) => response,
    };
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Body { response, silence, until: Instant::now() + MAX_TIME, read: 0 };
    if !status.is_success() {
        let body = body.beginning(BytesMut::new()).await;
        return Err(Undelivered::Refused(Box::new(Refusal { status, headers, body })));
    }
    answer.headers = headers;
    let mut head = BytesMut::new();
    // What comes is told by its first character: content types are often wrong, and errors come under that of a stream.
    let kind = loop {
        let Some(chunk) = body.chunk().await? else { break None };
        answer.first_byte.get_or_insert_with(Instant::now);
        head.extend_from_slice(&chunk);
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
        if let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            break Some(*first);
        }
    };
    match kind {
        None => return Err(Undelivered::unreadable("it is empty")),
        Some(b'<') => return Err(Undelivered::Page(body.beginning(head).await)),
        Some(b'{' | b'[') => {
            while let Some(chunk) = body.chunk().await? {
                head.extend_from_slice(&chunk);
            }
            let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
            let value: Value = serde_json::from_slice(text)
                .map_err(|error| Undelivered::unreadable(format!("broken JSON ({error})")))?;
            if let Some(trouble) = Trouble::in_place_of_answer(&value) {
                return Err(Undelivered::Instead(trouble));
            }
            reader.whole(&value).map_err(Undelivered::Unusable)?;
        }
        Some(_) => stream(head.freeze(), &mut body, reader).await?,
    }
    Ok(())
}

async fn stream(head: Bytes, body: &mut Body, reader: &mut dyn Reader) -> Result<(), Undelivered> {
    let mut events = Events::new(head, body);
    while let Some(event) = events.next().await? {
        if reader.event(&event.name, &event.data).map_err(Undelivered::Unusable)? {
            drop(events);
            let end = async { while let Ok(Some(_)) = body.chunk().await {} };
            let _ = timeout(END, end).await;
            return Ok(());
        }
    }
    Ok(())
}

/// The body of an answer, as it comes.
pub(super) struct Body {
    response: Response,
    silence: Duration,
    until: Instant,
    read: usize,
}

impl Body {
    /// The next chunk; nothing at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Undelivered> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Undelivered::Endless(MAX_TIME));
        }
        match timeout(self.silence.min(left), self.response.chunk()).await {
            Err(_) if self.silence <= left => Err(Undelivered::Silent(self.silence)),
            Err(_) => Err(Undelivered::Endless(MAX_TIME)),
            Ok(Err(error)) => Err(Undelivered::Cut(error)),
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(chunk))) => {
                self.read = self.read.saturating_add(chunk.len());
                if self.read > MAX_BODY {
                    Err(Undelivered::TooMuch("the answer", MAX_BODY))
                } else {
                    Ok(Some(chunk))
                }
            }
        }
    }

    /// What there is of the beginning of the body, `head` included.
    async fn beginning(&mut self, mut head: BytesMut) -> String {
        while head.len() < MAX_REFUSAL {
            let Ok(Some(chunk)) = self.chunk().await else { break };
            head.extend_from_slice(&chunk);
        }
        head.truncate(MAX_REFUSAL);
        String::from_utf8_lossy(&head).into_owned()
    }
}
