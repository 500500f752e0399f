//! Work items, which the port calls issues.

use std::sync::atomic::Ordering;

use patchwork_core::port::forge::{
    ForgeError, FoundIssue, IssueSpec, PullRequestState, Query, TextChange, Thing,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::wire::lenient;
use super::Azure;
use super::explain::{is_too_new, says};
use super::markup::{to_html, to_text};
use super::pulls::labels;
use super::wire::{Identity, Many};
use crate::http::{Call, HttpError};

/// The first version whose work items may be of Markdown.
const MARKDOWN: &str = "7.2-preview.3";

/// Kinds of work items that tell a problem; which of them a project has depends on its process.
const KINDS: [&str; 2] = ["Issue", "Task"];

/// States in which nothing is left to do, as the processes of Azure DevOps call them; the one that most have first.
const CLOSED: [&str; 4] = ["Closed", "Done", "Completed", "Removed"];

/// States in which there is something to do.
const OPENED: [&str; 4] = ["Active", "To Do", "New", "Proposed"];

/// Work items that are read with one call, the most that there can be.
const AT_ONCE: usize = 200;

const TITLE: &str = "System.Title";
const BODY: &str = "System.Description";
/// Where bugs have their text.
const STEPS: &str = "Microsoft.VSTS.TCM.ReproSteps";
const TAGS: &str = "System.Tags";
const STATE: &str = "System.State";

/// A work item.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkItem {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    fields: Map<String, Value>,
    /// `markdown` or `html` for each field that can be either; absent on servers that know no Markdown.
    #[serde(default, deserialize_with = "lenient")]
    multiline_fields_format: Map<String, Value>,
}

/// One change of a work item.
#[derive(Debug, Clone, Serialize)]
struct Operation {
    op: &'static str,
    path: String,
    value: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    #[serde(default, deserialize_with = "lenient")]
    work_items: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    id: u64,
}

impl WorkItem {
    fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_markdown(&self, field: &str) -> bool {
        let format = self.multiline_fields_format.get(field).and_then(Value::as_str);
        format.is_some_and(|format| format.eq_ignore_ascii_case("markdown"))
    }

    fn body(&self) -> String {
        let field = if self.text(BODY).is_empty() { STEPS } else { BODY };
        let text = self.text(field);
        if self.is_markdown(field) { text.to_owned() } else { to_text(text) }
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.text(TAGS).split(';').map(str::trim);
        tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }

    fn author(&self) -> Option<Identity> {
        Identity::deserialize(self.fields.get("System.CreatedBy")?).ok()
    }
}

impl Azure {
    /// Calls with what is made for a server that knows Markdown in work items, or for one that does not.
    pub(super) async fn in_markup<F>(&self, make: F) -> Result<crate::http::Answer, HttpError>
    where
        F: Fn(bool) -> Result<Call, HttpError> + Send + Sync,
    {
        if !self.no_markdown.load(Ordering::Relaxed) {
            match self.answer(&make(true)?).await {
                Err(error) if is_too_new(&error) || says(&error, &["multilineFieldsFormat"]) => {
                    self.no_markdown.store(true, Ordering::Relaxed);
                }
                other => return other,
            }
        }
        self.answer(&make(false)?).await
    }

    async fn item(
        &self,
        make: impl Fn(bool) -> Result<Call, HttpError> + Send + Sync,
    ) -> Result<WorkItem, HttpError> {
        self.in_markup(make).await?.json()
    }

    pub(super) async fn read_item(&self, number: u64) -> Result<WorkItem, ForgeError> {
        let path = self.in_project(["_apis", "wit", "workitems", &number.to_string()]);
        let read = self.item(|markdown| Ok(versioned(Call::get(path.clone()), markdown))).await;
        read.map_err(|error| self.explain_of(error, "read the work item", &what(number)))
    }

