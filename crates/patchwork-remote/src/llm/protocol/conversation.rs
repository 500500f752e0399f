//! What every protocol asks of a conversation, checked before anything is sent: vendors refuse with words that help nobody.

use std::collections::BTreeMap;

use patchwork_core::message::{Message, Role, ToolChoice};
use patchwork_core::port::provider::ChatRequest;

use super::Trouble;
use crate::llm::catalog::{Abilities, Effort};

/// A conversation that makes sense.
#[derive(Debug)]
pub(in crate::llm) struct Conversation<'a> {
    /// Every system message, joined with an empty line; empty when there is none.
    pub(in crate::llm) system: String,
    /// The rest in order, at least one. No message is blank, but for tool results and for messages that hold attachments,
    /// tool calls or what the vendor wants back. Every tool result answers a call of the assistant's turn before it.
    pub(in crate::llm) turns: Vec<&'a Message>,
}

impl Conversation<'_> {
    /// The tool that a call of an earlier turn calls, by the id of the call: for protocols whose results name the tool.
    pub(in crate::llm) fn tool(&self, id: &str) -> Option<&str> {
        let calls = self.turns.iter().rev().flat_map(|message| &message.tool_calls);
        calls.into_iter().find(|call| call.id == id).map(|call| call.name.as_str())
    }
}

/// Reads the messages of a request.
///
/// Also refuses to demand a tool that is not there.
pub(in crate::llm) fn conversation(request: &ChatRequest) -> Result<Conversation<'_>, Trouble> {
    match &request.tool_choice {
        Some(ToolChoice::Required) if request.tools.is_empty() => {
            return Err(Trouble::invalid("a tool must be called, and there is none"));
        }
        Some(ToolChoice::Named(name)) if !request.tools.iter().any(|tool| tool.name == *name) => {
            return Err(Trouble::invalid(format!(
                "the tool `{name}` must be called and is not among the tools"
            )));
        }
        _ => {}
    }
    let mut system = Vec::new();
    let mut turns = Vec::new();
    // Calls of the latest turn of the assistant that have no result yet, with the place of that turn.
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, message) in request.messages.iter().enumerate() {
        let Message { role, content, attachments, tool_calls, tool_call_id, carried, .. } = message;
        if !tool_calls.is_empty() && *role != Role::Assistant {
            return Err(Trouble::invalid(format!("message {at} calls a tool, which only an assistant does")));
        }
        if !attachments.is_empty() && *role != Role::User {
            return Err(Trouble::invalid(format!(
                "message {at} has attachments, which only a user's may have"
            )));
        }
        let blank = content.trim().is_empty();
        match role {
            Role::System => {
                if !blank {
                    system.push(content.as_str());
                }
                continue;
            }
            Role::Tool => {
                let id = tool_call_id.as_deref().unwrap_or_default();
                if open.remove(id).is_none() {
                    return Err(Trouble::invalid(format!(
                        "message {at} is the result of a call that nobody made"
                    )));
                }
            }
            Role::User | Role::Assistant => {
                if let Some((id, asked)) = open.first_key_value() {
                    return Err(Trouble::invalid(format!(
                        "the call `{id}` of message {asked} has no result"
                    )));
                }
                if blank && attachments.is_empty() && tool_calls.is_empty() && carried.is_none() {
                    return Err(Trouble::invalid(format!("message {at} has no text")));
                }
                for call in tool_calls {
                    if call.id.is_empty() || open.insert(&call.id, at).is_some() {
                        return Err(Trouble::invalid(format!(
                            "message {at} has calls without an id of their own"
                        )));
                    }
                }
            }
        }
        turns.push(message);
    }
    if let Some((id, asked)) = open.first_key_value() {
        return Err(Trouble::invalid(format!("the call `{id}` of message {asked} has no result")));
    }
    if turns.is_empty() {
        return Err(Trouble::invalid("there is no message of the user"));
    }
    Ok(Conversation { system: system.join("\n\n"), turns })
}

