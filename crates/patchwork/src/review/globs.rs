//! Globs as people write them: for files, for folders, for names at any depth.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs of paths. `*` stops at `/`, `**` does not; one without `/` speaks for names at any depth, one that names a folder
/// for all that is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    set: Option<GlobSet>,
}

impl Globs {
    /// Compiles them; a fault names the glob.
    pub(super) fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        let mut some = false;
        for glob in globs {
            let bare = glob.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            if bare.is_empty() {
                return Err(format!("`{glob}` is no glob: expected one such as src/**/*.py"));
            }
            let anchored = glob.trim().trim_end_matches('/').contains('/');
            let prefix = if anchored { "" } else { "**/" };
            for form in [format!("{prefix}{bare}"), format!("{prefix}{bare}/**")] {
                let built = GlobBuilder::new(&form).literal_separator(true).build();
                set.add(built.map_err(|error| format!("`{glob}` is no glob: {}", error.kind()))?);
            }
            some = true;
        }
        let set = set.build().map_err(|error| format!("the globs can't be used together: {error}"))?;
        Ok(Self { set: some.then_some(set) })
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_none()
    }

    /// Whether one of them speaks for a path.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.set.as_ref().is_some_and(|set| set.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_names_are_meant_as_people_write_them() {
        for (glob, path, matches) in [
            ("src", "src/a/b.py", true),
            ("src/", "lib/src/a.py", true),
            ("/src", "lib/src/a.py", false),
            ("*.py", "a/b.py", true),
            ("a/*.py", "a/b/c.py", false),
            ("a/**/*.py", "a/b/c.py", true),
            ("./a/b.py", "a/b.py", true),
            ("b.py", "a/bb.py", false),
        ] {
            assert_eq!(Globs::new([glob]).unwrap().matches(path), matches, "{glob} {path}");
        }
        assert!(Globs::new(["a["]).unwrap_err().contains("`a[`"));
        assert!(Globs::new([" "]).is_err());
        assert!(Globs::new([]).unwrap().is_empty());
    }
}
