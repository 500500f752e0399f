//! What Azure DevOps shows of things, as JSON.

use patchwork_core::change::{ChangeStatus, FileChange, Side};
use serde_json::{Map, Value, json};

use crate::forge::state::{Check, Comment, Issue, Pull, State};

/// An id that is made from a text, the same every time.
pub(super) fn guid(text: &str) -> String {
    let number = text.bytes().fold(7, |sum: u64, byte| (sum * 31 + u64::from(byte)) % 1_000_000_000_007);
    format!("6d1c2b3a-0000-4000-8000-{number:012x}")
}

/// The name that an account signs in with: guests keep that of their own directory.
pub(super) fn mail(state: &State, login: &str) -> String {
    match state.is_insider(login) {
        true => format!("{login}@contoso.example"),
        false => format!("{login}_elsewhere.example#EXT#@contoso.example"),
    }
}

/// An account; nothing of one that is gone.
pub(super) fn identity(state: &State, login: &str) -> Value {
    if login.is_empty() {
        return Value::Null;
    }
    json!({
        "id": guid(login), "displayName": login, "uniqueName": mail(state, login), "descriptor": format!("aad.{}", guid(login)),
        "url": format!("{}/_apis/Identities/{}", state.url, guid(login)), "imageUrl": null,
    })
}

pub(super) fn repository(state: &State) -> Value {
    let mut shown = of_slug(&state.slug);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("defaultBranch".into(), json!("refs/heads/main"));
        shown.insert("isDisabled".into(), json!(state.archived));
        shown.insert("size".into(), json!(1));
    }
    shown
}

/// A repository by its name with organization and project.
fn of_slug(slug: &str) -> Value {
    let mut names = slug.splitn(3, '/').skip(1);
    let (project, name) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    json!({ "id": guid(slug), "name": name, "project": { "id": guid(project), "name": project, "visibility": "private" } })
}

pub(super) fn state_word(pull: &Pull) -> &'static str {
    match (pull.open, pull.merged) {
        (true, _) => "active",
        (false, true) => "completed",
        (false, false) => "abandoned",
    }
}

/// A pull request; lists show the beginning of its description and no labels.
pub(super) fn pull(state: &State, pull: &Pull, whole: bool) -> Value {
    let fork = match pull.head_repository.as_str() {
        slug if slug == state.slug => Value::Null,
        "" => json!({ "name": format!("refs/heads/{}", pull.head), "repository": null }),
        slug => json!({ "name": format!("refs/heads/{}", pull.head), "repository": of_slug(slug) }),
    };
    let body: String = pull.body.chars().take(if whole { usize::MAX } else { 400 }).collect();
    let mut shown = json!({
        "pullRequestId": pull.number,
        "codeReviewId": pull.number,
        "repository": repository(state),
        "status": state_word(pull),
        "createdBy": identity(state, &pull.author),
        "creationDate": time(1_769_000_000_000),
        "title": pull.title,
        "sourceRefName": format!("refs/heads/{}", pull.head),
        "targetRefName": format!("refs/heads/{}", pull.base),
        "mergeStatus": "succeeded",
        "isDraft": pull.draft,
        "lastMergeSourceCommit": { "commitId": pull.head_commit },
        "lastMergeTargetCommit": { "commitId": pull.base_commit },
        "reviewers": [],
        "supportsIterations": true,
    });
    if let Some(shown) = shown.as_object_mut() {
        // An empty text and no fork are not written at all.
        if !body.is_empty() {
            shown.insert("description".into(), json!(body));
        }
        if !fork.is_null() {
            shown.insert("forkSource".into(), fork);
        }
        if whole && !pull.labels.is_empty() {
            let label = |name: &String| json!({ "id": guid(name), "name": name, "active": true });
            shown.insert("labels".into(), pull.labels.iter().map(label).collect());
        }
    }
    shown
}

/// A changed file; the old name of one that was renamed comes by itself.
pub(super) fn changes(files: &[FileChange]) -> Vec<Value> {
    let mut shown = Vec::new();
    for (file, tracking) in files.iter().zip(1_u64..) {
        let word = match file.status {
            ChangeStatus::Added | ChangeStatus::Copied => "add",
            ChangeStatus::Deleted => "delete",
            ChangeStatus::Renamed if file.hunks.is_empty() => "rename",
            ChangeStatus::Renamed => "edit, rename",
            ChangeStatus::Modified | ChangeStatus::TypeChanged => "edit",
        };
        let item = |path: &str| json!({ "path": format!("/{path}"), "objectId": guid(path), "gitObjectType": "blob" });
        let mut entry = json!({
            "changeTrackingId": tracking, "changeId": tracking, "item": item(&file.path), "changeType": word,
        });
        if file.status == ChangeStatus::Renamed
            && let Some(entry) = entry.as_object_mut()
        {
            entry.insert("originalPath".into(), json!(format!("/{}", file.path_before())));
            let old = item(file.path_before());
            shown.push(
                json!({ "changeTrackingId": tracking + 5000, "item": old, "changeType": "delete, sourceRename" }),
            );
        }
        shown.push(entry);
    }
    shown
}

