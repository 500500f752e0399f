//! Comments on work items.

use patchwork_core::port::forge::{Comment, ForgeError, Thing};
use serde::Deserialize;
use serde_json::json;

use super::super::wire::{lenient, milliseconds};
use super::Azure;
use super::explain::is_gone;
use super::markup::{to_html, to_text};
use super::wire::Identity;
use crate::http::{Call, MAX_PAGES};

/// The first version that takes Markdown, and one that older servers know: both are previews for ever.
const VERSIONS: (&str, &str) = ("7.2-preview.4", "5.1-preview.3");

/// Comments on a page, the most that there can be.
const PER_PAGE: &str = "200";

/// A comment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    id: u64,
    #[serde(default, deserialize_with = "lenient")]
    text: String,
    #[serde(default, deserialize_with = "lenient")]
    format: String,
    #[serde(default)]
    created_by: Option<Identity>,
    #[serde(default, deserialize_with = "lenient")]
    created_date: String,
    #[serde(default, deserialize_with = "lenient")]
    is_deleted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default, deserialize_with = "lenient")]
    comments: Vec<Written>,
    #[serde(default, deserialize_with = "lenient")]
    continuation_token: String,
}

impl Azure {
    fn item_path<const N: usize>(&self, number: u64, rest: [&str; N]) -> Vec<String> {
        let path = self.in_project(["_apis", "wit", "workItems", &number.to_string(), "comments"]);
        path.into_iter().chain(rest.map(str::to_owned)).collect()
    }

    pub(super) async fn read_item_comments(&self, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let explain = |error| self.explain_of(error, "read the comments", &what(number));
        let (mut comments, mut token) = (Vec::new(), String::new());
        for _ in 0..MAX_PAGES {
            let make = |markdown| {
                let call = versioned(Call::get(self.item_path(number, [])), markdown)
                    .query("$top", PER_PAGE)
                    .query("order", "asc");
                Ok(if token.is_empty() { call } else { call.query("continuationToken", &token) })
            };
            let page: Page = self.in_markup(make).await.and_then(|answer| answer.json()).map_err(explain)?;
            for one in page.comments.into_iter().filter(|one| !one.is_deleted) {
                comments.push(self.item_comment(number, one).await?);
            }
            token = page.continuation_token;
            if token.is_empty() {
                break;
            }
        }
        comments.sort_by_key(|comment| comment.created_ms);
        Ok(comments)
    }

    pub(super) async fn make_item_comment(&self, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "write a comment", &what(number));
        let make = |markdown| written(Call::post(self.item_path(number, [])), body, markdown);
        let made = self.in_markup(make).await.and_then(|answer| answer.json()).map_err(explain)?;
        self.item_comment(number, made).await
    }

    pub(super) async fn change_item_comment(
        &self,
        number: u64,
        id: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let what = format!("comment {id} on {}", what(number));
        let explain = |error| self.explain_of(error, "change the comment", &what);
        let make = |markdown| written(Call::patch(self.item_path(number, [id])), body, markdown);
        let changed = self.in_markup(make).await.and_then(|answer| answer.json()).map_err(explain)?;
        self.item_comment(number, changed).await
    }

    pub(super) async fn remove_item_comment(&self, number: u64, id: &str) -> Result<(), ForgeError> {
        let make = |markdown| Ok(versioned(Call::delete(self.item_path(number, [id])), markdown));
        match self.in_markup(make).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(self.explain(error, "delete the comment")),
        }
    }

    async fn item_comment(&self, number: u64, one: Written) -> Result<Comment, ForgeError> {
        let markdown = one.format.eq_ignore_ascii_case("markdown");
        Ok(Comment {
            id: one.id.to_string(),
            url: format!("{}#{}", self.page_of(Thing::Issue(number)), one.id),
            author: self.account_of(one.created_by.as_ref()).await?,
            body: if markdown { one.text } else { to_text(&one.text) },
            created_ms: milliseconds(&one.created_date),
            place: None,
            thread: None,
            resolved: false,
            reactions: Vec::new(),
        })
    }
}

fn what(number: u64) -> String {
    Thing::Issue(number).to_string()
}

fn versioned(call: Call, markdown: bool) -> Call {
    call.query("api-version", if markdown { VERSIONS.0 } else { VERSIONS.1 })
}

fn written(call: Call, body: &str, markdown: bool) -> Result<Call, crate::http::HttpError> {
    let call = versioned(call, markdown);
    match markdown {
        true => call.query("format", "markdown").json(&json!({ "text": body })),
        false => call.json(&json!({ "text": to_html(body) })),
    }
}
