//! The corpus: small projects with one weakness each, a right fix, wrong ones, and the test of a careful engineer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The folder of the right fix.
pub(crate) const RIGHT: &str = "right";

/// What fixes are wrong by, as the folders of wrong fixes say behind `wrong-`.
pub(crate) const KINDS: [&str; 6] = ["behaviour", "symptom", "guard", "suppression", "deletes", "exception"];

/// A project with a weakness.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its folder, which begins with the language: `python-sql-inventory`.
    pub(crate) name: String,
    pub(crate) sheet: Sheet,
    folder: PathBuf,
}

/// `case.yml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    /// What is wrong, in one sentence.
    pub(crate) weakness: String,
    pub(crate) cwe: String,
    /// The rule that finds it.
    pub(crate) rule: String,
    /// The weak file, in the project.
    pub(crate) file: String,
    /// The shell line that tests.
    pub(crate) test_command: String,
    /// Programs that it needs.
    pub(crate) requires: Vec<String>,
    /// Where the regression test goes, in the project.
    pub(crate) evidence_test: String,
    /// The folders of the wrong fixes, and why each is wrong.
    pub(crate) wrong: BTreeMap<String, String>,
}

/// Files by their path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Case {
    /// All cases, by name.
    pub(crate) fn all() -> Vec<Self> {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/proof/corpus");
        let mut cases: Vec<Self> = entries(&corpus).into_iter().map(Self::read).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(folder: PathBuf) -> Self {
        let name = name_of(&folder);
        let sheet = fs::read_to_string(folder.join("case.yml")).expect("each case has a case.yml");
        let sheet = serde_saphyr::from_str(&sheet).unwrap_or_else(|error| panic!("{name}/case.yml: {error}"));
        Self { name, sheet, folder }
    }

    /// The language, as the name begins.
    pub(crate) fn language(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// The fixes, the right one first.
    pub(crate) fn fixes(&self) -> Vec<&str> {
        std::iter::once(RIGHT).chain(self.sheet.wrong.keys().map(String::as_str)).collect()
    }

    /// The files of one of its folders: `project`, `test`, or that of a fix.
    pub(crate) fn files(&self, folder: &str) -> Files {
        let top = self.folder.join(folder);
        let mut files = Files::new();
        collect(&top, &top, &mut files);
        files
    }

    /// What is wrong with its shape.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault: &str| {
            if !holds {
                faults.push(format!("{}: {fault}", self.name));
            }
        };
        let Sheet { weakness, cwe, rule, file, test_command, requires, evidence_test, wrong } = &self.sheet;
        let told = [weakness, rule, test_command].into_iter().chain(wrong.values());
        must(told.into_iter().all(|text| !text.trim().is_empty()), "a text of case.yml is empty");
        must(cwe.starts_with("CWE-"), "`cwe` is none");
        must(!requires.is_empty(), "`requires` names no program");
        must(wrong.len() >= 2, "there are fewer than two wrong fixes");
        let mut named: Vec<&str> = ["project", "test"].into_iter().chain(self.fixes()).collect();
        named.sort_unstable();
        let folders = entries(&self.folder);
        let mut folders: Vec<String> =
            folders.iter().filter(|path| path.is_dir()).map(|path| name_of(path)).collect();
        folders.sort_unstable();
        must(folders == named, "the folders are not those that case.yml names");
        let known = |fix: &String| KINDS.iter().any(|kind| fix.strip_prefix("wrong-") == Some(kind));
        must(wrong.keys().all(known), "a wrong fix is of no known kind");
        if folders != named {
            return faults;
        }
        let project = self.files("project");
        must(project.contains_key(file), "`file` is not in the project");
        must(!project.contains_key(evidence_test), "`evidence_test` is in the project already");
        must(self.files("test").keys().eq([evidence_test]), "test/ holds another file than `evidence_test`");
        for fix in self.fixes() {
            let files = self.files(fix);
            must(
                files.get(file).is_some_and(|text| project.get(file) != Some(text)),
                "a fix leaves `file` as it is",
            );
            let others = files.keys().filter(|path| *path != file);
            must(others.into_iter().all(|path| !project.contains_key(path)), "a fix changes a second file");
        }
        faults
    }
}

fn collect(top: &Path, folder: &Path, files: &mut Files) {
    for path in entries(folder) {
        if path.is_dir() {
            collect(top, &path, files);
        } else {
            let below = path.strip_prefix(top).expect("it is below").to_string_lossy().into_owned();
            files.insert(below, fs::read(&path).expect("a file of the corpus can be read"));
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed.map(|entry| entry.expect("it can be listed").path()).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("it has a name").to_string_lossy().into_owned()
}
