//! How the bytes of an answer arrive: in which chunks, and where they stop.

use std::io;

use axum::body::{Body, Bytes};
use futures_util::stream;

/// Splits inside characters and inside lines.
const SMALL: usize = 7;
/// After this many bytes in [`SMALL`] chunks come larger ones: a long answer would take too many.
const SMALL_UNTIL: usize = 4096;
const LARGE: usize = 1021;

/// How a body is sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delivery {
    /// Bytes of a chunk; small ones first when absent.
    pub(super) chunk: Option<usize>,
    /// After so many bytes something else happens than the rest of the body.
    pub(super) stop: Option<(usize, Stop)>,
}

/// What happens in place of the rest of a body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// The connection is cut.
    Cut,
    /// Nothing, for ever.
    Silence,
}

impl Delivery {
    /// A body of these bytes. Each chunk goes out as a chunk of HTTP of its own, so that the client's library hands it on
    /// as it is, unless there is a content length.
    pub(super) fn body(self, source: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
        let chunks = Chunks { source, rest: Bytes::new(), sent: 0, delivery: self };
        Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
            match chunks.next() {
                Next::Chunk { bytes, flush } => {
                    if flush {
                        // The server writes out what it has when the body has to wait.
                        tokio::task::yield_now().await;
                    }
                    Some((Ok(bytes), chunks))
                }
                Next::Stopped(Stop::Cut) => {
                    tokio::task::yield_now().await;
                    Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), chunks))
                }
                Next::Stopped(Stop::Silence) => std::future::pending().await,
                Next::End => None,
            }
        }))
    }
}

struct Chunks<S> {
    source: S,
    rest: Bytes,
    sent: usize,
    delivery: Delivery,
}

enum Next {
    Chunk {
        bytes: Bytes,
        /// It is the first of what the source gave at one time.
        flush: bool,
    },
    Stopped(Stop),
    End,
}

impl<S: Iterator<Item = Bytes>> Chunks<S> {
    fn next(&mut self) -> Next {
        let size = match self.delivery.chunk {
            Some(size) => size.max(1),
            None if self.sent < SMALL_UNTIL => SMALL,
            None => LARGE,
        };
        let size = match self.delivery.stop {
            Some((after, stop)) if self.sent >= after => return Next::Stopped(stop),
            Some((after, _)) => size.min(after - self.sent),
            None => size,
        };
        let mut flush = false;
        while self.rest.is_empty() {
            match self.source.next() {
                Some(bytes) => self.rest = bytes,
                None => return Next::End,
            }
            flush = true;
        }
        let bytes = self.rest.split_to(size.min(self.rest.len()));
        self.sent += bytes.len();
        Next::Chunk { bytes, flush }
    }
}