impl Effort {
    const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    /// The word for it.
    pub(in crate::llm) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// Reads `reasoning_effort`.
pub(in crate::llm) fn effort(request: &ChatRequest) -> Result<Option<Effort>, Trouble> {
    let Some(word) = &request.parameters.reasoning_effort else { return Ok(None) };
    let word = word.trim().to_ascii_lowercase();
    match Effort::ALL.into_iter().find(|effort| effort.word() == word) {
        Some(effort) => Ok(Some(effort)),
        None => Err(Trouble::invalid("`reasoning_effort` is a word it does not know")
            .hint("use minimal, low, medium or high")),
    }
}

/// Whether tools go with a request; what the model can't do with them is refused.
pub(in crate::llm) fn offers_tools(request: &ChatRequest, abilities: &Abilities) -> Result<bool, Trouble> {
    if request.tools.is_empty() {
        return Ok(false);
    }
    if abilities.tools == Some(false) {
        return Err(Trouble::unsupported("it calls no tools"));
    }
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    if forced && abilities.forced_tools == Some(false) {
        return Err(Trouble::unsupported("it can't be made to call a tool").hint("leave the choice to it"));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use patchwork_core::message::ToolCall;

    use super::*;

    fn message(role: Role, content: &str) -> Message {
        Message::new(role, content)
    }

    fn calling(ids: &[&str]) -> Message {
        let call = |id: &&str| ToolCall {
            id: (*id).to_owned(),
            name: format!("tool_{id}"),
            arguments: "{}".to_owned(),
        };
        Message { tool_calls: ids.iter().map(call).collect(), ..message(Role::Assistant, "") }
    }

    fn result(id: &str) -> Message {
        Message { tool_call_id: Some(id.to_owned()), ..message(Role::Tool, "") }
    }

    fn read(messages: Vec<Message>) -> Result<(String, usize), String> {
        let request = ChatRequest { messages, ..ChatRequest::default() };
        conversation(&request).map(|read| (read.system, read.turns.len())).map_err(|trouble| trouble.problem)
    }

    #[test]
    fn system_messages_are_joined_and_the_rest_keeps_its_order() {
        let (system, user) = (message(Role::System, "be brief"), message(Role::User, "hello"));
        let blank = message(Role::System, " \n");
        assert_eq!(
            read(vec![user.clone(), system.clone(), blank, system]).unwrap().0,
            "be brief\n\nbe brief"
        );
        assert_eq!(read(vec![user]).unwrap(), (String::new(), 1));
    }

    #[test]
    fn results_answer_calls() {
        let user = || message(Role::User, "hello");
        assert_eq!(read(vec![user(), calling(&["a", "b"]), result("b"), result("a")]).unwrap().1, 4);
        for (messages, word) in [
            (vec![], "no message of the user"),
            (vec![message(Role::System, "be brief")], "no message of the user"),
            (vec![user(), message(Role::Assistant, " ")], "message 1 has no text"),
            (vec![user(), result("a")], "message 1 is the result of a call that nobody made"),
            (vec![user(), calling(&["a"]), result("a"), result("a")], "message 3 is the result"),
            (vec![user(), calling(&["a", "b"]), result("a"), user()], "call `b` of message 1 has no result"),
            (vec![user(), calling(&["a"])], "call `a` of message 1 has no result"),
            (vec![user(), calling(&["a", "a"])], "message 1 has calls without an id of their own"),
            (vec![Message { role: Role::User, ..calling(&["a"]) }], "only an assistant"),
        ] {
            let problem = read(messages).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }

    #[test]
    fn a_result_finds_its_tool() {
        let request = ChatRequest {
            messages: vec![message(Role::User, "hello"), calling(&["a"]), result("a")],
            ..ChatRequest::default()
        };
        let read = conversation(&request).unwrap();
        assert_eq!((read.tool("a"), read.tool("b")), (Some("tool_a"), None));
    }
}
