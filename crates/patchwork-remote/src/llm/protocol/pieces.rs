//! The order of an answer's texts, calls and thoughts: vendors sign thoughts and want them back as they were and where they
//! were.

use patchwork_core::message::{Message, ToolCall};
use serde_json::{Value, json};

use super::{carried, carry};

/// A piece of an answer, in order.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) enum Piece {
    /// So many bytes of the text, and what goes back with them.
    Text(usize, Option<Value>),
    /// The call at this place among the calls, and what goes back with it.
    Call(usize, Option<Value>),
    /// A block that goes back as it came.
    Block(Value),
}

/// A piece of an assistant's message that is sent again.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) enum Part<'a> {
    /// Text, never blank unless something goes back with it.
    Text(&'a str, Option<&'a Value>),
    /// A call.
    Call(&'a ToolCall, Option<&'a Value>),
    /// A block.
    Block(&'a Value),
}

/// What goes into `Message::carried`: what only the vendor understands, and of texts and calls, which the message holds anyway,
/// just lengths and places, so that a text that was masked meanwhile stays masked. Nothing when the vendor wants nothing.
pub(in crate::llm) fn remember(protocol: &str, pieces: &[Piece]) -> Option<Value> {
    let wanted = |piece: &Piece| !matches!(piece, Piece::Text(_, None) | Piece::Call(_, None));
    if !pieces.iter().any(wanted) {
        return None;
    }
    let written = |field: &str, number: &usize, with: &Option<Value>| match with {
        Some(with) => json!({field: number, "with": with}),
        None => json!({field: number}),
    };
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(bytes, with) => written("text", bytes, with),
        Piece::Call(place, with) => written("call", place, with),
        Piece::Block(block) => json!({"block": block}),
    });
    Some(carry(protocol, pieces.collect()))
}

/// The parts of an assistant's message: in the order in which the model said them where that is known and the message was not
/// changed since, else blocks, text, calls.
pub(in crate::llm) fn parts<'a>(message: &'a Message, protocol: &str) -> Vec<Part<'a>> {
    let pieces = carried(message, protocol).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    ordered(message, pieces).unwrap_or_else(|| {
        let blocks = pieces.iter().filter_map(block).map(Part::Block);
        let text = (!message.content.trim().is_empty()).then_some(Part::Text(&message.content, None));
        let calls = message.tool_calls.iter().enumerate().map(|(place, call)| {
            let piece = pieces.iter().find(|piece| size(piece, "call") == Some(place));
            Part::Call(call, piece.and_then(with))
        });
        blocks.chain(text).chain(calls).collect()
    })
}

fn ordered<'a>(message: &'a Message, pieces: &'a [Value]) -> Option<Vec<Part<'a>>> {
    let mut parts = Vec::new();
    let (mut rest, mut calls) = (message.content.as_str(), message.tool_calls.iter().enumerate());
    for piece in pieces {
        if let Some(block) = block(piece) {
            parts.push(Part::Block(block));
        } else if let Some(bytes) = size(piece, "text") {
            let (text, tail) = rest.split_at_checked(bytes)?;
            if !text.trim().is_empty() || with(piece).is_some() {
                parts.push(Part::Text(text, with(piece)));
            }
            rest = tail;
        } else {
            let (place, call) = calls.next()?;
            if size(piece, "call")? != place {
                return None;
            }
            parts.push(Part::Call(call, with(piece)));
        }
    }
    (rest.is_empty() && calls.next().is_none()).then_some(parts)
}

fn block(piece: &Value) -> Option<&Value> {
    piece.get("block").filter(|block| block.is_object())
}

fn with(piece: &Value) -> Option<&Value> {
    piece.get("with").filter(|with| with.is_object())
}

fn size(piece: &Value, field: &str) -> Option<usize> {
    piece.get(field)?.as_u64().and_then(|size| usize::try_from(size).ok())
}

#[cfg(test)]
mod tests {
    use patchwork_core::message::Role;

    use super::*;

    fn message(content: &str, carried: Option<Value>) -> Message {
        let call = ToolCall { id: "a".to_owned(), name: "look".to_owned(), arguments: "{}".to_owned() };
        Message { tool_calls: vec![call], carried, ..Message::new(Role::Assistant, content) }
    }

    #[test]
    fn an_answer_goes_back_in_its_order() {
        let thought = |n: u8| json!({"thought": n});
        let sign = json!({"signature": "s"});
        let pieces = [
            Piece::Block(thought(1)),
            Piece::Text("grün".len(), None),
            Piece::Block(thought(2)),
            Piece::Call(0, Some(sign.clone())),
        ];
        let carried = remember("mine", &pieces);
        let same = message("grün", carried.clone());
        let call = Part::Call(&same.tool_calls[0], Some(&sign));
        let (one, two) = (thought(1), thought(2));
        let text = |text| Part::Text(text, None);
        let all = [Part::Block(&one), text("grün"), Part::Block(&two), call.clone()];
        assert_eq!(parts(&same, "mine"), all);
        let masked = message("***", carried);
        assert_eq!(parts(&masked, "mine"), [Part::Block(&one), Part::Block(&two), text("***"), call]);
        let plain = Part::Call(&same.tool_calls[0], None);
        assert_eq!(parts(&same, "another"), [text("grün"), plain]);
    }

    #[test]
    fn nothing_is_remembered_when_nothing_is_wanted_and_nonsense_is_ignored() {
        assert_eq!(remember("mine", &[Piece::Text(3, None), Piece::Call(0, None)]), None);
        for carried in [json!(3), json!([{"text": -1}, 7, {}]), json!([{"text": 1}]), json!([{"call": 9}])] {
            let message = message("hi", Some(carry("mine", carried)));
            let call = Part::Call(&message.tool_calls[0], None);
            assert_eq!(parts(&message, "mine"), [Part::Text("hi", None), call]);
        }
    }
}
