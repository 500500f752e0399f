//! Thoughts: signed by the vendor, who wants them back as they were and where they were.

use patchwork_core::message::Message;
use serde_json::{Map, Value, json};

use super::super::{carried, carry as mark};

/// The name under which our things are carried.
const PROTOCOL: &str = "anthropic";

/// A piece of an answer, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// So many bytes of the text.
    Text(usize),
    /// The call at this place among the calls.
    Call(usize),
    /// A block that goes back as it came.
    Block(Value),
}

/// What goes into `Message::carried`: the blocks themselves, and only lengths and places of what the message holds anyway,
/// so that a text that was masked meanwhile stays masked. Nothing when there are no such blocks.
pub(super) fn carry(pieces: &[Piece]) -> Option<Value> {
    if !pieces.iter().any(|piece| matches!(piece, Piece::Block(_))) {
        return None;
    }
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(bytes) => json!({"text": bytes}),
        Piece::Call(place) => json!({"call": place}),
        Piece::Block(block) => json!({"block": block}),
    });
    Some(mark(PROTOCOL, pieces.collect()))
}

/// The blocks of an assistant's message: in the order in which the model said them where that is known and the message was not
/// changed, else thoughts, text, calls.
pub(super) fn blocks(message: &Message) -> Vec<Value> {
    let ours = carried(message, PROTOCOL).and_then(Value::as_array);
    let pieces: Vec<Piece> = ours.into_iter().flatten().filter_map(piece).collect();
    ordered(message, &pieces).unwrap_or_else(|| {
        let kept = pieces.iter().filter_map(|piece| match piece {
            Piece::Block(block) => Some(block.clone()),
            Piece::Text(_) | Piece::Call(_) => None,
        });
        let calls = (0..message.tool_calls.len()).filter_map(|place| call(message, place));
        kept.chain(text(&message.content)).chain(calls).collect()
    })
}

fn piece(value: &Value) -> Option<Piece> {
    let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
    size(&value["text"])
        .map(Piece::Text)
        .or_else(|| size(&value["call"]).map(Piece::Call))
        .or_else(|| value.get("block").filter(|block| block.is_object()).cloned().map(Piece::Block))
}

fn ordered(message: &Message, pieces: &[Piece]) -> Option<Vec<Value>> {
    let mut blocks = Vec::new();
    let (mut rest, mut calls) = (message.content.as_str(), 0);
    for piece in pieces {
        match piece {
            Piece::Block(block) => blocks.push(block.clone()),
            Piece::Text(bytes) => {
                let (head, tail) = rest.split_at_checked(*bytes)?;
                blocks.extend(text(head));
                rest = tail;
            }
            Piece::Call(place) => {
                if *place != calls {
                    return None;
                }
                blocks.push(call(message, calls)?);
                calls += 1;
            }
        }
    }
    (rest.is_empty() && calls == message.tool_calls.len()).then_some(blocks)
}

/// A text block; blank ones are refused by the vendor.
pub(super) fn text(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

fn call(message: &Message, place: usize) -> Option<Value> {
    let call = message.tool_calls.get(place)?;
    Some(json!({"type": "tool_use", "id": id(&call.id), "name": call.name, "input": input(&call.arguments)}))
}

/// Arguments as the object that the protocol wants; what a model wrote that is none goes back as a text in one.
fn input(arguments: &str) -> Map<String, Value> {
    if arguments.trim().is_empty() {
        return Map::new();
    }
    serde_json::from_str(arguments)
        .unwrap_or_else(|_| Map::from_iter([("arguments".to_owned(), Value::from(arguments))]))
}

/// An id of a call in the characters that the protocol takes: others come from other vendors. Ids that differ stay different.
pub(super) fn id(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for c in id.chars() {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            out.push(c);
        } else {
            out.push_str(&format!("_{:x}_", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use patchwork_core::message::{Role, ToolCall};

    use super::*;

    fn message(content: &str, pieces: &[Piece]) -> Message {
        let call =
            ToolCall { id: "call.1".to_owned(), name: "look".to_owned(), arguments: "{\"a\": 1}".to_owned() };
        Message { tool_calls: vec![call], carried: carry(pieces), ..Message::new(Role::Assistant, content) }
    }

    #[test]
    fn thoughts_go_back_where_they_were() {
        let thought = |text: &str| json!({"type": "thinking", "thinking": text, "signature": "s"});
        let pieces = [
            Piece::Block(thought("one")),
            Piece::Text("grün".len()),
            Piece::Block(thought("two")),
            Piece::Call(0),
        ];
        let text = json!({"type": "text", "text": "grün"});
        let call = json!({"type": "tool_use", "id": "call_2e_1", "name": "look", "input": {"a": 1}});
        let blocks_of = |content| blocks(&message(content, &pieces));
        assert_eq!(blocks_of("grün"), [thought("one"), text, thought("two"), call.clone()]);
        let masked = json!({"type": "text", "text": "***"});
        assert_eq!(blocks_of("***"), [thought("one"), thought("two"), masked, call]);
    }

    #[test]
    fn nothing_is_carried_without_thoughts_and_foreign_things_are_not_sent() {
        assert_eq!(carry(&[Piece::Text(3), Piece::Call(0)]), None);
        for carried in
            [json!({"gemini": []}), json!({"anthropic": 3}), json!({"anthropic": [{"text": -1}, 7, {}]})]
        {
            let message = Message { carried: Some(carried), ..Message::new(Role::Assistant, "hi") };
            assert_eq!(blocks(&message), [json!({"type": "text", "text": "hi"})]);
        }
    }

    #[test]
    fn arguments_that_are_no_object_are_wrapped() {
        assert_eq!(input(" "), Map::new());
        for broken in ["{\"a\":", "[1]", "plain"] {
            assert_eq!(Value::from(input(broken)), json!({"arguments": broken}));
        }
    }
}
