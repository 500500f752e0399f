//! Tests that are made to pass by asking for less.

use super::trees::{Code, is_function};

/// Whether a path is that of a test, by the conventions of runners.
pub(super) fn is_test(path: &str) -> bool {
    const FOLDERS: [&str; 6] = ["test", "tests", "__tests__", "spec", "specs", "testing"];
    let mut folders: Vec<&str> = path.split('/').collect();
    let Some(name) = folders.pop() else { return false };
    let stem = name.split('.').next().unwrap_or(name);
    folders.iter().any(|folder| FOLDERS.contains(&folder.to_ascii_lowercase().as_str()))
        || stem.starts_with("test_")
        || stem == "conftest"
        || ["_test", "_tests", "_spec", "Test", "Tests", "IT"].iter().any(|end| stem.ends_with(end))
        || name.contains(".test.")
        || name.contains(".spec.")
}

/// What is said of a change that asks less of the code than the test did before.
pub(super) fn weakened(before: &Code<'_>, after: &Code<'_>) -> Option<String> {
    let (old, new) = (Asked::of(before), Asked::of(after));
    let fewer = |what: &str, old: usize, new: usize| {
        (new < old).then(|| {
            format!("it takes {what} out of a test ({old} before, {new} now): a test must ask what it did")
        })
    };
    fewer("tests", old.tests, new.tests)
        .or_else(|| fewer("assertions", old.assertions, new.assertions))
        .or_else(|| {
            (new.skipped > old.skipped).then(|| "it has a test skipped: a test must run as it did".to_owned())
        })
}

/// What a test asks.
#[derive(Default)]
struct Asked {
    tests: usize,
    assertions: usize,
    skipped: usize,
}

impl Asked {
    fn of(code: &Code<'_>) -> Self {
        let mut asked = Self::default();
        for node in code.nodes() {
            if matches!(node.kind(), "assert_statement" | "assert") && node.is_named() {
                asked.assertions += 1;
            }
            if is_function(code.kind, node) {
                let name =
                    node.child_by_field_name("name").map(|name| code.text_of(name)).unwrap_or_default();
                asked.tests += usize::from(name.to_ascii_lowercase().starts_with("test"));
            }
            if node.child_count() > 0 || !node.is_named() {
                continue;
            }
            let name = code.text_of(node);
            let called = node.parent().is_some_and(|parent| is_call_of(parent, node));
            asked.tests += usize::from(called && matches!(name, "it" | "test" | "specify" | "example"));
            asked.tests +=
                usize::from(name == "Test" && node.parent().is_some_and(|p| p.kind().contains("annotation")));
            asked.assertions += usize::from(called && is_assertion(name));
            asked.skipped += usize::from(is_skip(name));
        }
        asked
    }
}

/// Whether a name is what a node calls, or the last part of it.
fn is_call_of(parent: tree_sitter::Node<'_>, name: tree_sitter::Node<'_>) -> bool {
    let of =
        |node: tree_sitter::Node<'_>| matches!(node.kind(), "call" | "call_expression" | "method_invocation");
    let is = |node: tree_sitter::Node<'_>, field: &str| node.child_by_field_name(field) == Some(name);
    if of(parent) {
        return ["function", "name", "method"].iter().any(|field| is(parent, field));
    }
    let last = ["property", "attribute", "field"].iter().any(|field| is(parent, field));
    last && parent
        .parent()
        .is_some_and(|call| of(call) && call.child_by_field_name("function") == Some(parent))
}

fn is_assertion(name: &str) -> bool {
    const STARTS: [&str; 6] = ["assert", "expect", "refute", "should", "must_", "verify"];
    const WORDS: [&str; 9] =
        ["fail", "raises", "Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow", "ok"];
    let lower = name.to_ascii_lowercase();
    STARTS.iter().any(|start| lower.starts_with(start)) || WORDS.contains(&name)
}

fn is_skip(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "skip",
        "skipif",
        "skipunless",
        "skiptest",
        "skipnow",
        "skipf",
        "xfail",
        "expectedfailure",
        "disabled",
        "ignore",
        "xit",
        "xdescribe",
        "xtest",
        "xcontext",
        "pending",
        "todo",
    ];
    WORDS.contains(&name.to_ascii_lowercase().as_str())
}
