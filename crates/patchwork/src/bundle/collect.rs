//! From a run that only proposed to its bundle.

use patchwork_core::effect::Effect;
use patchwork_core::failure::Failure;
use patchwork_core::journal::Journal;
use patchwork_core::port::checkout::Checkout;
use patchwork_core::port::forge::Ensured;
use patchwork_core::run::RunId;
use patchwork_core::secret::Secrets;
use patchwork_core::trace::{At, Trace, traces};
use serde_json::{Map, Value};

use super::{Bundle, KIND, Target, VERSION};
use crate::report::{self, RunReport};
use crate::steps::forge::access::REMOTE;

/// Under this key of a run the journal keeps whose text it has read that is an outsider.
const HEARD: &str = "#heard";

/// Parts of the address of a page behind which the number of a pull request or an issue stands.
const PAGES: [&str; 9] = [
    "/pull/",
    "/pulls/",
    "/pull-requests/",
    "/pullrequest/",
    "/merge_requests/",
    "/issues/",
    "/work_items/",
    "/_workitems/edit/",
    "/_workitems/",
];

/// The bundle of a run that only proposed.
pub async fn collect(
    journal: &Journal,
    run: &RunId,
    checkout: &dyn Checkout,
    secrets: &Secrets,
) -> Result<Bundle, Failure> {
    let recording = journal.recording(run).await?;
    let report: RunReport = report::read(journal, run.as_str()).await?;
    let mut proposed: Vec<(At, Effect)> = Vec::new();
    for trace in traces(journal, run).await? {
        if let Trace::Effect { at, effect, done: Some(done), .. } = trace
            && done.outcome == Ensured::Proposed
        {
            proposed.push((at, effect));
        }
    }
    let first = proposed.first().map(|(at, _)| at.clone());
    if let Some((other, _)) = proposed.iter().find(|(at, _)| Some(at) != first.as_ref()) {
        return Err(Failure::refused(format!(
            "the run proposes effects at {} as well: a bundle is for one repository",
            other.remote_url.escape_debug()
        )));
    }
    let effects: Vec<Effect> = proposed.into_iter().map(|(_, effect)| effect).collect();
    let pushed: Vec<&str> = effects.iter().filter_map(commit_of).collect();
    let commits = match pushed.last() {
        Some(tip) => checkout.pack(tip).await?,
        None => Vec::new(),
    };
    if pushed.iter().any(|id| commits.iter().all(|commit| commit.id != *id)) {
        return Err(Failure::refused(
            "the run pushes commits that do not stand on each other: a bundle holds one line of them",
        ));
    }
    let remote_url = match &first {
        Some(at) => at.remote_url.clone(),
        None => checkout.remote_url(REMOTE).await?.unwrap_or_default(),
    };
    let base = checkout.base();
    let heard = match journal.get(run, HEARD).await? {
        Some(stored) => stored.value.as_str().map(str::to_owned),
        None => None,
    };
    let spec = &recording.spec;
    let json = |value: serde_json::Result<Value>| {
        value.map_err(|error| Failure::internal("a part of the bundle is not JSON").caused_by(&error))
    };
    let mut bundle = Bundle {
        kind: KIND.to_owned(),
        version: VERSION,
        program_version: spec.program_version.clone(),
        patchflow: spec.plan.name.clone(),
        run: run.to_string(),
        created_ms: spec.created_ms,
        repository: Target {
            forge: first.map(|at| at.forge),
            remote_url,
            base: base.commit.clone(),
            branch: base.branch.clone(),
        },
        about: about(&spec.inputs),
        heard,
        effects,
        commits,
        totals: report.totals,
        evidence: json(serde_json::to_value(&report))?,
        recording: json(serde_json::to_value(&recording))?,
    };
    secrets.redact_value(&mut bundle.evidence);
    secrets.redact_value(&mut bundle.recording);
    without_secrets(&bundle, secrets)?;
    Ok(bundle)
}

/// The commit that an effect pushes.
pub(super) fn commit_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Push(push) => Some(&push.commit),
        _ => None,
    }
}

/// The numbers in the addresses of pull requests and issues among the inputs of a run.
fn about(inputs: &Map<String, Value>) -> Vec<u64> {
    let mut numbers = Vec::new();
    for text in inputs.values().filter_map(Value::as_str) {
        let text = text.trim().to_ascii_lowercase();
        numbers.extend(short(&text));
        for page in PAGES {
            let Some((_, rest)) = text.split_once(page) else { continue };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            numbers.extend(digits.parse::<u64>().ok());
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The number of `owner/name#7`.
fn short(text: &str) -> Option<u64> {
    let (path, number) = text.split_once(['#', '!'])?;
    let is_path =
        path.contains('/') && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    number.parse().ok().filter(|_| is_path)
}

/// What is carried out must stay as it is, so nothing can be masked there.
fn without_secrets(bundle: &Bundle, secrets: &Secrets) -> Result<(), Failure> {
    use base64::Engine as _;
    let told = |what: String| {
        Err(Failure::refused(format!("{what} holds a secret of this process: no bundle is written"))
            .hint("take it out of the code, and change the secret: whoever reads the code knows it"))
    };
    for effect in &bundle.effects {
        let text = serde_json::to_string(effect).unwrap_or_default();
        if secrets.redact(&text) != text {
            return told(effect.describe());
        }
    }
    for commit in &bundle.commits {
        if secrets.redact(&commit.object) != commit.object {
            return told(format!("the message of commit {}", commit.id));
        }
        for file in &commit.files {
            let bytes = file
                .content
                .as_ref()
                .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            // What only has the form of a key may be a test's.
            if secrets.found_in(&text).is_some() {
                return told(file.path.clone());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::about;

    #[test]
    fn a_run_is_about_the_pages_among_its_inputs() {
        let inputs = json!({
            "pr_url": "https://github.com/o/r/pull/7/files#r1",
            "issue_url": "https://gitlab.com/g/s/r/-/issues/12",
            "ticket": "https://dev.azure.com/o/p/_workItems/edit/31",
            "short": " o/r#8", "merge": "g/s/r!9", "none": "see o/r#1, a#2 and /x#y",
            "title": "pull 9 and issues/x", "n": 5,
        });
        assert_eq!(about(inputs.as_object().unwrap()), [7, 8, 9, 12, 31]);
    }
}
