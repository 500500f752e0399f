//! Pull requests: what they say and what they change.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut};
use serde_json::{Value, json};

use super::{author, custom, labels, may_write, refusal};
use crate::described::Description;
use crate::forge::answer::{Answer, Request};
use crate::forge::dialect::like;
use crate::forge::state::{Pull, State};

const SIZE: (&str, usize) = ("per_page", 30);

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let number = request.number("pull_number");
    match request.operation {
        "pulls/list" => list(state, request),
        "pulls/create" => create(state, request),
        "pulls/update" => update(state, request),
        operation => match (operation, state.pull(number)) {
            ("pulls/get", Some(pull)) => Answer::json(200, &show(state, pull)),
            ("pulls/list-files", Some(pull)) => {
                // GitHub lists three thousand of them.
                let files = pull.files.get(..pull.files.len().min(3_000)).unwrap_or_default();
                Answer::page(&state.url, request, SIZE, files, file)
            }
            ("pulls/list-commits", Some(pull)) => {
                let like_commit = |(id, message): &(String, String)| {
                    let ours = json!({ "sha": id, "commit": { "message": message } });
                    like(Description::github(), ("pulls/list-commits", 200), ours)
                };
                Answer::page(&state.url, request, SIZE, &pull.commits, like_commit)
            }
            _ => refusal(404, "Not Found"),
        },
    }
}

fn list(state: &State, request: &Request) -> Answer {
    let wanted = request.param("state").unwrap_or("open");
    // A head without an owner is not an error there: it is ignored.
    let head = request.param("head").and_then(|head| head.split_once(':'));
    let base = request.param("base");
    let found: Vec<&Pull> = state
        .pulls
        .iter()
        .rev()
        .filter(|pull| wanted == "all" || pull.open == (wanted == "open"))
        .filter(|pull| {
            head.is_none_or(|(owner, branch)| {
                pull.head == branch && owner_of(&pull.head_repository).eq_ignore_ascii_case(owner)
            })
        })
        .filter(|pull| base.is_none_or(|base| pull.base == base))
        .collect();
    Answer::page(&state.url, request, SIZE, &found, |pull| show(state, pull))
}

fn create(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "pull_requests") {
        return refused;
    }
    let text = |name: &str| request.text(name).unwrap_or_default();
    let (head, base) = (text("head"), text("base"));
    let head = head.split_once(':').map_or(head, |(_, branch)| branch);
    for (field, branch) in [("base", base), ("head", head)] {
        if state.gone.iter().any(|gone| gone == branch) {
            let remark = json!({ "resource": "PullRequest", "field": field, "code": "invalid" });
            return super::unprocessable(vec![remark]);
        }
    }
    if head == base {
        return custom("PullRequest", &format!("No commits between {base} and {head}"));
    }
    let twin = |p: &Pull| p.open && p.head == head && p.base == base && p.head_repository == state.slug;
    if state.pulls.iter().any(twin) {
        let owner = owner_of(&state.slug);
        return custom("PullRequest", &format!("A pull request already exists for {owner}:{head}."));
    }
    let draft = request.body.get("draft").and_then(Value::as_bool).unwrap_or(false);
    if draft && !state.has_drafts {
        return custom("PullRequest", "Draft pull requests are not supported in this repository.");
    }
    let number = state.add_pull(Pull { draft, ..state.new_pull(base, head, text("title"), text("body")) });
    let shown = state.pull(number).map(|pull| show(state, pull)).unwrap_or_default();
    Answer::json(201, &shown)
}

fn update(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "pull_requests") {
        return refused;
    }
    let number = request.number("pull_number");
    let Some(pull) = state.pull_mut(number) else { return refusal(404, "Not Found") };
    if let Some(title) = request.text("title") {
        pull.title = title.to_owned();
    }
    if request.body.get("body").is_some() {
        pull.body = request.text("body").unwrap_or_default().to_owned();
    }
    if let Some(base) = request.text("base") {
        pull.base = base.to_owned();
    }
    if let Some(wanted) = request.text("state") {
        if pull.merged {
            return custom("PullRequest", "state cannot be changed. The pull request has been merged.");
        }
        pull.open = wanted == "open";
    }
    Answer::json(200, &state.pull(number).map(|pull| show(state, pull)).unwrap_or_default())
}

/// As GitHub shows it. `url` leads to the public API, as recorded answers do: no client of ours may follow it.
fn show(state: &State, pull: &Pull) -> Value {
    let end = |repository: &str, branch: &str, commit: &str| {
        let repo = match repository {
            "" => Value::Null,
            _ => json!({ "full_name": repository, "name": repository.rsplit('/').next() }),
        };
        let label = format!("{}:{branch}", owner_of(repository));
        json!({ "ref": branch, "label": label, "sha": commit, "repo": repo })
    };
    let (user, association) = author(state, &pull.author);
    let ours = json!({
        "number": pull.number,
        "url": format!("https://api.github.com/repos/{}/pulls/{}", state.slug, pull.number),
        "html_url": format!("{}/{}/pull/{}", state.url, state.slug, pull.number),
        "state": if pull.open { "open" } else { "closed" },
        "merged": pull.merged,
        "merged_at": if pull.merged { json!("2026-01-02T03:04:05Z") } else { Value::Null },
        "closed_at": if pull.open { Value::Null } else { json!("2026-01-02T03:04:05Z") },
        "draft": pull.draft,
        "locked": pull.locked,
        "title": pull.title,
        "body": if pull.body.is_empty() { Value::Null } else { json!(pull.body) },
        "user": user,
        "author_association": association,
        "labels": labels(&pull.labels),
        "requested_teams": [],
        "changed_files": pull.files.len(),
        "commits": pull.commits.len(),
        "head": end(&pull.head_repository, &pull.head, &pull.head_commit),
        "base": end(&state.slug, &pull.base, &pull.base_commit),
    });
    like(Description::github(), ("pulls/create", 201), ours)
}

/// A changed file. Lines that are left out of it, or of which there are none, are no `patch`.
fn file(file: &FileChange) -> Value {
    let status = match file.status {
        ChangeStatus::Added => "added",
        ChangeStatus::Deleted => "removed",
        ChangeStatus::Renamed => "renamed",
        ChangeStatus::Copied => "copied",
        ChangeStatus::Modified | ChangeStatus::TypeChanged => "modified",
    };
    // Of what is left out the lines are counted all the same.
    let left_out = file.left_out == Some(LeftOut::NotGiven);
    let additions = if left_out { file.additions.max(1) } else { file.additions };
    let ours = json!({
        "filename": file.path,
        "status": status,
        "additions": additions,
        "deletions": file.deletions,
        "changes": additions + file.deletions,
    });
    let mut shown = like(Description::github(), ("pulls/list-files", 200), ours);
    if let Some(map) = shown.as_object_mut() {
        map.remove("patch");
        if !file.hunks.is_empty() && !left_out {
            map.insert("patch".into(), json!(file.hunks_text().trim_end_matches('\n')));
        }
        if let Some(old) = &file.old_path {
            map.insert("previous_filename".into(), json!(old));
        }
    }
    shown
}

fn owner_of(slug: &str) -> &str {
    slug.split('/').next().unwrap_or_default()
}
