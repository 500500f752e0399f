//! Changes that are turned down before anything is checked: those that make checks pass without making the code better.
//!
//! A change that deletes the code, weakens a test, silences a scanner or swallows failures would climb the ladder. What is
//! refused here is refused by the shape of the code before and after, so that a legitimate change of the same words passes.

mod deletions;
mod handlers;
mod silencers;
mod test_code;
mod trees;

use std::cell::OnceCell;

use patchwork_repo::language::Language;
use tree_sitter::Tree;

pub use self::silencers::silencer;
use self::trees::{kind_of, parse};

/// A file before a change.
pub struct Before<'a> {
    path: &'a str,
    text: &'a str,
    language: Option<Language>,
    tree: OnceCell<Option<Tree>>,
}

impl<'a> Before<'a> {
    /// The file at this path (relative to the root, with `/`) with this text.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, language: Language::detect(path, text), tree: OnceCell::new() }
    }

    /// Why a change is refused, in words for whoever made it; none when it is not. `hunks` are the lines it replaces and what it
    /// puts in their place; `whole` makes the whole text after it, which is only asked for when the lines give a reason to.
    pub fn refuse<T: AsRef<str>>(
        &self,
        hunks: &[(&str, &str)],
        whole: impl FnOnce() -> Option<T>,
    ) -> Option<String> {
        if let Some(word) = hunks.iter().find_map(|(old, new)| silencer(new, old)) {
            return Some(format!("it silences the scanner (`{word}`): change the code itself"));
        }
        let of_test = test_code::is_test(self.path);
        let worth_a_look = of_test
            || hunks.iter().any(|(old, new)| handlers::may_widen(new) || deletions::may_delete(old, new));
        if !worth_a_look {
            return None;
        }
        let language = kind_of(self.language?)?;
        let before = self.tree.get_or_init(|| parse(self.language?, self.text)).as_ref()?;
        let text = whole()?;
        let after = parse(self.language?, text.as_ref())?;
        if after.root_node().has_error() && !before.root_node().has_error() {
            // What does not parse is turned down for that.
            return None;
        }
        let before = trees::Code { kind: language, text: self.text, root: before.root_node() };
        let after = trees::Code { kind: language, text: text.as_ref(), root: after.root_node() };
        if of_test && let Some(reason) = test_code::weakened(&before, &after) {
            return Some(reason);
        }
        handlers::widened(&before, &after).or_else(|| deletions::deleted(&before, &after))
    }
}

#[cfg(test)]
mod tests;
