//! Checks: a build status, which a page of pull requests shows, and a report of Code Insights, which holds what it says.

use patchwork_core::engine::hex;
use patchwork_core::port::forge::ensure::one_line;
use patchwork_core::port::forge::{
    Annotation, AnnotationLevel, CheckSpec, Conclusion, ForgeError, FoundCheck,
};
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::Bitbucket;
use super::wire::{Report, ReportAnnotation, Status};
use crate::forge::wire::is_page;
use crate::http::Call;

/// Annotations that Bitbucket takes with one call, and of one report.
const BATCH: usize = 100;
const MOST: usize = 1_000;

/// Characters of a report's title and of an annotation's summary.
const LINE: usize = 450;

/// Characters of the texts of a report and of an annotation.
const TEXT: usize = 2_000;

/// Characters of a status's description.
const DESCRIPTION: usize = 255;

impl Bitbucket {
    pub(super) async fn find_status(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        let key = key_of(&spec.name);
        let explain = |error| self.explain(error, "read the checks");
        let path = self.at(["commit", &spec.commit, "statuses", "build", &key]).await?;
        let status: Status = match self.http.call(&Call::get(path)).await {
            Ok(status) => status,
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(explain(error)),
        };
        let report = self.at(["commit", &spec.commit, "reports", &key]).await?;
        let same_report = match self.http.call::<Report>(&Call::get(report.clone())).await {
            Ok(found) => found == report_of(spec),
            Err(error) if error.status() == Some(404) => false,
            Err(error) => return Err(explain(error)),
        };
        let call = Call::get(report.into_iter().chain(["annotations".to_owned()]));
        let there = match self.list::<IgnoredAny>(&call, "100", usize::MAX, |_| true).await {
            Ok(listed) => listed.items.len(),
            Err(error) if error.status() == Some(404) => 0,
            Err(error) => return Err(explain(error)),
        };
        let wanted = self.status_of(spec);
        let same_status = (&status.state, &status.description, &status.url)
            == (&wanted.state, &wanted.description, &wanted.url);
        let same = same_status && same_report && there == spec.annotations.len().min(MOST);
        Ok(Some(self.found_check(status, same)))
    }

    pub(super) async fn put_status(
        &self,
        spec: &CheckSpec,
        found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        let explain = |error| self.explain_of(error, "set a check", &format!("commit {}", spec.commit));
        let key = key_of(&spec.name);
        let report = self.at(["commit", &spec.commit, "reports", &key]).await?;
        if found.is_some() {
            // Annotations go with their report only.
            match self.http.send(&Call::delete(report.clone())).await {
                Ok(_) => {}
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(explain(error)),
            }
        }
        let call = Call::put(report.clone()).json(&report_of(spec)).map_err(explain)?;
        self.http.send(&call).await.map_err(explain)?;
        let annotations: Vec<_> = (1..).zip(spec.annotations.iter().take(MOST)).map(annotation).collect();
        for batch in annotations.chunks(BATCH) {
            let path = report.iter().cloned().chain(["annotations".to_owned()]);
            // Their ids are ours: one that is there is not made twice.
            let call = Call::post(path).json(&batch).map_err(explain)?.repeatable();
            self.http.send(&call).await.map_err(explain)?;
        }
        let path = self.at(["commit", &spec.commit, "statuses", "build"]).await?;
        // A status of the same key takes the place of the one before.
        let call = Call::post(path).json(&self.status_of(spec)).map_err(explain)?.repeatable();
        let made: Status = self.http.call(&call).await.map_err(explain)?;
        Ok(self.found_check(made, true))
    }

    fn status_of(&self, spec: &CheckSpec) -> Status {
        // Bitbucket wants a page.
        let page = || format!("{}/commits/{}", self.page(), spec.commit);
        Status {
            key: key_of(&spec.name),
            name: one_line(&spec.name, DESCRIPTION),
            state: match spec.conclusion {
                Conclusion::Success | Conclusion::Neutral => "SUCCESSFUL",
                Conclusion::Failure => "FAILED",
            }
            .to_owned(),
            description: one_line(&spec.title, DESCRIPTION),
            url: spec.details_url.clone().filter(|url| is_page(url)).unwrap_or_else(page),
        }
    }

    fn found_check(&self, status: Status, same: bool) -> FoundCheck {
        let url = if is_page(&status.url) { status.url } else { self.page() };
        FoundCheck { id: status.key, url, same }
    }
}

/// What sets a check apart from others of its commit: 40 characters at most.
fn key_of(name: &str) -> String {
    let digest = hex(&Sha256::digest(name.as_bytes()));
    format!("patchwork-{}", digest.get(..24).unwrap_or_default())
}

fn report_of(spec: &CheckSpec) -> Report {
    let details = cut(&spec.summary);
    Report {
        title: one_line(&spec.title, LINE),
        // Without a text there is no report.
        details: if details.trim().is_empty() { one_line(&spec.title, LINE) } else { details },
        report_type: "BUG".to_owned(),
        reporter: "Patchwork".to_owned(),
        result: match spec.conclusion {
            Conclusion::Success | Conclusion::Neutral => "PASSED",
            Conclusion::Failure => "FAILED",
        }
        .to_owned(),
    }
}

fn annotation((number, one): (usize, &Annotation)) -> ReportAnnotation<'_> {
    ReportAnnotation {
        external_id: format!("patchwork-{number}"),
        annotation_type: "BUG",
        severity: match one.level {
            AnnotationLevel::Notice => "LOW",
            AnnotationLevel::Warning => "MEDIUM",
            AnnotationLevel::Failure => "HIGH",
        },
        path: &one.path,
        line: one.end_line.max(1),
        summary: one_line(if one.title.is_empty() { &one.message } else { &one.title }, LINE),
        details: cut(&one.message),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT - 1) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
