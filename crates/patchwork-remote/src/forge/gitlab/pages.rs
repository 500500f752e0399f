//! Lists, page by page.

use serde::de::DeserializeOwned;

use super::GitLab;
use crate::http::{Call, HttpError, Listed, MAX_PAGES, PER_PAGE};

impl GitLab {
    /// Reads a list until there are `limit` items or [`MAX_PAGES`] pages. Pages are asked for by number: GitLab's links to them
    /// begin with the address that it was set up with, which need not be the one that we reach it by.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        call: Call,
        limit: usize,
    ) -> Result<Listed<T>, HttpError> {
        let call = call.query("per_page", PER_PAGE);
        let mut listed = Listed { items: Vec::new(), complete: false };
        let mut page = Some(1);
        for _ in 0..MAX_PAGES {
            let Some(number) = page else { break };
            let asked = call.clone();
            // The first is what is given anyway.
            let asked = if number == 1 { asked } else { asked.query("page", number.to_string()) };
            let answer = self.http.send(&asked).await?;
            listed.items.extend(answer.json::<Vec<T>>()?);
            let next = answer.header("x-next-page").and_then(|next| next.trim().parse::<u64>().ok());
            page = next.filter(|next| *next > number);
            if listed.items.len() >= limit {
                let complete = listed.items.len() == limit && page.is_none();
                listed.items.truncate(limit);
                return Ok(Listed { complete, ..listed });
            }
        }
        Ok(Listed { complete: page.is_none(), ..listed })
    }
}
