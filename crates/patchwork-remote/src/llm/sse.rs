//! Server-sent events out of the chunks of a body.
//!
//! The parsing is `sse-stream`'s: all three ends of line, chunks that split lines and characters, a byte order mark, strict
//! UTF-8. It has no limit on an event, and drops one that the server did not end with an empty line; both are seen to here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, BoxStream, StreamExt};
use sse_stream::{Error as ParseError, SseByteStream};
use tokio_util::bytes::Bytes;

use super::transport::{Body, Undelivered};

/// Bytes that one event may have.
const MAX_EVENT: usize = 8 << 20;

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its type; empty when the server gave none.
    pub(super) name: String,
    /// Its lines of data, joined.
    pub(super) data: String,
}

/// The events of a body.
pub(super) struct Events<'a> {
    parser: SseByteStream<BoxStream<'a, Result<Bytes, Undelivered>>>,
    /// Bytes that came since the last event.
    pending: Arc<AtomicUsize>,
}

impl<'a> Events<'a> {
    /// The events in `head` and what follows it.
    pub(super) fn new(head: Bytes, body: &'a mut Body) -> Self {
        let pending = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&pending);
        let head = stream::once(async { Ok(head) });
        let rest = stream::unfold(Some(body), async |body| {
            let body = body?;
            match body.chunk().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(body))),
                // Ends an event that the server left open.
                Ok(None) => Some((Ok(Bytes::from_static(b"\n\n")), None)),
                Err(failed) => Some((Err(failed), None)),
            }
        });
        let bytes = head.chain(rest).map(move |chunk| {
            let chunk = chunk?;
            let pending = counted.fetch_add(chunk.len(), Ordering::Relaxed).saturating_add(chunk.len());
            if pending > MAX_EVENT { Err(Undelivered::TooMuch("one event", MAX_EVENT)) } else { Ok(chunk) }
        });
        Self { parser: SseByteStream::new(bytes.boxed()), pending }
    }

    /// The next event that has data; nothing at the end of the body.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Undelivered> {
        loop {
            let event = match self.parser.next().await {
                None => return Ok(None),
                Some(Ok(event)) => event,
                Some(Err(ParseError::Body(cause))) => {
                    return Err(match cause.downcast::<Undelivered>() {
                        Ok(failed) => *failed,
                        Err(other) => Undelivered::unreadable(other),
                    });
                }
                Some(Err(ParseError::Utf8Parse(_))) => {
                    return Err(Undelivered::unreadable("its stream is not UTF-8"));
                }
                Some(Err(error)) => return Err(Undelivered::unreadable(error)),
            };
            self.pending.store(0, Ordering::Relaxed);
            if let Some(data) = event.data {
                return Ok(Some(Event { name: event.event.unwrap_or_default(), data }));
            }
        }
    }
}
