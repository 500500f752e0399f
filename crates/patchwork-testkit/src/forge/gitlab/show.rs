//! What GitLab shows of things, as JSON.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, Side};
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::{Value, json};

use super::lines;
use crate::forge::state::{Check, Comment, Issue, Pull, State};

/// The id of the project that is kept here.
pub(super) const OWN_PROJECT: u64 = 1;

/// A number that is made from a text, the same every time.
fn number_from(text: &str) -> u64 {
    text.bytes().fold(7, |sum: u64, byte| (sum * 31 + u64::from(byte)) % 1_000_000_007) + 100
}

pub(super) fn user_id(login: &str) -> u64 {
    number_from(login)
}

pub(super) fn project_id(state: &State, slug: &str) -> u64 {
    if slug.eq_ignore_ascii_case(&state.slug) { OWN_PROJECT } else { number_from(slug) }
}

/// An account; one that is gone has no name here and is called `ghost` there.
pub(super) fn user(login: &str) -> Value {
    let login = if login.is_empty() { "ghost" } else { login };
    json!({ "id": user_id(login), "username": login, "name": login, "state": "active", "locked": false })
}

pub(super) fn member(login: &str, level: u32) -> Value {
    json!({
        "id": user_id(login), "username": login, "name": login, "state": "active", "access_level": level,
        "membership_state": "active", "expires_at": null,
    })
}

pub(super) fn project(state: &State) -> Value {
    let level = if state.may_push { 30 } else { 20 };
    let access = (!state.gitlab.invited).then(|| json!({ "access_level": level, "notification_level": 3 }));
    json!({
        "id": OWN_PROJECT,
        "path_with_namespace": state.slug,
        "web_url": format!("{}/{}", state.url, state.slug),
        "default_branch": "main",
        "archived": state.archived,
        "permissions": { "project_access": access, "group_access": null },
    })
}

pub(super) fn fork(state: &State, slug: &str) -> Value {
    json!({
        "id": project_id(state, slug),
        "path_with_namespace": slug,
        "web_url": format!("{}/{slug}", state.url),
        "default_branch": "main",
        "archived": false,
    })
}

pub(super) fn state_word(pull: &Pull) -> &'static str {
    match (pull.open, pull.merged) {
        (true, _) => "opened",
        (false, true) => "merged",
        (false, false) => "closed",
    }
}

/// A merge request; in lists some fields are not shown.
pub(super) fn merge_request(state: &State, pull: &Pull, whole: bool) -> Value {
    let source = (!pull.head_repository.is_empty()).then(|| project_id(state, &pull.head_repository));
    let draft = pull.draft;
    let mut shown = json!({
        "id": pull.number + 5000,
        "iid": pull.number,
        "project_id": OWN_PROJECT,
        "title": if draft { format!("Draft: {}", pull.title) } else { pull.title.clone() },
        "description": if pull.body.is_empty() { Value::Null } else { json!(pull.body) },
        "state": state_word(pull),
        "created_at": time(1_769_000_000_000),
        "updated_at": time(1_769_000_000_000),
        "source_branch": pull.head,
        "target_branch": pull.base,
        "source_project_id": source,
        "target_project_id": OWN_PROJECT,
        "author": user(&pull.author),
        "labels": pull.labels,
        "draft": draft,
        "work_in_progress": draft,
        "sha": pull.head_commit,
        "merge_commit_sha": null,
        "discussion_locked": pull.locked.then_some(true),
        "web_url": page(state, Thing::PullRequest(pull.number)),
    });
    if whole && let Some(shown) = shown.as_object_mut() {
        let count = if state.gitlab.overflows { "1000+".to_owned() } else { pull.files.len().to_string() };
        shown.insert("changes_count".into(), if pull.files.is_empty() { Value::Null } else { json!(count) });
        shown.insert("diff_refs".into(), diff_refs(pull));
    }
    shown
}

pub(super) fn diff_refs(pull: &Pull) -> Value {
    json!({ "base_sha": pull.base_commit, "start_sha": pull.base_commit, "head_sha": pull.head_commit })
}

pub(super) fn page(state: &State, thing: Thing) -> String {
    let kind = if let Thing::PullRequest(_) = thing { "merge_requests" } else { "issues" };
    format!("{}/{}/-/{kind}/{}", state.url, state.slug, thing.number())
}

