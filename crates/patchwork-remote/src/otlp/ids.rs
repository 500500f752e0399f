//! Ids of traces and spans. They are derived, never drawn: a run that another process resumes goes on in its trace.

use sha2::{Digest, Sha256};

/// Names a trace.
pub(super) type TraceId = [u8; 16];

/// Names a span within a trace.
pub(super) type SpanId = [u8; 8];

/// The span under which a run was started, from `TRACEPARENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    /// Whether the one who started us records its trace.
    pub(super) sampled: bool,
}

impl Parent {
    /// Reads the W3C form `00-<trace>-<span>-<flags>`; later versions may have more at the end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let [version] = hex::<1>(parts.next()?)?;
        let trace = hex::<16>(parts.next()?)?;
        let span = hex::<8>(parts.next()?)?;
        let [flags] = hex::<1>(parts.next()?)?;
        let fine = version != 0xff
            && (version != 0 || parts.next().is_none())
            && trace != TraceId::default()
            && span != SpanId::default();
        fine.then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// The trace of a run.
pub(super) fn trace_id(run: &str) -> TraceId {
    digest(&["trace", run])
}

/// The span of a run's first process.
pub(super) fn run_span_id(run: &str) -> SpanId {
    digest(&["run", run])
}

/// A span that an event began. The number alone would not do: a killed process may have sent spans whose events it
/// never wrote, and the next one counts on from those that it wrote.
pub(super) fn span_id(run: &str, node: &str, seq: u64, at_ms: i64) -> SpanId {
    digest(&["event", run, node, &seq.to_string(), &at_ms.to_string()])
}

fn digest<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        // No part holds one.
        hash.update([0]);
    }
    let mut id = [0; N];
    id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    id
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.as_bytes().iter().all(lower) {
        return None;
    }
    let mut out = [0; N];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_parent_is_read_and_what_is_none_is_not() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent = Parent::parse(text).unwrap();
        assert_eq!((parent.trace[0], parent.span[7], parent.sampled), (0x0a, 0x31, true));
        assert!(!Parent::parse(&text.replace("-01", "-00")).unwrap().sampled);
        assert!(Parent::parse(&format!("cc{}-more", &text[2..])).is_some());
        let wrong = [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-é0f7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ];
        for text in wrong {
            assert_eq!(Parent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_stable_and_differ() {
        assert_eq!(trace_id("a"), trace_id("a"));
        assert_ne!(trace_id("a"), trace_id("b"));
        assert_ne!(span_id("r", "a", 1, 2), span_id("r", "a", 2, 2));
        assert_ne!(span_id("r", "a", 1, 2), span_id("r", "b", 1, 2));
        assert_ne!(run_span_id("r"), span_id("r", "", 1, 2));
    }
}
