//! Azure DevOps' JSON of threads, and what of it the port shows: where they stand, and what their status means.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{Account, LinePlace, NewLineComment, Reaction, Trust};
use serde::{Deserialize, Serialize};

use super::super::wire::lenient;
use super::changes::path_of;
use super::wire::Identity;

/// What threads of comments on lines begin with, and what an open one is again.
pub(super) const OPEN: &str = "active";

/// What a resolved thread is.
pub(super) const RESOLVED: &str = "fixed";

/// A thread. A comment that nobody answered is one too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thread {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub comments: Vec<Written>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// Where it stands now; none in the conversation.
    #[serde(default)]
    pub thread_context: Option<Context>,
    #[serde(default)]
    pub pull_request_thread_context: Option<PullContext>,
}

/// A comment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    /// Its number in the thread.
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub content: String,
    #[serde(default)]
    pub author: Option<Identity>,
    /// `text`, or `system` for what the site wrote itself.
    #[serde(default, deserialize_with = "lenient")]
    pub comment_type: String,
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub published_date: String,
    #[serde(default, deserialize_with = "lenient")]
    pub users_liked: Vec<Identity>,
}

/// Lines of a file, counted before the change (left) or after it (right).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Context {
    #[serde(deserialize_with = "lenient")]
    pub file_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_file_start: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_file_end: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_file_start: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_file_end: Option<Position>,
}

/// A place in a file, both 1-based.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Position {
    pub line: i64,
    pub offset: i64,
}

/// What a thread was made on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PullContext {
    pub tracking_criteria: Option<Criteria>,
}

/// Where a thread stood at first, when it has moved since.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Criteria {
    #[serde(deserialize_with = "lenient")]
    pub orig_file_path: String,
    pub orig_right_file_end: Option<Position>,
    pub orig_left_file_end: Option<Position>,
}

/// `POST …/threads`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewThread<'a> {
    pub comments: [NewComment<'a>; 1],
    /// Without one a thread is nothing to resolve, and holds no pull request up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_context: Option<Context>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request_thread_context: Option<NewPullContext>,
}

/// `POST …/comments`, and the first of a thread.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewComment<'a> {
    pub content: &'a str,
    /// 0 for the first of a thread.
    pub parent_comment_id: u64,
    pub comment_type: &'static str,
}

impl<'a> NewComment<'a> {
    pub(super) fn new(content: &'a str, parent_comment_id: u64) -> Self {
        Self { content, parent_comment_id, comment_type: "text" }
    }
}

/// What a thread is made on: a file of an iteration, against what the branches have in common.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPullContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_tracking_id: Option<i64>,
    pub iteration_context: IterationContext,
}

/// Two iterations that are compared. That both are the same says: the iteration, and the commit that the branches have in common.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IterationContext {
    pub first_comparing_iteration: u64,
    pub second_comparing_iteration: u64,
}

impl Written {
    /// Whether a person or a program wrote it, and it is still there.
    pub(super) fn is_shown(&self) -> bool {
        !self.is_deleted && !matches!(self.comment_type.as_str(), "system" | "codeChange")
    }
}

impl Thread {
    pub(super) fn is_resolved(&self) -> bool {
        matches!(self.status.as_str(), "fixed" | "wontFix" | "closed" | "byDesign")
    }

    /// What a status says that is an answer by itself. Azure DevOps does not tell who set it; to set one takes the permission to
    /// contribute to pull requests, and ours are never set to these.
    pub(super) fn dismissal(&self) -> Option<Reaction> {
        let word = match self.status.as_str() {
            "wontFix" => "Won't fix",
            "byDesign" => "By design",
            _ => return None,
        };
        let by = Account { name: format!("the thread's status \"{word}\""), trust: Trust::Insider };
        Some(Reaction { approves: Some(false), by })
    }

    /// The lines that it is on; none in the conversation.
    pub(super) fn place(&self) -> Option<LinePlace> {
        match &self.thread_context {
            Some(context) if path_of(&context.file_path).is_some() => context.place(),
            _ => self.pull_request_thread_context.as_ref()?.tracking_criteria.as_ref()?.place(),
        }
    }
}

impl Context {
    fn place(&self) -> Option<LinePlace> {
        let path = path_of(&self.file_path)?.to_owned();
        let right = self.right_file_end.or(self.right_file_start);
        let left = self.left_file_end.or(self.left_file_start);
        let (side, end, start) = match (right, left) {
            (None, Some(end)) => (Side::Old, Some(end), self.left_file_start),
            (end, _) => (Side::New, end, self.right_file_start),
        };
        let line = end.and_then(Position::number);
        let start_line = start.and_then(Position::number).filter(|start| Some(*start) < line);
        Some(LinePlace { path, side, start_line, line })
    }

