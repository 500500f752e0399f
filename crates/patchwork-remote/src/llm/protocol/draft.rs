//! An answer in the making: texts and tool calls put together from pieces.

use std::collections::BTreeSet;

use patchwork_core::message::{TokenChance, ToolCall};
use patchwork_core::port::provider::ProviderErrorKind;

use super::Trouble;

/// Bytes of text and tool arguments that an answer may have: several times what the models with the longest answers write.
const MAX_SAID: usize = 4 << 20;

/// Calls of tools that an answer may have; the most that a vendor allows is 128.
const MAX_CALLS: usize = 1_024;

/// What a model has said so far. Every piece is counted: an answer beyond any that a model writes is refused.
#[derive(Debug, Default)]
pub(in crate::llm) struct Draft {
    text: String,
    calls: Vec<ToolCall>,
    chances: Vec<TokenChance>,
    bytes: usize,
}

impl Draft {
    /// Counts a piece that is kept elsewhere (thoughts, signatures).
    pub(in crate::llm) fn count(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= MAX_SAID {
            return Ok(());
        }
        let what = format!("answered with more than {} MiB, too much to be an answer", MAX_SAID >> 20);
        // Asking again would be paid again.
        Err(Trouble::new(ProviderErrorKind::Malformed, what).for_good())
    }

    /// Adds to the text.
    pub(in crate::llm) fn text(&mut self, piece: &str) -> Result<(), Trouble> {
        self.count(piece.len())?;
        self.text.push_str(piece);
        Ok(())
    }

    /// Begins a call of a tool; returns its place among the calls. What is not known yet is empty.
    pub(in crate::llm) fn call(&mut self, id: &str, name: &str) -> Result<usize, Trouble> {
        self.count(id.len().saturating_add(name.len()))?;
        if self.calls.len() == MAX_CALLS {
            return Err(Trouble::malformed(format!("it calls more than {MAX_CALLS} tools")).for_good());
        }
        self.calls.push(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: String::new() });
        Ok(self.calls.len() - 1)
    }

    /// The call at a place that [`Draft::call`] gave.
    pub(in crate::llm) fn at(&mut self, place: usize) -> Option<&mut ToolCall> {
        self.calls.get_mut(place)
    }

    /// Adds to the arguments of a call. A piece for a call that was never begun is dropped.
    pub(in crate::llm) fn arguments(&mut self, place: usize, piece: &str) -> Result<(), Trouble> {
        self.count(piece.len())?;
        if let Some(call) = self.calls.get_mut(place) {
            call.arguments.push_str(piece);
        }
        Ok(())
    }

    /// Adds how likely tokens were.
    pub(in crate::llm) fn chances(&mut self, more: Vec<TokenChance>) -> Result<(), Trouble> {
        let of = |chance: &TokenChance| {
            chance.token.len() + chance.top.iter().map(|likely| likely.token.len()).sum::<usize>()
        };
        self.count(more.iter().map(of).sum())?;
        self.chances.extend(more);
        Ok(())
    }

    /// Takes out how likely the tokens were.
    pub(in crate::llm) fn take_chances(&mut self) -> Vec<TokenChance> {
        std::mem::take(&mut self.chances)
    }

    /// Whether nothing was said.
    pub(in crate::llm) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    /// The text and the calls; each call has a name and an id of its own. Servers that give no ids, or one twice, get ids
    /// of our making: the conversation is ours from here on.
    pub(in crate::llm) fn finish(self) -> Result<(String, Vec<ToolCall>), Trouble> {
        let Self { text, mut calls, .. } = self;
        if calls.iter().any(|call| call.name.is_empty()) {
            return Err(Trouble::malformed("it calls a tool without a name"));
        }
        let given: BTreeSet<String> = calls.iter().map(|call| call.id.clone()).collect();
        let mut taken = BTreeSet::new();
        for (at, call) in calls.iter_mut().enumerate() {
            if call.id.is_empty() || !taken.insert(call.id.clone()) {
                let fresh = (at..).map(|n| format!("call_{n}"));
                let mut fresh = fresh.filter(|id| !given.contains(id) && !taken.contains(id));
                call.id = fresh.next().unwrap_or_default();
                taken.insert(call.id.clone());
            }
        }
        Ok((text, calls))
    }
}

/// A vendor's own word for why an answer ended, fit to keep.
pub(in crate::llm) fn finish_word(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// What follows the thoughts that some servers leave at the head of the answer of a reasoning model.
pub(in crate::llm) fn without_thoughts(text: &str) -> &str {
    match text.trim_start().strip_prefix("<think>").and_then(|rest| rest.split_once("</think>")) {
        Some((_, answer)) => answer.trim_start(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_at_the_head_are_dropped_and_nothing_else() {
        assert_eq!(without_thoughts("<think>\nhm\n</think>\n\n  answer\n"), "answer\n");
        for text in ["  indented\n", "a <think>b</think> c", "<think>never closed", ""] {
            assert_eq!(without_thoughts(text), text);
        }
    }

    #[test]
    fn calls_without_an_id_or_with_anothers_get_one() {
        let mut draft = Draft::default();
        for id in ["", "a", "a", "call_0", ""] {
            let place = draft.call(id, "look").unwrap();
            draft.arguments(place, "{").unwrap();
            draft.arguments(place, "}").unwrap();
        }
        let (_, calls) = draft.finish().unwrap();
        let ids: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_1", "a", "call_2", "call_0", "call_4"]);
        assert!(calls.iter().all(|call| call.arguments == "{}"));
    }

    #[test]
    fn a_call_needs_a_name_and_an_answer_has_an_end() {
        let mut draft = Draft::default();
        draft.call("a", "").unwrap();
        assert!(draft.finish().unwrap_err().again);

        let mut draft = Draft::default();
        let piece = "x".repeat(1 << 20);
        for _ in 0..4 {
            draft.text(&piece).unwrap();
        }
        let trouble = draft.text("x").unwrap_err();
        assert!(!trouble.again && trouble.problem.contains("4 MiB"), "{trouble:?}");
    }
}
