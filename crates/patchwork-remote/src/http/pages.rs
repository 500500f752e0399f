//! Lists that come page by page.

use reqwest::header::LINK;
use serde::de::DeserializeOwned;

use super::{Answer, Call, Http, HttpError};

/// Items on a page, the most that forges give.
pub const PER_PAGE: &str = "100";

/// Pages that are read of one list: ten thousand items.
pub const MAX_PAGES: usize = 100;

/// What was read of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The items, in the server's order.
    pub items: Vec<T>,
    /// Whether these are all.
    pub complete: bool,
}

impl Http {
    /// Reads a list whose pages are JSON arrays and name the next one in a header, `Link: <…>; rel="next"`, until there are
    /// `limit` items or [`MAX_PAGES`] pages.
    pub async fn list<T: DeserializeOwned>(&self, call: &Call, limit: usize) -> Result<Listed<T>, HttpError> {
        self.list_in(call, limit, |page: Vec<T>| page).await
    }

    /// The same for pages that are something else: `items` takes the items out.
    pub async fn list_in<P: DeserializeOwned, T>(
        &self,
        call: &Call,
        limit: usize,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Listed<T>, HttpError> {
        let mut listed = Listed { items: Vec::new(), complete: false };
        let mut next = Some(call.clone());
        for _ in 0..MAX_PAGES {
            let Some(call) = next else { break };
            let answer = self.send(&call).await?;
            listed.items.extend(items(answer.json()?));
            if listed.items.len() >= limit {
                let more = listed.items.len() > limit || next_link(&answer).is_some();
                listed.items.truncate(limit);
                return Ok(Listed { complete: !more, ..listed });
            }
            next = self.next(&call, &answer)?;
            if next.is_none() {
                listed.complete = true;
            }
        }
        Ok(listed)
    }

    /// The call for the page after this one, as the answer's `Link` header names it.
    pub fn next(&self, call: &Call, answer: &Answer) -> Result<Option<Call>, HttpError> {
        next_link(answer).map(|link| self.follow(call, answer, &link)).transpose()
    }

    /// The same call at an address that the server gave. It must be below the base, or the token would go elsewhere.
    pub fn follow(&self, call: &Call, answer: &Answer, link: &str) -> Result<Call, HttpError> {
        let base = self.base();
        let url = base.join(link).ok().filter(|url| {
            let prefix = base.path().trim_end_matches('/');
            let below = url.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
            url.origin() == base.origin() && below && url.username().is_empty() && url.password().is_none()
        });
        match url {
            Some(url) => Ok(call.at(url)),
            None => Err(HttpError::Elsewhere { call: answer.call.clone(), host: answer.host.clone() }),
        }
    }
}

/// The address of `rel="next"` in a `Link` header.
fn next_link(answer: &Answer) -> Option<String> {
    let links = answer.headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    links.flat_map(split).find_map(|link| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split_whitespace().any(|r| r.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| url.to_owned())
    })
}

/// The links of a header: commas separate them, but not those within `<…>`.
fn split(header: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, c) in header.char_indices() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            ',' if !inside => {
                links.extend(header.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    links.extend(header.get(start..));
    links
}
