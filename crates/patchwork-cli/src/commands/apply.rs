//! `patchwork apply`.

use std::path::Path;

use patchwork::bundle::{APPLY, Bundle, Here, bring, same_repository};
use patchwork::local::{BaseBranch, Local};
use patchwork_core::effect::{Effect, Violation};
use patchwork_core::failure::Failure;
use patchwork_core::patchflow::check::{self, NoFiles};
use patchwork_core::port::forge::ForgeTarget;
use patchwork_core::secret::Secrets;
use serde_json::json;

use crate::args::{Format, Level, Options, words};
use crate::drive::{self, Task};
use crate::report::plain::one_line;
use crate::report::style::{BOLD, DIM, GOOD, WARNING, paint};
use crate::report::tally::{counted, figures};
use crate::settings::Place;
use crate::{journal, output, runtime, stdio};

/// Changed paths that are shown.
const PATHS: usize = 30;

/// Carries out what another run has proposed, as a run of its own.
pub(crate) fn run(options: &Options, file: &Path, dry_run: bool, typed: &[String]) -> Result<u8, Failure> {
    super::run::refuse_stepping(options)?;
    if options.propose.is_some() {
        return Err(Failure::usage("`apply` carries a bundle out: there is nothing to propose"));
    }
    let file = std::path::absolute(file)
        .map_err(|error| Failure::usage(format!("bad file {}", file.display())).caused_by(&error))?;
    let (mut bundle, digest) = Bundle::read(&file)?;
    let registry = patchwork::registry();
    let plan = check::load(APPLY, "Apply", &registry, &NoFiles)
        .map_err(|_| Failure::internal("the patchflow of `apply` has faults"))?
        .plan;
    let folder = drive::current_dir()?;
    let place = Place { options, registry: &registry, name: &plan.name, folder: &folder };
    let open = place.open(&plan)?;
    let mut assigned = words::assign(typed, &open.plan)?;
    if let Some((name, _)) = assigned.values.iter().find(|(name, _)| name == "bundle" || name == "digest") {
        return Err(Failure::usage(format!("`{name}` is no option: the file is named by `apply FILE`")));
    }
    assigned.values.push(("bundle".to_owned(), file.display().to_string()));
    assigned.values.push(("digest".to_owned(), digest));
    let mut given = place.given(&plan, open, &assigned.values)?;
    let local = Local::new(&journal::state_dir(options)?, &given.secrets);
    let values = given.effective.inputs();
    let text = |name: &str| {
        let text = values.get(name).and_then(|value| value.as_str()).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let at = At { folder: &folder, api_url: text("scm_url"), pr_url: text("pr_url") };
    let looked = runtime::small()?.block_on(look(&mut bundle, &local, at, &given.secrets, &given.policy))?;
    if options.format.unwrap_or_default() == Format::Text {
        show(&bundle, &looked, options)?;
    } else if dry_run {
        let violations = &looked.violations;
        let value = json!({ "bundle": told(&bundle), "violations": violations });
        stdio::result(&output::encode(&value, options.format.unwrap_or_default())?)?;
    }
    if !looked.violations.is_empty() {
        return Err(Violation::failure(&looked.violations));
    }
    if dry_run {
        return Ok(0);
    }
    given.base = Some(BaseBranch { name: looked.branch, commit: bundle.repository.base.clone() });
    let task = Task::New {
        plan: Box::new(plan),
        inputs: given.inputs(),
        from_repository: given.of_the_repository(),
        diff: false,
    };
    drive::run(options, registry, &given, task)
}

/// Where a bundle is applied.
struct At<'a> {
    folder: &'a Path,
    api_url: Option<String>,
    /// What it must be about.
    pr_url: Option<String>,
}

/// What was found out about a bundle and the repository here.
struct Looked {
    violations: Vec<Violation>,
    /// The branch that its effects start from.
    branch: String,
}

