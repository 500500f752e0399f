//! Python with pytest or unittest.

use super::{Folder, Line, Lines, Network};

/// `python` is another language's name on some machines, and absent on others.
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Test files that are looked into.
const MAX_TEST_FILES: usize = 50;

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let (tests, runner) = match pytest(folder) {
        Some(because) => (Line::new(format!("{PYTHON} -m pytest -q"), because), " pytest"),
        None => (unittest(folder), ""),
    };
    tests.map(|tests| Lines { setup: setup(folder, runner), build: None, tests: Some(tests) })
}

/// What says that the tests are pytest's.
fn pytest(folder: &Folder) -> Option<String> {
    if let Some(because) = folder.first(&["pytest.ini", ".pytest.ini", "pytest.toml", "conftest.py"]) {
        return Some(because.to_owned());
    }
    let section = |file: &str, starts: &[&str]| {
        let text = folder.read(file)?;
        let line =
            text.lines().find(|line| starts.iter().any(|start| line.trim_start().starts_with(start)))?;
        Some(format!("{file} {}", line.split(']').next()?.trim_start().to_owned() + "]"))
    };
    let configured = section("pyproject.toml", &["[tool.pytest"])
        .or_else(|| section("tox.ini", &["[pytest]"]))
        .or_else(|| section("setup.cfg", &["[tool:pytest]"]));
    if configured.is_some() {
        return configured;
    }
    let tests = test_folders(folder);
    if let Some(place) = tests.iter().find(|tests| tests.has("conftest.py")) {
        return Some(format!("{}/conftest.py", below(folder, place)));
    }
    let places: Vec<&Folder> = std::iter::once(folder).chain(&tests).collect();
    // Without a test there is nothing to run, whatever is declared.
    if !places.iter().any(|place| test_files(place).next().is_some()) {
        return None;
    }
    let requirements = folder.files(|name| name.contains("requirements") && name.ends_with(".txt"));
    let declared = requirements
        .chain(["pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile", "noxfile.py"])
        .find(|file| folder.read(file).is_some_and(|text| names_pytest(&text)));
    declared.map(str::to_owned).or_else(|| {
        places.iter().find_map(|place| {
            let mut files = test_files(place).take(MAX_TEST_FILES);
            let file = files.find(|file| place.read(file).is_some_and(|text| is_pytests(&text)))?;
            Some(if place.place() == folder.place() {
                file.to_owned()
            } else {
                format!("{}/{file}", below(folder, place))
            })
        })
    })
}

/// The standard library's own runner, when there are tests that it finds.
fn unittest(folder: &Folder) -> Option<Line> {
    let at_root = test_files(folder).any(|name| name.starts_with("test"));
    if let Some(first) = test_files(folder).find(|_| at_root) {
        return Line::new(format!("{PYTHON} -m unittest"), first);
    }
    let tests = TEST_FOLDERS
        .into_iter()
        .filter_map(|name| folder.sub(name))
        .find(|tests| test_files(tests).any(|name| name.starts_with("test")))?;
    let name = below(folder, &tests);
    // A package is found from the root, and can be imported from there; a plain folder has to be named.
    let line = if tests.has("__init__.py") {
        format!("{PYTHON} -m unittest")
    } else {
        format!("{PYTHON} -m unittest discover -s {name}")
    };
    Line::new(line, name)
}

/// What installs the project and what runs its tests. Into the copy itself: nothing outside of it is to be written.
fn setup(folder: &Folder, runner: &str) -> Option<Line> {
    let into = format!("{PYTHON} -m venv .venv && .venv/bin/python -m pip install --quiet{runner}");
    if folder.has("requirements.txt") {
        return Line::new(format!("{into} -r requirements.txt"), "requirements.txt");
    }
    Line::new(format!("{into} ."), folder.first(&["pyproject.toml", "setup.py"])?)
}

/// Where tests are kept by custom.
const TEST_FOLDERS: [&str; 3] = ["tests", "test", "testing"];

/// The folders of tests, here or in a package, and those in them.
fn test_folders(folder: &Folder) -> Vec<Folder> {
    let mut all = Vec::new();
    let packages: Vec<Folder> = folder.subs().into_iter().filter(|sub| sub.has("__init__.py")).collect();
    let places = std::iter::once(folder).chain(&packages);
    for tests in places.flat_map(|place| TEST_FOLDERS.into_iter().filter_map(|name| place.sub(name))) {
        let inner = tests.subs();
        all.push(tests);
        all.extend(inner);
    }
    all
}

/// The place of a folder inside of another.
fn below<'a>(folder: &Folder, inner: &'a Folder) -> &'a str {
    inner.place().strip_prefix(folder.place()).unwrap_or_default().trim_start_matches('/')
}

fn test_files(folder: &Folder) -> impl Iterator<Item = &str> {
    folder.files(|name| name.ends_with(".py") && (name.starts_with("test") || name.ends_with("_test.py")))
}

/// Whether a list of requirements has pytest itself, in any of the ways that they are written.
fn names_pytest(text: &str) -> bool {
    text.match_indices("pytest").any(|(at, name)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        alone(before) && alone(after)
    })
}

/// Whether a file of tests is for pytest alone: it imports it, or has tests outside of any class.
fn is_pytests(text: &str) -> bool {
    text.lines().any(|line| {
        if line.starts_with("def test_") || line.starts_with("async def test_") {
            return true;
        }
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("import" | "from"))
            && words.next().is_some_and(|name| name.trim_end_matches(',').split('.').next() == Some("pytest"))
    })
}
