//! What is kept of what a program prints.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Which part is kept of what is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The first bytes: a document is of use as far as it goes.
    Start,
    /// The last bytes: a build or a test says at its end why it failed.
    End,
}

/// Bytes of a stream.
pub(super) struct Capture {
    keep: Keep,
    bytes: Vec<u8>,
    limit: usize,
    truncated: bool,
}

impl Capture {
    pub(super) fn new(keep: Keep, limit: usize) -> Self {
        Self { keep, bytes: Vec::new(), limit, truncated: false }
    }

    /// Reads to the end, so that the program never waits for a reader. Holds twice the limit at most.
    pub(super) async fn fill(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut chunk = vec![0; 32 * 1024];
        while let Ok(count) = stream.read(&mut chunk).await {
            if count == 0 {
                break;
            }
            self.take(chunk.get(..count).unwrap_or_default());
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        match self.keep {
            Keep::Start => {
                let room = self.limit.saturating_sub(self.bytes.len());
                self.truncated |= chunk.len() > room;
                self.bytes.extend_from_slice(chunk.get(..chunk.len().min(room)).unwrap_or_default());
            }
            Keep::End => {
                self.bytes.extend_from_slice(chunk);
                // Not each time: what stays is moved.
                if self.bytes.len() > self.limit.saturating_mul(2) {
                    self.drop_start();
                }
            }
        }
    }

    fn drop_start(&mut self) {
        let surplus = self.bytes.len().saturating_sub(self.limit);
        self.truncated |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    /// The bytes, and whether there were more.
    pub(super) fn end(mut self) -> (Vec<u8>, bool) {
        self.drop_start();
        (self.bytes, self.truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_end_is_kept_of_what_is_too_long() {
        for (keep, limit, expected, truncated) in [
            (Keep::Start, 4, "0123", true),
            (Keep::End, 4, "6789", true),
            (Keep::Start, 10, "0123456789", false),
            (Keep::End, 10, "0123456789", false),
            (Keep::End, 0, "", true),
        ] {
            let mut capture = Capture::new(keep, limit);
            capture.fill(Some(&b"0123456789"[..])).await;
            assert_eq!(capture.end(), (expected.as_bytes().to_vec(), truncated), "{keep:?} {limit}");
        }
    }

    #[test]
    fn no_more_than_twice_the_limit_and_a_chunk_is_held() {
        let mut capture = Capture::new(Keep::End, 100);
        for round in 0..1000_u32 {
            capture.take(&[u8::try_from(round % 251).unwrap(); 60]);
            assert!(capture.bytes.len() <= 260, "{}", capture.bytes.len());
        }
        assert_eq!(capture.end().0.len(), 100);
    }
}
