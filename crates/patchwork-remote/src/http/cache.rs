//! Answers that a server lets us ask for again: `ETag` and `If-None-Match`. What has not changed costs no rate limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue, LINK};
use serde::de::IgnoredAny;

/// Bytes of answers that are kept; past that, all are forgotten.
const MAX_KEPT: usize = 16 << 20;

/// What else than its body a page of a list is read by; a server need not repeat it.
const OF_PAGES: [HeaderName; 3] =
    [LINK, HeaderName::from_static("x-next-page"), HeaderName::from_static("x-total-count")];

/// Of so many items, or twice as many, are the pages that we ask for.
const FULL: usize = 50;

/// An answer that is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) etag: HeaderValue,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

/// The answers of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    kept: HashMap<String, Kept>,
    bytes: usize,
}

impl Cache {
    pub(super) fn get(&self, key: &str) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.get(key).cloned()
    }

    pub(super) fn keep(&self, key: &str, headers: &HeaderMap, bytes: &[u8]) {
        let Some(etag) = headers.get(ETAG).cloned() else { return };
        if bytes.len() > MAX_KEPT / 4 {
            return;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = HeaderMap::new();
        for name in OF_PAGES {
            for value in headers.get_all(&name) {
                kept.append(&name, value.clone());
            }
        }
        let before = state.kept.remove(key).map_or(0, |kept| kept.bytes.len());
        state.bytes = state.bytes.saturating_sub(before);
        if is_full_and_last(headers, bytes) {
            return;
        }
        state.bytes += bytes.len();
        if state.bytes > MAX_KEPT {
            state.kept.clear();
            state.bytes = bytes.len();
        }
        state.kept.insert(key.to_owned(), Kept { etag, headers: kept, bytes: bytes.to_vec() });
    }
}

/// Whether an answer is the last page of a list and full. With one item more it stays the same, and only what names the next page
/// is new.
fn is_full_and_last(headers: &HeaderMap, bytes: &[u8]) -> bool {
    let texts = |name: &HeaderName| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let [link, next_page, _] = &OF_PAGES;
    let named =
        texts(link).any(|link| link.contains("next")) || texts(next_page).any(|next| !next.is_empty());
    let items = serde_json::from_slice::<Vec<IgnoredAny>>(bytes);
    !named && items.is_ok_and(|items| !items.is_empty() && items.len() % FULL == 0)
}
