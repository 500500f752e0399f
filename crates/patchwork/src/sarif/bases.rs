//! The folders that a run's locations are relative to, and the paths in its URIs.

use serde_json::{Map, Value};

/// Names of the base that stands for the root of the scanned sources, as scanners write them.
const ROOT_BASES: [&str; 7] =
    ["%SRCROOT%", "SRCROOT", "%SRCROOT", "ROOTPATH", "%PROJECTROOT%", "PROJECTROOT", "REPOROOT"];

/// What a run says about where its files are.
pub(super) struct Bases<'a> {
    artifacts: &'a [Value],
    ids: Option<&'a Map<String, Value>>,
    /// Absolute folders that the report itself names as the root of the scanned sources.
    pub(super) roots: Vec<String>,
}

impl<'a> Bases<'a> {
    pub(super) fn of(run: &'a Value) -> Self {
        let artifacts = run["artifacts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut this = Self { artifacts, ids: run["originalUriBaseIds"].as_object(), roots: Vec::new() };
        let base = ROOT_BASES.into_iter().filter_map(|id| this.folder(id));
        let folders = run["invocations"].as_array().into_iter().flatten();
        let folders = folders.filter_map(|i| i["workingDirectory"]["uri"].as_str().map(path_of_uri));
        this.roots = base.chain(folders).filter(|root| is_absolute(root) && root.len() > 1).collect();
        this
    }

    /// How many artifacts the run lists.
    pub(super) fn artifact_count(&self) -> usize {
        self.artifacts.len()
    }

    /// The location of an artifact by its index.
    pub(super) fn artifact(&self, index: u64) -> Option<&'a Value> {
        self.artifacts.get(usize::try_from(index).ok()?).map(|artifact| &artifact["location"])
    }

    /// The folder behind a base id, `/`-separated: empty for the root of the repository.
    pub(super) fn folder(&self, id: &str) -> Option<String> {
        let mut parts = Vec::new();
        let mut next = Some(id);
        // A chain of bases longer than this is a circle.
        for _ in 0..8 {
            let Some(entry) = next.and_then(|id| self.ids?.get(id)) else { break };
            let part = entry["uri"].as_str().map(path_of_uri).unwrap_or_default();
            let absolute = is_absolute(&part);
            if !part.is_empty() {
                parts.push(part);
            }
            next = if absolute { None } else { entry["uriBaseId"].as_str() };
        }
        let joined: Vec<_> = parts.iter().rev().map(|part| part.trim_end_matches('/')).collect();
        let joined = joined.join("/");
        (!joined.is_empty() || !parts.is_empty()).then_some(joined)
    }

    /// A path for people: without the base that the whole report has.
    pub(super) fn shown(&self, uri: &str, base: &str) -> String {
        let path = path_of_uri(uri);
        let folder = self.folder(base).unwrap_or_default();
        let place = if folder.is_empty() || is_absolute(&path) { path } else { format!("{folder}/{path}") };
        self.roots.iter().find_map(|root| below(&place, root)).unwrap_or(place)
    }
}

/// The path in a URI or a path of either kind of system: `/` as separator, percent signs decoded, no scheme.
pub(super) fn path_of_uri(uri: &str) -> String {
    let rest = match uri.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("file:") => {
            let rest = uri.get(5..).unwrap_or_default();
            match rest.strip_prefix("//") {
                // An authority (`file://host/path`) stands before the path; almost always it is empty.
                Some(rest) if has_drive(rest) => rest,
                Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest),
                None => rest,
            }
        }
        _ => uri,
    };
    let mut path = percent_decoded(rest).replace('\\', "/");
    if has_drive(path.get(1..).unwrap_or_default()) && path.starts_with('/') {
        path.remove(0);
    }
    path
}

/// Decodes `%20` and the like; the text as it is when that gives no UTF-8.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits =
            bytes.get(at + 1..at + 3).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|hex| std::str::from_utf8(hex).ok());
        match digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || has_drive(path)
}

pub(super) fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

/// What of `path` is below the absolute folder `root`.
pub(super) fn below(path: &str, root: &str) -> Option<String> {
    let root = root.trim_end_matches('/');
    let head = path.get(..root.len())?;
    // Windows does not tell case apart.
    let same = if has_drive(path) { head.eq_ignore_ascii_case(root) } else { head == root };
    let rest = path.get(root.len()..)?.strip_prefix('/')?;
    (same && !rest.is_empty()).then(|| rest.to_owned())
}
