//! Threads of pull requests, and their comments.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::Value;

use super::{many, pulls, refusal, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Comment, State};

/// Characters of a comment.
const LONGEST: usize = 150_000;

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let on = Thing::PullRequest(request.number("pullRequestId"));
    if state.pull(on.number()).is_none() {
        return pulls::none();
    }
    let tracked = request.param("$iteration").is_some();
    let id = request.number("threadId");
    match request.operation {
        "threads/list" => {
            let mut ids: Vec<u64> = state.comments_on(on).map(show::thread_of).collect();
            ids.sort_unstable();
            ids.dedup();
            return many(ids.into_iter().map(|id| thread(state, on, id, tracked)).collect());
        }
        "threads/create" => return begin(state, request, on),
        _ => {}
    }
    if comments(state, on, id).is_empty() {
        return refusal(404, "The thread was not found.", "CommentThreadNotFoundException");
    }
    match request.operation {
        "threads/get" => Answer::json(200, &thread(state, on, id, tracked)),
        "threads/update" => {
            let status = request.text("status").unwrap_or("unknown").to_owned();
            if let Some(first) = state.comment_mut(id) {
                first.thread = Some(id);
            }
            state.resolve(id, show::is_resolved(&status));
            state.azure.statuses.insert(id, status);
            Answer::json(200, &thread(state, on, id, false))
        }
        "comments/create" => {
            let content = request.text("content").unwrap_or_default();
            if content.chars().count() > LONGEST {
                return too_long();
            }
            if let Some(first) = state.comment_mut(id) {
                first.thread = Some(id);
            }
            let login = state.login.clone();
            let new = state.add_comment(&login, on, content, None, Some(id));
            shown(state, new, 201)
        }
        _ => of_comment(state, request, on, id),
    }
}

fn of_comment(state: &mut State, request: &Request, on: Thing, thread: u64) -> Answer {
    let wanted = request.number("commentId");
    let found = comments(state, on, thread).into_iter().find(|one| show::number_in_thread(one) == wanted);
    let Some((id, author)) = found.map(|one| (one.id, one.author.clone())) else {
        return refusal(404, "The comment was not found.", "CommentNotFoundException");
    };
    if request.method != "GET" && author != state.login {
        let text = "TF401027: You can't change the comment of somebody else.";
        return refusal(403, text, "CommentCannotBeUpdatedException");
    }
    match request.operation {
        "comments/get" => shown(state, id, 200),
        "comments/update" => {
            let content = request.text("content").unwrap_or_default();
            if content.chars().count() > LONGEST {
                return too_long();
            }
            if let Some(comment) = state.comment_mut(id) {
                (comment.body, comment.edited) = (content.to_owned(), true);
            }
            shown(state, id, 200)
        }
        "comments/delete" => {
            state.comments.retain(|comment| comment.id != id);
            Answer::empty(200)
        }
        _ => Answer::empty(404),
    }
}

fn too_long() -> Answer {
    refusal(400, "The comment is longer than 150000 characters.", "InvalidArgumentValueException")
}

fn comments(state: &State, on: Thing, thread: u64) -> Vec<&Comment> {
    state.comments_on(on).filter(|comment| show::thread_of(comment) == thread).collect()
}

fn thread(state: &State, on: Thing, id: u64, tracked: bool) -> Value {
    show::thread(state, &comments(state, on, id), tracked)
}

fn shown(state: &State, id: u64, status: u16) -> Answer {
    match state.comment(id) {
        Some(comment) => Answer::json(status, &show::comment(state, comment)),
        None => Answer::empty(404),
    }
}

fn begin(state: &mut State, request: &Request, on: Thing) -> Answer {
    let first = request.body.get("comments").and_then(|comments| comments.get(0));
    let content = first.and_then(|first| first.get("content")).and_then(Value::as_str).unwrap_or_default();
    if content.chars().count() > LONGEST {
        return too_long();
    }
    let place = match request.body.get("threadContext") {
        None | Some(Value::Null) => None,
        Some(context) => match place_of(state, on, context, request) {
            Some(place) => Some(place),
            None => {
                let text = "VS403690: The thread context is not of the iteration.";
                return refusal(400, text, "InvalidArgumentValueException");
            }
        },
    };
    let login = state.login.clone();
    let id = state.add_comment(&login, on, content, place, None);
    if let Some(status) = request.text("status") {
        state.azure.statuses.insert(id, status.to_owned());
    }
    Answer::json(200, &thread(state, on, id, false))
}

/// The place of a context. Azure DevOps takes any line; that file and iteration fit together is asked for here, for nothing else
/// would tell that they do not.
fn place_of(state: &State, on: Thing, context: &Value, request: &Request) -> Option<LinePlace> {
    let pull = state.pull(on.number())?;
    let path = context.get("filePath")?.as_str()?.strip_prefix('/')?;
    let line = |name: &str| context.get(name)?.get("line")?.as_u64().and_then(|n| u32::try_from(n).ok());
    let (side, start, end) = match line("rightFileEnd") {
        Some(end) => (Side::New, line("rightFileStart")?, end),
        None => (Side::Old, line("leftFileStart")?, line("leftFileEnd")?),
    };
    let about = request.body.get("pullRequestThreadContext")?;
    let compared = about.get("iterationContext")?;
    let heads = u64::try_from(pulls::heads(pull).len()).ok()?;
    let iteration = compared.get("secondComparingIteration")?.as_u64()?;
    let tracking = usize::try_from(about.get("changeTrackingId")?.as_u64()?).ok()?;
    let file = pull.files.get(tracking.checked_sub(1)?)?;
    let fits = file.path == path
        && (1..=heads).contains(&iteration)
        && compared.get("firstComparingIteration")?.as_u64()? == iteration
        && start <= end;
    fits.then(|| LinePlace {
        path: path.to_owned(),
        side,
        start_line: Some(start).filter(|start| *start < end),
        line: Some(end),
    })
}