async fn look(
    bundle: &mut Bundle,
    local: &Local,
    At { folder, api_url, pr_url }: At<'_>,
    secrets: &Secrets,
    policy: &patchwork_core::effect::Policy,
) -> Result<Looked, Failure> {
    let repository = local.repository(folder).await?;
    let remote_url = repository.remote_url("origin").await?.ok_or_else(|| {
        Failure::configuration("the repository has no remote `origin` to carry the bundle out at")
            .hint("run it in a clone of the repository that the bundle is for")
    })?;
    let credentials = patchwork::steps::forge::access::credentials(secrets);
    let target = ForgeTarget { remote_url: remote_url.clone(), api_url: api_url.clone(), credentials };
    let forge = local.forges().connect(&target)?;
    if let Some(url) = pr_url {
        let page = local.forges().locate(&url, &target)?;
        bundle.hold_to(&page, &remote_url, &*forge).await?;
    }
    let base = patchwork::local::base_branch(repository.top(), &[]).await?;
    let bases: Vec<String> = base.into_iter().map(|base| base.name).collect();
    let pulls = bundle.pulls(policy, &*forge).await?;
    let here = Here { remote_url: &remote_url, forge: &*forge, bases: &bases, pulls: &pulls };
    let violations = bundle.violations(policy, &here)?;
    // Nothing is fetched for a bundle that is for somewhere else.
    if violations.is_empty() && same_repository(&bundle.repository.remote_url, &remote_url) {
        bring(&repository, &*forge, &remote_url, api_url.as_deref(), bundle).await?;
    }
    let of_pull_request = bundle.effects.iter().find_map(|effect| match effect {
        Effect::PullRequest(spec) => Some(spec.base.clone()),
        _ => None,
    });
    let branch = of_pull_request.or_else(|| bundle.repository.branch.clone()).unwrap_or_default();
    Ok(Looked { violations, branch })
}

/// What a bundle holds, for machines.
fn told(bundle: &Bundle) -> serde_json::Value {
    json!({
        "run": bundle.run,
        "patchflow": bundle.patchflow,
        "repository": bundle.repository,
        "about": bundle.about,
        "heard": bundle.heard,
        "effects": bundle.effects,
        "commits": bundle.commits.iter().map(|commit| json!({ "id": commit.id, "message": commit.message() })).collect::<Vec<_>>(),
        "paths": bundle.paths(),
        "totals": bundle.totals,
    })
}

/// Shows what is in a bundle, and what speaks against it. All of it are claims of whoever wrote the file.
fn show(bundle: &Bundle, looked: &Looked, options: &Options) -> Result<(), Failure> {
    if options.level() < Level::Info {
        return Ok(());
    }
    let mut out = format!(
        "{} run {} ({}) proposes for {}:\n",
        paint(BOLD, one_line(&bundle.patchflow)),
        one_line(&bundle.run),
        figures(&bundle.totals),
        one_line(&bundle.repository.remote_url)
    );
    for effect in &bundle.effects {
        out.push_str(&format!("  {}\n", one_line(&effect.describe())));
    }
    for commit in &bundle.commits {
        let subject = commit.message().lines().next().unwrap_or_default();
        let id: String = commit.id.chars().take(12).collect();
        out.push_str(&format!(
            "  {} {}\n",
            paint(DIM, format_args!("commit {}", one_line(&id))),
            one_line(subject)
        ));
    }
    let paths = bundle.paths();
    for path in paths.iter().take(PATHS) {
        out.push_str(&format!("    {}\n", one_line(path)));
    }
    if paths.len() > PATHS {
        out.push_str(&format!("    … and {}\n", counted((paths.len() - PATHS) as u64, "more path")));
    }
    if let Some(heard) = &bundle.heard {
        out.push_str(&format!("  {} the run has read {}\n", paint(WARNING, "outsider:"), one_line(heard)));
    }
    if let Some(proofs) = proofs(bundle) {
        out.push_str(&format!("  it claims: {proofs}\n"));
    }
    if looked.violations.is_empty() {
        out.push_str(&format!("  {}\n", paint(GOOD, "policy allows all of it")));
    }
    stdio::tell(out.trim_end());
    Ok(())
}

/// The levels of evidence that the report in the bundle names, with their counts.
fn proofs(bundle: &Bundle) -> Option<String> {
    let cases = bundle.evidence.get("cases")?.as_array()?;
    let levels = cases.iter().filter_map(|case| case.pointer("/fix/evidence/level")?.as_str());
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for level in levels {
        *counts.entry(level).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(level, count)| format!("{} at {}", counted(*count, "fix"), one_line(level)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