pub(super) fn diff(file: &FileChange) -> Value {
    let left = matches!(file.left_out, Some(LeftOut::NotGiven | LeftOut::TooLarge));
    let mode = |mode: &Option<String>, absent| {
        mode.clone().unwrap_or_else(|| if absent { "0" } else { "100644" }.to_owned())
    };
    let text = match file.binary {
        true => format!("Binary files a/{0} and b/{0} differ\n", file.path),
        false => file.hunks_text(),
    };
    json!({
        "old_path": file.path_before(),
        "new_path": file.path,
        "a_mode": mode(&file.old_mode, file.status == ChangeStatus::Added),
        "b_mode": mode(&file.new_mode, file.status == ChangeStatus::Deleted),
        "diff": text,
        "new_file": file.status == ChangeStatus::Added,
        "renamed_file": file.status == ChangeStatus::Renamed,
        "deleted_file": file.status == ChangeStatus::Deleted,
        "generated_file": null,
        "collapsed": file.left_out == Some(LeftOut::NotGiven),
        "too_large": left && file.left_out == Some(LeftOut::TooLarge),
    })
}

pub(super) fn issue(state: &State, issue: &Issue) -> Value {
    json!({
        "id": issue.number + 9000,
        "iid": issue.number,
        "project_id": OWN_PROJECT,
        "title": issue.title,
        "description": if issue.body.is_empty() { Value::Null } else { json!(issue.body) },
        "state": if issue.open { "opened" } else { "closed" },
        "created_at": time(1_769_000_000_000),
        "updated_at": time(1_769_000_000_000),
        "author": user(&issue.author),
        "labels": issue.labels,
        "web_url": page(state, Thing::Issue(issue.number)),
    })
}

pub(super) fn note(state: &State, comment: &Comment) -> Value {
    let resolvable = is_resolvable(comment);
    let kind = match (&comment.place, comment.thread) {
        (Some(_), _) => Some("DiffNote"),
        (None, Some(_)) => Some("DiscussionNote"),
        (None, None) => None,
    };
    let mut shown = json!({
        "id": comment.id,
        "type": kind,
        "body": comment.body,
        "author": user(&comment.author),
        "created_at": time(comment.created_ms),
        "updated_at": time(comment.created_ms),
        "system": comment.system,
        "noteable_iid": comment.on.number(),
        "noteable_type": if let Thing::PullRequest(_) = comment.on { "MergeRequest" } else { "Issue" },
        "resolvable": resolvable,
        "internal": false,
    });
    if let Some(shown) = shown.as_object_mut() {
        if resolvable {
            shown.insert("resolved".into(), json!(comment.resolved));
        }
        if let Some(place) = &comment.place {
            shown.insert("position".into(), position(state, comment, place));
        }
    }
    shown
}

/// Whether a thread can be resolved: a note of which nobody made a thread can't.
pub(super) fn is_resolvable(comment: &Comment) -> bool {
    comment.thread.is_some() && !comment.system && matches!(comment.on, Thing::PullRequest(_))
}

/// A position. GitLab moves it along with pushes for as long as its line is there; then it stays with the commit of before.
fn position(state: &State, comment: &Comment, place: &LinePlace) -> Value {
    let pull = state.pull(comment.on.number());
    let head = match (place.line, pull) {
        (Some(_), Some(pull)) => pull.head_commit.clone(),
        _ => comment.commit.clone(),
    };
    let base = pull.map(|pull| pull.base_commit.clone()).unwrap_or_default();
    let file = pull.and_then(|pull| pull.files.iter().find(|file| file.path == place.path));
    let at = |line: u32| {
        let found = file.and_then(|file| lines::on_side(file, place.side, line));
        found.map_or_else(
            || match place.side {
                Side::Old => (Some(line), None),
                Side::New => (None, Some(line)),
            },
            |found| (found.old, found.new),
        )
    };
    let (old_line, new_line) = at(place.line.unwrap_or(1));
    let range = place.start_line.zip(file).map(|(start, file)| {
        let end = |line| lines::on_side(file, place.side, line).map(|found| found.show(file));
        json!({ "start": end(start), "end": place.line.and_then(end) })
    });
    json!({
        "base_sha": base, "start_sha": base, "head_sha": head,
        "old_path": file.map_or(place.path.as_str(), FileChange::path_before), "new_path": place.path,
        "position_type": "text", "old_line": old_line, "new_line": new_line, "line_range": range,
    })
}

pub(super) fn status(check: &Check, login: &str) -> Value {
    json!({
        "id": check.id, "sha": check.commit, "name": check.name, "status": check.conclusion,
        "description": check.title, "target_url": check.details_url, "author": user(login),
        "created_at": time(1_769_000_000_000), "allow_failure": false,
    })
}

/// A time as GitLab writes it; milliseconds since 1970.
pub(super) fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