    pub(super) async fn list_own_items(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        let explain = |error| self.explain(error, "list work items");
        if self.user().await?.is_none() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let states = CLOSED.map(|state| format!("'{state}'")).join(", ");
        let state = match query.state {
            Some(PullRequestState::Open) => format!("AND [{STATE}] NOT IN ({states}) "),
            Some(_) => format!("AND [{STATE}] IN ({states}) "),
            None => String::new(),
        };
        let wiql = format!(
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.CreatedBy] = @Me {state}ORDER BY [System.Id] DESC"
        );
        let call = self
            .post(self.in_project(["_apis", "wit", "wiql"]))
            .query("$top", query.limit.to_string())
            .json(&json!({ "query": wiql }))
            .map_err(explain)?
            .repeatable();
        let asked: Answered = self.call(&call).await.map_err(explain)?;
        let ids: Vec<String> =
            asked.work_items.iter().take(query.limit).map(|item| item.id.to_string()).collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let path = self.in_project(["_apis", "wit", "workitems"]);
            let make = |markdown| {
                let call = Call::get(path.clone()).query("ids", ids.join(",")).query("errorPolicy", "omit");
                Ok(versioned(call, markdown))
            };
            // What is gone since is null.
            let read: Many<Option<WorkItem>> =
                self.in_markup(make).await.and_then(|answer| answer.json()).map_err(explain)?;
            for item in read.value.into_iter().flatten() {
                found.push(self.found_issue(item).await?);
            }
        }
        found.sort_by_key(|issue| std::cmp::Reverse(issue.number));
        Ok(found)
    }

    pub(super) async fn make_item(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        let tags = labels(&spec.labels);
        let mut refused = None;
        for kind in KINDS {
            let path = self.in_project(["_apis", "wit", "workitems", &format!("${kind}")]);
            let make = |markdown| {
                let mut operations = vec![set(TITLE, &spec.title)];
                operations.extend(described(&spec.body, markdown, markdown));
                if !tags.is_empty() {
                    operations.push(set(TAGS, &tags.join("; ")));
                }
                patch(versioned(Call::post(path.clone()), markdown)).json(&operations)
            };
            match self.item(make).await {
                Ok(item) => return self.found_issue(item).await,
                // The project's process has no such kind.
                Err(error) if says(&error, &["VS402323", "WorkItemTypeNotFound"]) => refused = Some(error),
                Err(error) => return Err(self.explain(error, "open an issue")),
            }
        }
        Err(match refused {
            Some(error) => {
                self.explain(error, &format!("open a work item of the kind {}", KINDS.join(" or ")))
            }
            None => self.empty("nothing"),
        })
    }

    pub(super) async fn change_item(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain_of(error, "change the work item", &what(number));
        let there = self.read_item(number).await?;
        let path = self.in_project(["_apis", "wit", "workitems", &number.to_string()]);
        let mut tags = there.tags();
        let is_new = |label: &String| !tags.iter().any(|tag| tag.eq_ignore_ascii_case(label));
        let added: Vec<String> = labels(&change.labels).into_iter().filter(is_new).collect();
        tags.extend(added.iter().cloned());
        // The states of a kind are its process's own: the first that it knows is the one.
        let states: &[&str] = match change.open {
            Some(open) if open == (state_of(there.text(STATE)) == PullRequestState::Open) => &[""],
            Some(true) => &OPENED,
            Some(false) => &CLOSED,
            None => &[""],
        };
        let mut refused = None;
        for state in states {
            let make = |markdown| {
                let mut operations = Vec::new();
                operations.extend(change.title.as_ref().map(|title| set(TITLE, title)));
                if let Some(body) = &change.body {
                    // A text of HTML stays one: there is no way back from Markdown.
                    operations.extend(described(body, markdown && there.is_markdown(BODY), false));
                }
                if !added.is_empty() {
                    operations.push(set(TAGS, &tags.join("; ")));
                }
                if !state.is_empty() {
                    operations.push(set(STATE, state));
                }
                patch(versioned(Call::patch(path.clone()), markdown)).json(&operations)
            };
            match self.item(make).await {
                Ok(item) => return self.found_issue(item).await,
                Err(error) if error.status() == Some(400) && !state.is_empty() => {
                    refused = refused.or(Some(error))
                }
                Err(error) => return Err(explain(error)),
            }
        }
        Err(refused.map_or_else(|| self.empty("nothing"), explain))
    }

    pub(super) async fn found_issue(&self, item: WorkItem) -> Result<FoundIssue, ForgeError> {
        Ok(FoundIssue {
            number: item.id,
            url: self.page_of(Thing::Issue(item.id)),
            title: item.text(TITLE).to_owned(),
            body: item.body(),
            state: state_of(item.text(STATE)),
            author: self.account_of(item.author().as_ref()).await?,
            labels: item.tags(),
        })
    }
}

fn what(number: u64) -> String {
    Thing::Issue(number).to_string()
}

fn versioned(call: Call, markdown: bool) -> Call {
    call.query("api-version", if markdown { MARKDOWN } else { super::VERSION })
}

/// A call whose body is a list of changes.
fn patch(call: Call) -> Call {
    call.header("content-type", "application/json-patch+json")
}

fn set(field: &str, value: &str) -> Operation {
    Operation { op: "add", path: format!("/fields/{field}"), value: value.into() }
}

/// The changes that give a description; `says_so` where the server would take it for HTML.
fn described(body: &str, markdown: bool, says_so: bool) -> Vec<Operation> {
    let mut operations = vec![if markdown { set(BODY, body) } else { set(BODY, &to_html(body)) }];
    if says_so {
        let path = format!("/multilineFieldsFormat/{BODY}");
        operations.push(Operation { op: "add", path, value: "Markdown".into() });
    }
    operations
}

fn state_of(state: &str) -> PullRequestState {
    if CLOSED.contains(&state) { PullRequestState::Closed } else { PullRequestState::Open }
}
