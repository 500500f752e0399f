//! Checks of commits, and code scanning.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ensure::same_text;
use patchwork_core::port::forge::{
    Annotation, AnnotationLevel, CheckSpec, Conclusion, ForgeError, FoundCheck, SarifSpec,
};
use serde_json::{Value, json};

use super::GitHub;
use super::wire::{CheckRun, CheckRuns};
use crate::http::{Call, HttpError};

/// Annotations that GitHub takes with one request; further ones are added to them.
const BATCH: usize = 50;

/// Characters that a check's summary may have.
const SUMMARY: usize = 65_000;

/// Bytes of a report, compressed, that GitHub takes.
const MAX_SARIF: usize = 10 << 20;

impl GitHub {
    pub(super) async fn newest_check(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        let call = Call::get(self.at(["commits", &spec.commit, "check-runs"]).await?)
            .query("check_name", &spec.name)
            .query("filter", "latest");
        let found = self.http().await?.call::<CheckRuns>(&call).await;
        let found = found.map_err(|error| self.explain_check(error))?;
        let ours = found.check_runs.into_iter().filter(|run| run.name == spec.name);
        Ok(ours.max_by_key(|run| run.id).map(|run| self.found_check(&run, spec)))
    }

    pub(super) async fn set_check(
        &self,
        spec: &CheckSpec,
        found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        let explain = |error| self.explain_check(error);
        let http = self.http().await?;
        let mut batches = spec.annotations.chunks(BATCH);
        let mut body = json!({
            "name": spec.name,
            "status": "completed",
            "conclusion": conclusion(spec.conclusion),
            "output": output(spec, batches.next().unwrap_or_default()),
        });
        if let (Some(map), Some(url)) = (body.as_object_mut(), &spec.details_url) {
            map.insert("details_url".into(), json!(url));
        }
        // Annotations are only ever added: other ones need another check, and the newest of a name is the one that counts.
        let changed = match found {
            Some(found) if self.annotations_of(found).await? == 0 => Some(&found.id),
            _ => None,
        };
        let call = match changed {
            Some(id) => Call::patch(self.at(["check-runs", id]).await?),
            None => {
                if let Some(map) = body.as_object_mut() {
                    map.insert("head_sha".into(), json!(spec.commit));
                }
                Call::post(self.at(["check-runs"]).await?)
            }
        };
        // A second one does no harm: the newest of a name is the one that counts. What is added to one must not be added twice.
        let call = call.json(&body).map_err(explain)?;
        let call = if changed.is_some() { call.once() } else { call.repeatable() };
        let mut run = http.call::<CheckRun>(&call).await.map_err(explain)?;
        for batch in batches {
            let path = self.at(["check-runs", &run.id.to_string()]).await?;
            let more = json!({ "output": output(spec, batch) });
            run =
                http.call(&Call::patch(path).json(&more).map_err(explain)?.once()).await.map_err(explain)?;
        }
        Ok(self.found_check(&run, spec))
    }

    async fn annotations_of(&self, found: &FoundCheck) -> Result<usize, ForgeError> {
        let call = Call::get(self.at(["check-runs", &found.id]).await?);
        let run = self.http().await?.call::<CheckRun>(&call).await;
        Ok(run.map_err(|error| self.explain_check(error))?.output.annotations_count)
    }

    fn found_check(&self, run: &CheckRun, spec: &CheckSpec) -> FoundCheck {
        let text =
            |found: &Option<String>, wanted: &str| same_text(found.as_deref().unwrap_or_default(), wanted);
        let url = run.html_url.as_deref().unwrap_or_default();
        FoundCheck {
            id: run.id.to_string(),
            url: self.page(url, "runs", run.id),
            same: run.conclusion.as_deref() == Some(conclusion(spec.conclusion))
                && text(&run.output.title, &spec.title)
                && text(&run.output.summary, &summary(spec))
                && run.output.annotations_count == spec.annotations.len(),
        }
    }

    fn explain_check(&self, error: HttpError) -> ForgeError {
        let refused = error.status() == Some(403);
        match self.explain(error, "write a check") {
            ForgeError::Failed(failure) if refused => Failure { hints: Vec::new(), ..failure }
                .hint("GitHub takes checks of apps only: in GitHub Actions with `permissions: checks: write`, elsewhere with github_app_id and github_app_private_key")
                .into(),
            error => error,
        }
    }

    pub(super) async fn send_sarif(&self, spec: &SarifSpec) -> Result<String, ForgeError> {
        let explain = |error: HttpError| {
            let refused = error.status() == Some(403);
            match self.explain(error, "upload a code scanning report") {
                ForgeError::Failed(failure) if refused => Failure { hints: Vec::new(), ..failure }
                    .hint("the token needs the permission \"Code scanning alerts: write\" (classic: scope security_events; in GitHub Actions `permissions: security-events: write`), and code scanning must be switched on for the repository")
                    .into(),
                error => error,
            }
        };
        let packed = gzip(spec.sarif.as_bytes())
            .map_err(|error| Failure::internal("the report can't be compressed").caused_by(&error))?;
        if packed.len() > MAX_SARIF {
            let size = packed.len() >> 20;
            return Err(Failure::failed(format!(
                "the report has {size} MiB compressed; GitHub takes {} MiB",
                MAX_SARIF >> 20
            ))
            .into());
        }
        let body =
            json!({ "commit_sha": spec.commit, "ref": spec.reference, "sarif": STANDARD.encode(packed) });
        // The same report handed in twice is shown once.
        let call = Call::post(self.at(["code-scanning", "sarifs"]).await?)
            .json(&body)
            .map_err(explain)?
            .repeatable()
            .timeout(Duration::from_secs(120));
        self.http().await?.call::<Value>(&call).await.map_err(explain)?;
        Ok(format!("{}/security/code-scanning", self.repository_page().await?))
    }
}

fn output(spec: &CheckSpec, annotations: &[Annotation]) -> Value {
    let mut output = json!({ "title": spec.title, "summary": summary(spec) });
    if let (Some(map), false) = (output.as_object_mut(), annotations.is_empty()) {
        map.insert("annotations".into(), annotations.iter().map(annotation).collect());
    }
    output
}

/// The summary, as long as GitHub takes it; an empty one is refused.
fn summary(spec: &CheckSpec) -> String {
    let text = if spec.summary.trim().is_empty() { &spec.title } else { &spec.summary };
    patchwork_core::port::forge::ensure::within(text, SUMMARY, str::to_owned)
}

fn annotation(annotation: &Annotation) -> Value {
    let level = match annotation.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    json!({
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "annotation_level": level,
        "title": annotation.title.chars().take(255).collect::<String>(),
        // 64 KB is the most.
        "message": annotation.message.chars().take(16_000).collect::<String>(),
    })
}

fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Neutral => "neutral",
        Conclusion::Failure => "failure",
    }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
