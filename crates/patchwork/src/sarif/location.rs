//! From a SARIF artifact location to a file of the repository.

use patchwork_core::failure::Failure;
use serde_json::{Map, Value};

/// Names of the base that stands for the root of the scanned sources, as scanners write them.
const ROOT_BASES: [&str; 6] =
    ["%SRCROOT%", "SRCROOT", "ROOTPATH", "%PROJECTROOT%", "PROJECTROOT", "REPOROOT"];

/// Bytes of the longest path there is, each percent-encoded.
const LONGEST_URI: usize = 3 * 4096;

/// Resolves the artifact locations of one run.
pub(super) struct Locations<'a, R, T> {
    artifacts: &'a [Value],
    bases: Option<&'a Map<String, Value>>,
    /// Absolute folders that the report itself names as the root of the scanned sources.
    roots: Vec<String>,
    resolve: &'a R,
    line_text: &'a T,
}

impl<'a, R, T> Locations<'a, R, T>
where
    R: Fn(&str) -> Result<String, Failure>,
    T: Fn(&str, u32, u32) -> Option<String>,
{
    pub(super) fn new(run: &'a Value, resolve: &'a R, line_text: &'a T) -> Self {
        let artifacts = run["artifacts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut this = Self {
            artifacts,
            bases: run["originalUriBaseIds"].as_object(),
            roots: Vec::new(),
            resolve,
            line_text,
        };
        let base = ROOT_BASES.into_iter().filter_map(|id| this.base(id));
        let folders = run["invocations"].as_array().into_iter().flatten();
        let folders = folders.filter_map(|i| i["workingDirectory"]["uri"].as_str().map(path_of_uri));
        this.roots = base.chain(folders).filter(|root| is_absolute(root) && root.len() > 1).collect();
        this
    }

    /// The file that an artifact location is about, or why there is none.
    pub(super) fn resolve(&self, location: &Value) -> Result<String, String> {
        let mut location = location;
        if location["uri"].as_str().is_none_or(str::is_empty) {
            let Some(index) = location.get("index").filter(|index| !index.is_null()) else {
                return Err("its location names no file".into());
            };
            let artifact = index.as_u64().and_then(|i| self.artifacts.get(usize::try_from(i).ok()?));
            location = match artifact {
                Some(artifact) => &artifact["location"],
                None => {
                    let count = self.artifacts.len();
                    return Err(format!("its location is artifact {index}, but the run lists {count}"));
                }
            };
        }
        let Some(uri) = location["uri"].as_str().filter(|uri| !uri.is_empty()) else {
            return Err("its artifact has no location".into());
        };
        if uri.len() > LONGEST_URI {
            return Err(format!("its location has {} characters, which no path has", uri.len()));
        }
        let base = location["uriBaseId"].as_str().and_then(|id| self.base(id)).unwrap_or_default();
        self.resolve_uri(uri, &base)
    }

    fn resolve_uri(&self, uri: &str, base: &str) -> Result<String, String> {
        if let Some((scheme, _)) = uri.split_once("://")
            && !scheme.eq_ignore_ascii_case("file")
        {
            return Err(format!("`{uri}` is not a file"));
        }
        let decoded = path_of_uri(uri);
        // Some tools write paths, not URIs: a `%20` is then part of the name. The file that exists decides.
        let plain = uri.replace('\\', "/");
        let names =
            if plain == decoded || uri.contains("://") { vec![decoded] } else { vec![decoded, plain] };
        let mut first_refusal = None;
        let mut missing = None;
        for (spelling, name) in names.iter().enumerate() {
            let place = match base {
                "" => name.clone(),
                _ if is_absolute(name) => name.clone(),
                _ => format!("{}/{name}", base.trim_end_matches('/')),
            };
            // Absolute folders of the machine that scanned are taken off only where the report itself says that they were
            // the root of the sources: guessing by the end of the path would change a file that nobody meant.
            let moved = self.roots.iter().filter_map(|root| below(&place, root));
            let absolute = is_absolute(&place);
            for candidate in std::iter::once(place.clone()).chain(moved) {
                match (self.resolve)(&candidate) {
                    Ok(path) if absolute || (self.line_text)(&path, 1, 1).is_some() => return Ok(path),
                    Ok(path) if spelling == 0 => {
                        missing.get_or_insert(path);
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        first_refusal.get_or_insert_with(|| failure.to_string());
                    }
                }
            }
        }
        missing.ok_or_else(|| first_refusal.unwrap_or_else(|| format!("`{uri}` is no path")))
    }

    /// The folder behind a base id, `/`-separated: empty for the root of the repository.
    fn base(&self, id: &str) -> Option<String> {
        let mut parts = Vec::new();
        let mut next = Some(id);
        // A chain of bases longer than this is a circle.
        for _ in 0..8 {
            let Some(entry) = next.and_then(|id| self.bases?.get(id)) else { break };
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
}

/// The path in a URI or a path of either kind of system: `/` as separator, percent signs decoded, no scheme.
fn path_of_uri(uri: &str) -> String {
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

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || has_drive(path)
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

/// What of `path` is below the absolute folder `root`.
fn below(path: &str, root: &str) -> Option<String> {
    let root = root.trim_end_matches('/');
    let head = path.get(..root.len())?;
    // Windows does not tell case apart.
    let same = if has_drive(path) { head.eq_ignore_ascii_case(root) } else { head == root };
    let rest = path.get(root.len()..)?.strip_prefix('/')?;
    (same && !rest.is_empty()).then(|| rest.to_owned())
}
