//! What files of tests are called in each language, and where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ignore::WalkBuilder;
use patchwork_repo::language::Language;

/// Files of a checkout that are looked at.
const MAX_FILES: usize = 50_000;

/// The files of tests of one language in a checkout.
#[derive(Debug, Default)]
pub(super) struct TestFiles {
    /// Their paths, sorted.
    pub(super) paths: Vec<String>,
    /// By folder, the forms of their names (`test_*.py`).
    pub(super) forms: BTreeMap<String, BTreeSet<String>>,
}

impl TestFiles {
    /// Finds them in the checkout at `root`; `near` is the file that is to be tested.
    pub(super) fn find(root: &Path, language: Language, near: &str) -> Self {
        let walk = WalkBuilder::new(root).require_git(false).git_global(false).parents(false).build();
        let mut found = Self::default();
        for entry in walk.flatten().take(MAX_FILES) {
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            let path = path.replace('\\', "/");
            if Language::of_path(&path).is_some_and(|of| related(of, language))
                && let Some(form) = form(&path)
            {
                found.forms.entry(folder(&path).to_owned()).or_default().insert(form);
                found.paths.push(path);
            }
        }
        found.paths.sort();
        if found.paths.is_empty() {
            return found;
        }
        // Each package of Go has its tests beside its code.
        if language == Language::Go {
            found.forms.entry(folder(near).to_owned()).or_default().insert("*_test.go".to_owned());
        }
        found
    }

    /// Why a new file may not be here under this name; none when it may.
    pub(super) fn refusal(&self, path: &str) -> Option<String> {
        let Some(forms) = self.forms.get(folder(path)) else {
            let folders: Vec<&str> = self.forms.keys().map(|name| shown(name)).take(8).collect();
            return Some(format!(
                "`{path}` is not where tests are: expected a file in {}",
                folders.join(" or ")
            ));
        };
        if form(path).is_some_and(|form| forms.contains(&form)) {
            return None;
        }
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        Some(format!("`{path}` is not called as tests are there: expected {}", forms.join(" or ")))
    }

    /// Where a new file goes and what it is called, for a prompt; the folders nearest to `example` first.
    pub(super) fn wanted(&self, example: &str) -> String {
        let near = folder(example);
        let mut folders: Vec<(&String, &BTreeSet<String>)> = self.forms.iter().collect();
        folders.sort_by_key(|(name, _)| (*name != near, name.len()));
        let place = |(name, forms): &(&String, &BTreeSet<String>)| {
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            format!("{} ({})", shown(name), forms.join(", "))
        };
        folders.iter().take(5).map(place).collect::<Vec<_>>().join("; ")
    }
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "the root" } else { folder }
}

/// The folder of a path; empty for the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of a file without its folder.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether tests of one are tests of the other.
fn related(one: Language, other: Language) -> bool {
    use Language::{Java, JavaScript, Kotlin, Tsx, TypeScript};
    let family = |language| match language {
        JavaScript | TypeScript | Tsx => JavaScript,
        Java | Kotlin => Java,
        other => other,
    };
    family(one) == family(other)
}

/// Names that runners and frameworks read as something else than tests, without their endings.
const NO_TESTS: [&str; 10] = [
    "conftest",
    "setup",
    "teardown",
    "globalsetup",
    "globalteardown",
    "config",
    "index",
    "mod",
    "main",
    "__init__",
];

/// The form of a test's name; none when the path is no test's.
fn form(path: &str) -> Option<String> {
    let language = Language::of_path(path)?;
    let (stem, ending) = name(path).rsplit_once('.')?;
    if stem.starts_with('.') || NO_TESTS.contains(&stem.to_ascii_lowercase().as_str()) {
        return None;
    }
    let starts = |starts: &[&str]| {
        starts
            .iter()
            .find(|start| stem.strip_prefix(*start).is_some_and(|rest| !rest.is_empty()))
            .map(|start| format!("{start}*.{ending}"))
    };
    let ends = |ends: &[&str]| {
        ends.iter()
            .find(|end| stem.strip_suffix(*end).is_some_and(|rest| !rest.is_empty()))
            .map(|end| format!("*{end}.{ending}"))
    };
    let within = |names: &[&str]| folder(path).split('/').any(|part| names.contains(&part));
    match language {
        Language::Python => starts(&["test_"]).or_else(|| ends(&["_test"])).or_else(|| starts(&["test"])),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let named =
                ends(&[".test", ".spec", "-test", "_test", ".tests", "-spec"]).or_else(|| starts(&["test-"]));
            named.or_else(|| {
                (within(&["test", "tests", "__tests__", "spec"])
                    && !within(&["fixtures", "__fixtures__", "helpers"]))
                .then(|| format!("*.{ending}"))
            })
        }
        Language::Java | Language::Kotlin => ends(&["Test", "Tests"]).or_else(|| starts(&["Test"])),
        Language::Go => ends(&["_test"]),
        Language::Rust => (name(folder(path)) == "tests").then(|| format!("*.{ending}")),
        Language::CSharp => ends(&["Tests", "Test"]),
        Language::Php => ends(&["Test"]),
        Language::Ruby => ends(&["_test", "_spec"]).or_else(|| starts(&["test_"])),
        Language::C | Language::Cpp => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_others() {
        for (path, expected) in [
            ("tests/test_a.py", Some("test_*.py")),
            ("a_test.py", Some("*_test.py")),
            ("tests/conftest.py", None),
            ("tests/helpers.py", None),
            ("src/a.test.ts", Some("*.test.ts")),
            ("test/a.js", Some("*.js")),
            ("test/setup.js", None),
            ("src/a.js", None),
            ("src/test/java/x/ATest.java", Some("*Test.java")),
            ("src/main/java/x/Latest.java", None),
            ("pkg/a_test.go", Some("*_test.go")),
            ("tests/a.rs", Some("*.rs")),
            ("tests/common/mod.rs", None),
            ("spec/a_spec.rb", Some("*_spec.rb")),
            ("tests/a.c", None),
            ("test_a", None),
        ] {
            assert_eq!(form(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_new_test_goes_where_tests_are() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["tests/test_a.py", "tests/data/x.py", "app/db.py", "web/a.test.js"] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let files = TestFiles::find(dir.path(), Language::Python, "app/db.py");
        assert_eq!(files.paths, ["tests/test_a.py"]);
        assert_eq!(files.wanted("tests/test_a.py"), "tests (test_*.py)");
        assert_eq!(files.refusal("tests/test_db.py"), None);
        for path in
            ["test_db.py", "tests/db.py", "tests/data/test_x.py", "tests/conftest.py", "tests/db_test.py"]
        {
            assert!(files.refusal(path).is_some(), "{path}");
        }
    }
}
