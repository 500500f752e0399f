//! The language of `git fast-import`: many commits in one process.

use std::collections::BTreeMap;

use crate::git::{BOT_EMAIL, BOT_NAME};

/// What happened to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// It holds this blob now.
    Blob { mode: String, id: String },
    /// It is gone.
    Deleted,
}

/// Changes by path.
pub(super) type Changes = BTreeMap<String, Change>;

/// Reads `git diff-index --raw -z --no-renames --no-abbrev`.
pub(super) fn read_raw_diff<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<Changes> {
    let mut changes = Changes::new();
    let mut fields = fields.map(|field| std::str::from_utf8(field).ok());
    while let Some(header) = fields.next() {
        let mut words = header?.strip_prefix(':')?.split(' ').skip(1);
        let (mode, _, id, status) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let change = if status.starts_with('D') {
            Change::Deleted
        } else {
            Change::Blob { mode: mode.to_owned(), id: id.to_owned() }
        };
        changes.insert(fields.next()??.to_owned(), change);
    }
    Some(changes)
}

/// Writes commits, each on top of the one before.
pub(super) struct Stream {
    reference: String,
    parent: String,
    seconds: i64,
    bytes: Vec<u8>,
    commits: usize,
}

impl Stream {
    pub(super) fn new(reference: String, base: &str, date_ms: i64) -> Self {
        Self {
            reference,
            parent: base.to_owned(),
            seconds: date_ms.div_euclid(1000),
            bytes: b"feature done\n".to_vec(),
            commits: 0,
        }
    }

    /// Adds a commit. `all` are the changes of all commits: a path that another one turns into a folder is not deleted
    /// again.
    pub(super) fn commit(&mut self, message: &str, changes: &Changes, all: &Changes) {
        self.commits += 1;
        let message = message.replace('\0', "");
        let message = format!("{}\n", message.trim_end_matches('\n'));
        self.line(&format!("commit {}", self.reference));
        self.line(&format!("mark :{}", self.commits));
        for role in ["author", "committer"] {
            self.line(&format!("{role} {BOT_NAME} <{BOT_EMAIL}> {} +0000", self.seconds));
        }
        self.line(&format!("data {}", message.len()));
        self.line(&message);
        self.line(&format!("from {}", self.parent));
        for path in changes.iter().filter(|(_, change)| **change == Change::Deleted).map(|(path, _)| path) {
            if !becomes_folder(path, all) {
                self.line(&format!("D {}", quoted(path)));
            }
        }
        for (path, change) in changes {
            if let Change::Blob { mode, id } = change {
                self.line(&format!("M {mode} {id} {}", quoted(path)));
            }
        }
        self.line("");
        self.parent = format!(":{}", self.commits);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// The whole stream; git answers it with the ids of the commits, one a line.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for mark in 1..=self.commits {
            self.line(&format!("get-mark :{mark}"));
        }
        self.line("done");
        self.bytes
    }

    fn line(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'\n');
    }
}

fn becomes_folder(path: &str, all: &Changes) -> bool {
    let folder = format!("{path}/");
    all.range(folder.clone()..)
        .take_while(|(other, _)| other.starts_with(&folder))
        .any(|(_, change)| *change != Change::Deleted)
}

/// A path in the quotes of git: only three characters mean something in them.
fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(id: &str) -> Change {
        Change::Blob { mode: "100644".into(), id: id.into() }
    }

    #[test]
    fn reads_what_diff_index_prints() {
        let raw = b":100644 100755 aa bb M\0a b\nc\0:120000 000000 aa 00 D\0link\0";
        let changes = read_raw_diff(raw.split(|b| *b == 0).filter(|f| !f.is_empty())).unwrap();
        assert_eq!(changes["a b\nc"], Change::Blob { mode: "100755".into(), id: "bb".into() });
        assert_eq!(changes["link"], Change::Deleted);
        assert!(read_raw_diff([&b"nonsense"[..]].into_iter()).is_none());
    }

    #[test]
    fn a_file_that_becomes_a_folder_is_not_deleted_with_what_is_in_it() {
        let all = Changes::from([
            ("a".into(), Change::Deleted),
            ("a/b".into(), blob("bb")),
            ("a.c".into(), Change::Deleted),
        ]);
        let mut stream = Stream::new("refs/x".into(), "base", 1_999);
        stream.commit("m", &all, &all);
        let text = String::from_utf8(stream.finish()).unwrap();
        assert!(text.contains("D \"a.c\"\nM 100644 bb \"a/b\"\n"), "{text}");
        assert!(!text.contains("D \"a\""), "{text}");
        assert!(text.contains("> 1 +0000\ndata 2\nm\n\nfrom base\n"), "{text}");
    }

    #[test]
    fn odd_paths_are_quoted() {
        assert_eq!(quoted("a \"b\"\\\nc"), "\"a \\\"b\\\"\\\\\\nc\"");
    }
}