    /// Where a comment is to stand.
    pub(super) fn of(comment: &NewLineComment) -> Self {
        let at = |line: u32| Some(Position { line: line.into(), offset: 1 });
        let start = comment.start_line.filter(|start| *start < comment.line).unwrap_or(comment.line);
        let context = Self { file_path: format!("/{}", comment.path), ..Self::default() };
        match comment.side {
            Side::New => Self { right_file_start: at(start), right_file_end: at(comment.line), ..context },
            Side::Old => Self { left_file_start: at(start), left_file_end: at(comment.line), ..context },
        }
    }
}

impl Position {
    /// Its line; none of a place that is no place.
    fn number(self) -> Option<u32> {
        u32::try_from(self.line).ok().filter(|line| *line > 0)
    }
}

impl Criteria {
    /// The place of a thread whose lines are gone.
    fn place(&self) -> Option<LinePlace> {
        let side = match (self.orig_right_file_end, self.orig_left_file_end) {
            (None, Some(_)) => Side::Old,
            _ => Side::New,
        };
        let path = path_of(&self.orig_file_path)?.to_owned();
        Some(LinePlace { path, side, start_line: None, line: None })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn thread(status: &str, context: Value, pull: Value) -> Thread {
        let thread = json!({
            "id": 1, "status": status, "threadContext": context, "pullRequestThreadContext": pull, "comments": null,
        });
        serde_json::from_value(thread).unwrap()
    }

    #[test]
    fn places_are_read_in_every_form() {
        let at = |line: i64, offset: i64| json!({ "line": line, "offset": offset });
        let place = |context: Value| thread("active", context, Value::Null).place();
        let there =
            |side, start_line, line| Some(LinePlace { path: "src/a.rs".into(), side, start_line, line });
        let right = json!({ "filePath": "/src/a.rs", "rightFileStart": at(3, 1), "rightFileEnd": at(5, 9) });
        assert_eq!(place(right), there(Side::New, Some(3), Some(5)));
        let left = json!({ "filePath": "/src/a.rs", "leftFileStart": at(3, 1), "leftFileEnd": at(3, 9) });
        assert_eq!(place(left), there(Side::Old, None, Some(3)));
        assert_eq!(place(json!({ "filePath": "/src/a.rs" })), there(Side::New, None, None));
        let odd = json!({ "filePath": "/src/a.rs", "rightFileStart": at(9, 1), "rightFileEnd": at(-1, 0) });
        assert_eq!(place(odd), there(Side::New, None, None));
        assert_eq!((place(Value::Null), place(json!({ "filePath": "/" }))), (None, None));
        let gone =
            json!({ "trackingCriteria": { "origFilePath": "/src/a.rs", "origLeftFileEnd": at(2, 1) } });
        assert_eq!(thread("active", Value::Null, gone).place(), there(Side::Old, None, None));
    }

    #[test]
    fn a_status_resolves_and_two_of_them_dismiss() {
        for (status, resolved, dismissed) in [
            ("active", false, false),
            ("pending", false, false),
            ("unknown", false, false),
            ("", false, false),
            ("fixed", true, false),
            ("closed", true, false),
            ("wontFix", true, true),
            ("byDesign", true, true),
        ] {
            let thread = thread(status, Value::Null, Value::Null);
            let by = thread.dismissal();
            assert_eq!((thread.is_resolved(), by.is_some()), (resolved, dismissed), "{status}");
            assert!(by.is_none_or(|by| by.approves == Some(false) && by.by.decides()));
        }
    }

    #[test]
    fn a_comment_stands_on_its_side() {
        let comment = |side, start_line| NewLineComment {
            path: "src/a.rs".into(),
            old_path: Some("src/old.rs".into()),
            side,
            start_line,
            line: 7,
            other_line: None,
            body: "x".into(),
        };
        let at = |line: u32| json!({ "line": line, "offset": 1 });
        assert_eq!(
            serde_json::to_value(Context::of(&comment(Side::New, Some(5)))).unwrap(),
            json!({ "filePath": "/src/a.rs", "rightFileStart": at(5), "rightFileEnd": at(7) })
        );
        assert_eq!(
            serde_json::to_value(Context::of(&comment(Side::Old, Some(9)))).unwrap(),
            json!({ "filePath": "/src/a.rs", "leftFileStart": at(7), "leftFileEnd": at(7) })
        );
    }
}
