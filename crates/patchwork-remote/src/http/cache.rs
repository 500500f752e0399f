//! Answers that a server lets us ask for again: `ETag` and `If-None-Match`. What has not changed costs no rate limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ETAG, HeaderMap, HeaderValue, LINK};

/// Bytes of answers that are kept; past that, all are forgotten.
const MAX_KEPT: usize = 16 << 20;

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
        for link in headers.get_all(LINK) {
            kept.append(LINK, link.clone());
        }
        let before = state.kept.remove(key).map_or(0, |kept| kept.bytes.len());
        state.bytes = state.bytes.saturating_sub(before) + bytes.len();
        if state.bytes > MAX_KEPT {
            state.kept.clear();
            state.bytes = bytes.len();
        }
        state.kept.insert(key.to_owned(), Kept { etag, headers: kept, bytes: bytes.to_vec() });
    }
}
