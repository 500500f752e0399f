//! Reports in files, and in the summary of a job of GitHub Actions.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use patchwork::report::{self, RunReport};
use patchwork_core::failure::Failure;

use crate::{env, output};

/// Bytes that GitHub takes of the summary of one step are 1 MiB; more than that loses all of it.
const MAX_SUMMARY: usize = 1_000_000;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A page.
    Html,
    /// Markdown.
    Markdown,
    /// Our own JSON.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    GitHub,
    /// GitLab's report of code quality.
    GitLab,
    /// Remarks in the log of Azure Pipelines.
    Azure,
    /// Figures as variables.
    Variables,
}

impl Form {
    /// The form by its word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "html" | "htm" => Self::Html,
            "markdown" | "md" => Self::Markdown,
            "json" => Self::Json,
            "sarif" => Self::Sarif,
            "github" => Self::GitHub,
            "gitlab" => Self::GitLab,
            "azure" => Self::Azure,
            "env" => Self::Variables,
            _ => return None,
        })
    }

    /// The form that the name of a file stands for. `x.sarif.json` is SARIF too, and GitLab's own name is that of its form.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_string_lossy().to_ascii_lowercase();
        if name.ends_with(".sarif.json") {
            return Some(Self::Sarif);
        }
        if name == "gl-code-quality-report.json" {
            return Some(Self::GitLab);
        }
        Self::parse(name.rsplit_once('.')?.1)
    }

    /// The report in this form.
    pub(crate) fn render(self, report: &RunReport) -> String {
        match self {
            Self::Html => report::html(report),
            Self::Markdown => report::markdown(report, usize::MAX),
            Self::Json => report::json(report),
            Self::Sarif => report::sarif(report),
            Self::GitHub => report::github(report),
            Self::GitLab => report::gitlab(report),
            Self::Azure => report::azure(report),
            Self::Variables => report::variables(report),
        }
    }
}

fn form_of(file: &Path) -> Result<Form, Failure> {
    Form::of(file).ok_or_else(|| {
        Failure::usage(format!("--report {}: the name does not say which form is meant", file.display()))
            .hint("end it with .html, .md, .json or .sarif; for a CI system with .github, .gitlab, .azure or .env")
    })
}

/// Says before the run what would be found out only after it: that a report has no form, or can't be written there.
pub(crate) fn check(files: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        form_of(file)?;
        output::writable(file, "--report ")?;
    }
    Ok(())
}

/// Writes a report into each of the files; answers the first failure.
pub(crate) fn write(report: &RunReport, files: &[PathBuf]) -> Result<(), Failure> {
    let mut written = Ok(());
    for file in files {
        let one = form_of(file).and_then(|form| write_one(file, &form.render(report)));
        written = written.and(one);
    }
    written
}

/// Writes one report into a file that is whole or not there.
pub(crate) fn write_one(file: &Path, text: &str) -> Result<(), Failure> {
    output::write_with(file, "the report", |file| file.write_all(text.as_bytes()))
}

/// The file that GitHub Actions shows as the summary of the job, if this is one.
pub(crate) fn job_summary() -> Option<PathBuf> {
    env::variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// Adds the report to the summary of the job: earlier commands of the same step may have written there.
pub(crate) fn append_summary(report: &RunReport, file: &Path) -> Result<(), Failure> {
    let text = report::markdown(report, MAX_SUMMARY);
    let added = File::options().create(true).append(true).open(file).and_then(|mut file| {
        file.write_all(b"\n")?;
        file.write_all(text.as_bytes())
    });
    added.map_err(|error| Failure::failed("the summary of the job can't be written").caused_by(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_from_the_name() {
        for (name, form) in [
            ("a.html", Some(Form::Html)),
            ("a.HTM", Some(Form::Html)),
            ("dir.x/a.md", Some(Form::Markdown)),
            ("a.json", Some(Form::Json)),
            ("a.sarif", Some(Form::Sarif)),
            ("a.sarif.json", Some(Form::Sarif)),
            ("a.env", Some(Form::Variables)),
            ("out/gl-code-quality-report.json", Some(Form::GitLab)),
            ("a.github", Some(Form::GitHub)),
            ("a.txt", None),
            ("html", None),
            ("dir.html/", Some(Form::Html)),
            ("..", None),
        ] {
            assert_eq!(Form::of(Path::new(name)), form, "{name}");
        }
    }
}
