//! `semgrep_extra_args`: split as a shell splits words, and looked through for what would break a scan.

use std::path::Path;

use patchwork_core::step::StepError;

/// Why extra arguments can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// A quotation that does not end.
    #[error("`{text}` can't be split into words: {problem}")]
    Words {
        /// The arguments.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// An argument that this step sets itself, or that changes files.
    #[error("`{argument}` can't be given here: {reason}")]
    Refused {
        /// The argument.
        argument: String,
        /// Why.
        reason: &'static str,
    },
}

impl From<ArgumentsError> for StepError {
    fn from(error: ArgumentsError) -> Self {
        StepError::input("semgrep_extra_args", error.to_string())
    }
}

/// Extra arguments for `semgrep scan`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments(Vec<String>);

impl Arguments {
    /// Splits and checks.
    pub fn parse(text: &str) -> Result<Self, ArgumentsError> {
        let words = shell_words::split(text)
            .map_err(|error| ArgumentsError::Words { text: text.to_owned(), problem: error.to_string() })?;
        for word in &words {
            let reason = match word.split('=').next().unwrap_or(word) {
                "--autofix" | "-a" => "it changes files; fixes are made by later steps, which check them",
                "--output" | "-o" | "--sarif-output" => "the report is read by the step itself",
                "--json" | "--text" | "--emacs" | "--vim" | "--junit-xml" | "--gitlab-sast"
                | "--gitlab-secrets" => "the report must be SARIF",
                "--" => "use the option `paths` for what to scan",
                _ => continue,
            };
            return Err(ArgumentsError::Refused { argument: word.clone(), reason });
        }
        Ok(Self(words))
    }

    /// Whether they say which rules to use.
    pub fn has_config(&self) -> bool {
        self.0.iter().any(|word| {
            matches!(word.as_str(), "--config" | "-c" | "-f" | "--pattern" | "-e")
                || ["--config=", "--pattern=", "-c", "-f", "-e"]
                    .iter()
                    .any(|start| word.strip_prefix(start).is_some_and(|value| !value.is_empty()))
        })
    }

    /// The arguments as Semgrep gets them: with the default rules when none are named, and with the user's own rule files found
    /// in `repository` when the checkout at `root` has not got them, because they are not committed.
    pub(super) fn resolved(&self, root: &Path, repository: &Path) -> Vec<String> {
        let mut out = Vec::with_capacity(self.0.len() + 2);
        let mut value_follows = false;
        for word in &self.0 {
            if value_follows {
                out.push(rules_path(word, root, repository));
            } else if let Some(value) = word.strip_prefix("--config=") {
                out.push(format!("--config={}", rules_path(value, root, repository)));
            } else {
                out.push(word.clone());
            }
            value_follows = !value_follows && matches!(word.as_str(), "--config" | "-c" | "-f");
        }
        if !self.has_config() {
            out.extend(["--config".to_owned(), super::DEFAULT_CONFIG.to_owned()]);
        }
        out
    }
}

fn rules_path(value: &str, root: &Path, repository: &Path) -> String {
    let own = repository.join(value);
    if !root.join(value).exists() && own.exists() {
        own.to_string_lossy().into_owned()
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let arguments =
            Arguments::parse(r#"--config "my rules/a.yml" --exclude 'x y' --severity=ERROR"#).unwrap();
        let nowhere = Path::new("/nowhere");
        assert_eq!(
            arguments.resolved(nowhere, nowhere),
            ["--config", "my rules/a.yml", "--exclude", "x y", "--severity=ERROR"]
        );
        let error = Arguments::parse("--config 'open").unwrap_err();
        assert_eq!(
            StepError::from(error).to_string(),
            "`semgrep_extra_args`: `--config 'open` can't be split into words: missing closing quote"
        );
    }

    #[test]
    fn rules_are_named_in_any_spelling_or_the_default_is_added() {
        for with in ["--config r", "--config=r", "-c r", "-f r", "-cr", "--pattern x", "-e x"] {
            assert!(Arguments::parse(with).unwrap().has_config(), "{with}");
        }
        for without in ["", "--severity ERROR", "--exclude-rule x", "-j 2"] {
            let arguments = Arguments::parse(without).unwrap();
            assert!(!arguments.has_config(), "{without}");
            let resolved = arguments.resolved(Path::new("/"), Path::new("/"));
            assert!(resolved.ends_with(&["--config".to_owned(), DEFAULT.to_owned()]), "{without}");
        }
    }

    const DEFAULT: &str = super::super::DEFAULT_CONFIG;

    #[test]
    fn what_changes_files_or_the_report_is_refused() {
        for argument in ["--autofix", "-a", "--output=x", "-o x", "--json", "--"] {
            assert!(matches!(Arguments::parse(argument), Err(ArgumentsError::Refused { .. })), "{argument}");
        }
    }

    #[test]
    fn rules_that_are_not_committed_are_taken_from_the_users_repository() {
        let (checkout, repository) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(repository.path().join("mine.yml"), "rules: []").unwrap();
        std::fs::write(repository.path().join("both.yml"), "rules: []").unwrap();
        std::fs::write(checkout.path().join("both.yml"), "rules: []").unwrap();
        let arguments = Arguments::parse("--config mine.yml --config=both.yml -c p/python").unwrap();
        let mine = repository.path().join("mine.yml").to_string_lossy().into_owned();
        assert_eq!(
            arguments.resolved(checkout.path(), repository.path()),
            ["--config", mine.as_str(), "--config=both.yml", "-c", "p/python"]
        );
    }
}
