//! Findings that people dismissed, in a file of the repository: `.patchwork/dismissed.yml`.
//!
//! The file is a list with an entry for each finding, sorted, each field on its own line, so that two branches that add entries
//! merge. People may edit it; fields that are not known stay.

mod yaml;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::file::ReviewFile;
use super::finding::ReviewFinding;
use super::fingerprint::Fingerprint;
use super::said;

/// Where the file is.
pub const PATH: &str = ".patchwork/dismissed.yml";

/// Entries that are read and kept.
const MOST: usize = 5_000;

/// Bytes of the file that are read.
const MOST_BYTES: usize = 4 << 20;

/// Characters of a text in it.
const LONGEST: usize = 500;

/// A finding that is not raised again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dismissal {
    /// By what it is known again.
    pub fingerprint: String,
    /// The rule.
    #[serde(default)]
    pub rule: String,
    /// The file at that time.
    #[serde(default)]
    pub path: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    #[serde(default)]
    pub by: String,
    /// The day, `YYYY-MM-DD`.
    #[serde(default)]
    pub when: String,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    entries: Vec<Entry>,
    /// Entries that can't be read; they are written again as they are.
    unread: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    dismissal: Dismissal,
    print: Fingerprint,
    /// Fields that are not known.
    more: Map<String, Value>,
    /// Whether its lines are where they were: equal ones elsewhere are others.
    here: bool,
}

impl Memory {
    /// Reads the file, which must be that of the base: a change could dismiss what is found in it. An empty text is an empty memory. Also answers what is wrong with entries that can't be used, a sentence
    /// each, with the line.
    pub fn read(text: &str) -> (Self, Vec<String>) {
        let (mut memory, mut faults) = (Self::default(), Vec::new());
        if text.len() > MOST_BYTES {
            faults.push(format!("{PATH}: it has {} bytes: only {MOST_BYTES} are read", text.len()));
        }
        for (line, piece) in yaml::pieces(text, MOST_BYTES) {
            match yaml::entry(&piece) {
                Ok(_) if memory.entries.len() >= MOST => {
                    faults.push(format!(
                        "{PATH}:{line}: there are more than {MOST} entries: this one does not count"
                    ));
                    memory.unread.push(piece);
                }
                Ok(entry) => memory.entries.push(entry),
                Err(problem) => {
                    faults.push(format!("{PATH}:{line}: {problem}"));
                    memory.unread.push(piece);
                }
            }
        }
        memory.sort();
        (memory, faults)
    }

    /// The entries, sorted by file.
    pub fn dismissals(&self) -> impl Iterator<Item = &Dismissal> {
        self.entries.iter().map(|entry| &entry.dismissal)
    }

    /// Finds out of the entries that may speak for a finding elsewhere whether their own lines are where they were: a copy of what was
    /// dismissed need not be right where it is put. `files` are those of the change, `is_there` tells of any file whether the
    /// newest commit has it.
    pub fn look(
        &mut self,
        findings: &[ReviewFinding],
        files: &[ReviewFile],
        is_there: impl Fn(&str) -> bool,
    ) {
        let prints: Vec<Fingerprint> =
            findings.iter().filter_map(|finding| Fingerprint::parse(&finding.fingerprint)).collect();
        for entry in &mut self.entries {
            if !prints.iter().any(|print| entry.print.is_moved(print) && !entry.print.is_like(print)) {
                continue;
            }
            let path = entry.dismissal.path.as_str();
            let is_changed =
                |file: &ReviewFile| file.path() == path || file.change.old_path.as_deref() == Some(path);
            entry.here = match files.iter().any(is_changed) {
                true => said::is_here(&entry.print, files),
                false => is_there(path),
            };
        }
    }

    /// The entry that speaks for a finding: that of the same rule and lines in the same place, or elsewhere in the same file or in
    /// one of the same name, unless they are still in the other place as well (see [`Memory::look`]).
    pub fn find(&self, finding: &ReviewFinding) -> Option<&Dismissal> {
        let print = Fingerprint::parse(&finding.fingerprint)?;
        let near = |entry: &&Entry| {
            entry.print.is_like(&print)
                || !entry.here && entry.print.is_moved(&print) && finding.is_about(&entry.dismissal.path)
        };
        self.entries.iter().find(near).map(|entry| &entry.dismissal)
    }

    /// Adds what is not there yet; answers what was added. Texts are cut and put on one line.
    pub fn add(&mut self, dismissals: Vec<Dismissal>) -> Vec<Dismissal> {
        let mut added = Vec::new();
        for dismissal in dismissals {
            let Some(print) = Fingerprint::parse(&dismissal.fingerprint) else { continue };
            if self.entries.len() >= MOST || self.entries.iter().any(|entry| entry.print == print) {
                continue;
            }
            let dismissal = Dismissal {
                fingerprint: dismissal.fingerprint,
                rule: cut(&dismissal.rule),
                path: cut(&dismissal.path),
                reason: cut(&dismissal.reason),
                by: cut(&dismissal.by),
                when: cut(&dismissal.when),
            };
            added.push(dismissal.clone());
            self.entries.push(Entry { dismissal, print, more: Map::new(), here: false });
        }
        self.sort();
        added
    }

    /// The file's text.
    pub fn write(&self) -> String {
        yaml::write(self)
    }

    fn sort(&mut self) {
        self.entries.sort_by(|a, b| {
            let key = |entry: &Entry| {
                let Dismissal { path, rule, fingerprint, .. } = &entry.dismissal;
                (path.clone(), rule.clone(), fingerprint.clone())
            };
            key(a).cmp(&key(b))
        });
        self.entries.dedup_by(|a, b| a.print == b.print);
    }
}

fn cut(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests;