/// A comment in its thread.
pub(super) fn comment(state: &State, comment: &Comment) -> Value {
    let likes = comment.reactions.iter().filter(|(_, name)| name == "+1");
    json!({
        "id": number_in_thread(comment),
        "parentCommentId": u64::from(comment.thread.is_some_and(|thread| thread != comment.id)),
        "author": identity(state, &comment.author),
        "content": comment.body,
        "publishedDate": time(comment.created_ms),
        "lastUpdatedDate": time(comment.created_ms),
        "commentType": if comment.system { "system" } else { "text" },
        "usersLiked": likes.map(|(login, _)| identity(state, login)).collect::<Vec<_>>(),
    })
}

/// The thread that a comment belongs to.
pub(super) fn thread_of(comment: &Comment) -> u64 {
    comment.thread.unwrap_or(comment.id)
}

/// The number of a comment in its thread: 1 for the first.
pub(super) fn number_in_thread(comment: &Comment) -> u64 {
    comment.id - thread_of(comment) + 1
}

/// A thread of these comments, the first of them first; `tracked` says that it is shown where it stands by now.
pub(super) fn thread(state: &State, comments: &[&Comment], tracked: bool) -> Value {
    let Some(first) = comments.first() else { return Value::Null };
    let id = thread_of(first);
    let mut shown = json!({
        "id": id,
        "comments": comments.iter().map(|one| comment(state, one)).collect::<Vec<_>>(),
        "publishedDate": time(first.created_ms),
        "lastUpdatedDate": time(first.created_ms),
        "isDeleted": false,
        "properties": {},
        "identities": null,
    });
    let Some(map) = shown.as_object_mut() else { return shown };
    // There is no thumb that points down: whoever wants to say no sets the status.
    let no = first.reactions.iter().any(|(_, name)| name == "-1");
    let status = match state.azure.statuses.get(&id) {
        _ if no => Some("wontFix"),
        Some(status) if is_resolved(status) == first.resolved => Some(status.as_str()),
        _ if first.resolved => Some("fixed"),
        _ => first.place.as_ref().map(|_| "active"),
    };
    if let Some(status) = status {
        map.insert("status".into(), json!(status));
    }
    if let Some(place) = &first.place {
        let at =
            |line: Option<u32>| line.map(|line| json!({ "line": line, "offset": 1 })).unwrap_or_default();
        let path = format!("/{}", place.path);
        let (start, end) = (at(place.start_line.or(place.line)), at(place.line));
        let mut context = json!({});
        let mut put = |name: &str, value| context.as_object_mut().map(|map| map.insert(name.into(), value));
        put("filePath", json!(path));
        let (starts, ends) = match place.side {
            Side::New => ("rightFileStart", "rightFileEnd"),
            Side::Old => ("leftFileStart", "leftFileEnd"),
        };
        put(starts, start);
        put(ends, end);
        let gone = place.line.is_none() && tracked;
        let side = if place.side == Side::New { "origRightFileEnd" } else { "origLeftFileEnd" };
        let criteria = json!({ "origFilePath": path, side: { "line": 1, "offset": 1 } });
        map.insert("threadContext".into(), if gone { Value::Null } else { context });
        map.insert(
            "pullRequestThreadContext".into(),
            json!({ "trackingCriteria": if gone { criteria } else { Value::Null } }),
        );
    }
    shown
}

pub(super) fn is_resolved(status: &str) -> bool {
    matches!(status, "fixed" | "wontFix" | "closed" | "byDesign")
}

pub(super) fn status(state: &State, check: &Check) -> Value {
    let (genre, name) = check.name.split_once('/').unwrap_or_default();
    json!({
        "id": check.id, "state": check.conclusion, "description": check.title, "targetUrl": check.details_url,
        "context": { "genre": genre, "name": name }, "createdBy": identity(state, &state.login),
        "creationDate": time(1_769_000_000_000),
    })
}

pub(super) fn item(state: &State, issue: &Issue) -> Value {
    let (open, closed) = &state.azure.states;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(format!("System.{name}"), value);
    put("Id", json!(issue.number));
    put("TeamProject", json!(state.slug.split('/').nth(1)));
    put("WorkItemType", json!(state.azure.kinds.last()));
    put("State", json!(if issue.open { open } else { closed }));
    put("Title", json!(issue.title));
    put("CreatedBy", identity(state, &issue.author));
    if !issue.body.is_empty() {
        put("Description", json!(issue.body));
    }
    if !issue.labels.is_empty() {
        put("Tags", json!(issue.labels.join("; ")));
    }
    let mut shown = json!({ "id": issue.number, "rev": 1, "fields": fields, "url": format!("{}/_apis/wit/workItems/{}", state.url, issue.number) });
    if state.azure.knows_markdown
        && let Some(shown) = shown.as_object_mut()
    {
        let format = if state.azure.markdown.contains(&issue.number) { "markdown" } else { "html" };
        shown.insert("multilineFieldsFormat".into(), json!({ "System.Description": format }));
    }
    shown
}

pub(super) fn item_comment(state: &State, comment: &Comment) -> Value {
    let format = if state.azure.markdown.contains(&comment.id) { "markdown" } else { "html" };
    json!({
        "workItemId": comment.on.number(), "id": comment.id, "version": 1, "text": comment.body, "format": format,
        "createdBy": identity(state, &comment.author), "createdDate": time(comment.created_ms),
        "modifiedBy": identity(state, &comment.author), "modifiedDate": time(comment.created_ms),
    })
}

/// A time as Azure DevOps writes it; milliseconds since 1970.
pub(super) fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
