//! Which changed files belong together: a source and its test, a header and its implementation, translations of one text, files
//! that call each other.

use std::collections::HashMap;

use patchwork_repo::language::Language;

use super::Piece;
use crate::review::index::folder;
use crate::review::selection::names::is_test;
use crate::review::unit::FileUnits;

/// Names of files that say nothing about what is in them.
const PLAIN: [&str; 10] =
    ["__init__", "app", "config", "index", "init", "lib", "main", "mod", "package", "readme"];

/// What the names of tests have more than those of what they test, in lower case.
const BEFORE: [&str; 2] = ["test_", "test-"];
const BEHIND: [&str; 11] =
    ["_test", "-test", ".test", "_tests", ".tests", "_spec", "-spec", ".spec", "tests", "test", "spec"];

/// The files that have pieces, in groups that do not exceed the limit where that can be avoided: the groups in the order of their
/// first files, and these in order.
pub(super) fn clusters(files: &[FileUnits<'_>], pieces: &[Vec<Piece>], limit: usize) -> Vec<Vec<usize>> {
    let tokens =
        |file: usize| pieces.get(file).into_iter().flatten().map(|piece| piece.tokens).sum::<usize>();
    let mut sets =
        Sets { parent: (0..files.len()).collect(), tokens: (0..files.len()).map(tokens).collect(), limit };
    let asked = |file: &usize| pieces.get(*file).is_some_and(|pieces| !pieces.is_empty());
    let mut first: HashMap<String, usize> = HashMap::new();
    for (at, file) in files.iter().enumerate().filter(|(at, _)| asked(at)) {
        for key in keys(file.file.path()) {
            match first.get(&key) {
                Some(other) => sets.join(*other, at),
                None => {
                    first.insert(key, at);
                }
            }
        }
    }
    for (from, to) in calls(files) {
        if asked(&from) && asked(&to) {
            sets.join(from, to);
        }
    }
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    for at in (0..files.len()).filter(asked) {
        let root = sets.root(at);
        let place = *place.entry(root).or_insert_with(|| {
            clusters.push(Vec::new());
            clusters.len() - 1
        });
        if let Some(cluster) = clusters.get_mut(place) {
            cluster.push(at);
        }
    }
    clusters
}

/// What a file has in common with those that belong to it.
fn keys(path: &str) -> Vec<String> {
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut keys = Vec::new();
    if is_locale(stem) {
        keys.push(format!("locales {}", folder(&lower)));
    } else if Language::of_path(path).is_none()
        && let Some(text) = without_locale(stem)
    {
        keys.push(format!("locales {}/{text}", folder(&lower)));
    }
    let mut bare = stem;
    if is_test(path) {
        bare = BEFORE.iter().find_map(|start| bare.strip_prefix(start)).unwrap_or(bare);
        bare = BEHIND.iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
    }
    if bare.len() > 2 && !PLAIN.contains(&bare) && !is_locale(bare) {
        keys.push(format!("name {bare}"));
    }
    keys
}

/// What stands before a language's code (`messages` of `messages_pt-br`).
fn without_locale(stem: &str) -> Option<&str> {
    let mut ends = stem.match_indices(['.', '_', '-']);
    ends.find(|(at, _)| stem.get(at + 1..).is_some_and(is_locale)).and_then(|(at, _)| stem.get(..at))
}

/// Whether it is a language's code (`de`, `pt-br`).
fn is_locale(word: &str) -> bool {
    let (language, region) = word.split_once(['-', '_']).unwrap_or((word, ""));
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    language.len() == 2
        && letters(language)
        && (region.is_empty() || (region.len() == 2 || region.len() == 4) && letters(region))
        && !matches!(
            language,
            "db" | "io" | "ui" | "js" | "ts" | "py" | "go" | "rs" | "c_" | "fs" | "os" | "id"
        )
}

/// Pairs of files of which one calls what changed in the other, where no third file defines the name too.
fn calls(files: &[FileUnits<'_>]) -> Vec<(usize, usize)> {
    let mut definers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        for name in file.units.iter().flat_map(|unit| &unit.defines) {
            let known = definers.entry(name).or_default();
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
    }
    let mut pairs = Vec::new();
    for (at, file) in files.iter().enumerate() {
        for name in file.units.iter().flat_map(|unit| &unit.calls) {
            if let Some([other]) = definers.get(name.as_str()).map(Vec::as_slice)
                && *other != at
            {
                pairs.push((at, *other));
            }
        }
    }
    pairs
}

/// Disjoint sets with the tokens of each.
struct Sets {
    parent: Vec<usize>,
    tokens: Vec<usize>,
    limit: usize,
}

impl Sets {
    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while let Some(parent) = self.parent.get(root).copied().filter(|parent| *parent != root) {
            let above = self.parent.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parent.get_mut(root) {
                *slot = above;
            }
            root = parent;
        }
        root
    }

    /// Joins two sets, unless they are too much for one bundle.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let tokens = |at: usize| self.tokens.get(at).copied().unwrap_or(0);
        let together = tokens(a) + tokens(b);
        if a == b || together > self.limit {
            return;
        }
        let (keep, give) = (a.min(b), a.max(b));
        if let Some(slot) = self.parent.get_mut(give) {
            *slot = keep;
        }
        if let Some(slot) = self.tokens.get_mut(keep) {
            *slot = together;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_belong_together_have_a_key_in_common() {
        for (a, b, together) in [
            ("src/store.py", "tests/test_store.py", true),
            ("src/Store.java", "src/test/StoreTest.java", true),
            ("web/cart.ts", "web/cart.spec.ts", true),
            ("src/list.c", "include/list.h", true),
            ("locales/en.json", "locales/de.json", true),
            ("i18n/messages_en.properties", "i18n/messages_pt-br.properties", true),
            ("a/index.ts", "b/index.ts", false),
            ("a/__init__.py", "b/__init__.py", false),
            ("locales/en.json", "other/de.json", false),
            ("src/store.py", "src/cart.py", false),
        ] {
            let other = keys(b);
            assert_eq!(keys(a).iter().any(|key| other.contains(key)), together, "{a} {b}");
        }
    }
}
