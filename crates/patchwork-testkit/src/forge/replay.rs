//! Answers that a real site once gave, in place of the stand-in's own.

use serde_json::Value;

use super::answer::{Answer, Request};
use super::server::ForgeServer;

/// What a real site answered to one kind of request.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What it answers, as the site's description names it (`pulls/get`).
    pub operation: String,
    /// The body as it was: an object; or a list, alone or as an object's `values`.
    pub body: Value,
    /// JSON pointers to what cannot be as it was: commits, branches, whether it is open. The stand-in's own values stand there. Of a
    /// list they are not asked for.
    pub ours: Vec<String>,
}

impl ForgeServer {
    /// Answers from now on as a real site did. Of a list, what it answered comes first, then what the stand-in holds itself.
    pub fn replay(&self, replay: Replay) {
        self.with(|state| {
            state.replays.retain(|known| known.operation != replay.operation);
            state.replays.push(replay);
        });
    }
}

impl Replay {
    /// The answer to a request, made of the real one and the stand-in's own.
    pub(super) fn over(&self, request: &Request, own: Answer) -> Answer {
        let Ok(mut body) = serde_json::from_str::<Value>(&own.body) else { return own };
        let mut real = self.body.clone();
        if let Some(recorded) = list_of(&mut real) {
            let first_page = request.param("page").is_none_or(|page| page == "1");
            if let (Some(list), true) = (list_of(&mut body), first_page) {
                list.splice(..0, recorded.drain(..));
            }
            return Answer { body: body.to_string(), ..own };
        }
        for pointer in &self.ours {
            if let (Some(place), Some(ours)) = (real.pointer_mut(pointer), body.pointer(pointer)) {
                *place = ours.clone();
            }
        }
        Answer { body: real.to_string(), ..own }
    }
}

/// The items of a body that is a list, alone or as an object's `values`.
fn list_of(body: &mut Value) -> Option<&mut Vec<Value>> {
    if body.is_array() { body.as_array_mut() } else { body.get_mut("values")?.as_array_mut() }
}
