//! `patchwork plan`.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchwork::local::Local;
use patchwork::planned::{PlannedCalls, Planner};
use patchwork_core::budget::Limits;
use patchwork_core::failure::Failure;
use patchwork_core::run::RunStatus;
use patchwork_core::usage::MicroUsd;
use serde_json::{Map, Value, json};

use super::typed::{Ready, Typed};
use crate::args::{Format, Options};
use crate::drive::{self, Task};
use crate::env;
use crate::report::tally::{counted, short};
use crate::{output, stdio};

/// Says what a run would ask of models and what that costs, before anything is paid. The patchflow is run up to its model
/// calls, in a worktree of its own that nobody sees; these are counted in place of being made. Nothing of it stays.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let Ready { registry, plan, folder, given } = Typed::read(options, typed, words)?.given(options)?;
    let mut inputs = given.inputs();
    first_round(&mut inputs);
    let from_repository = given.of_the_repository();
    let name = plan.name.clone();
    let inputs_ask_for_tests = inputs.get("evidence_test") == Some(&Value::Bool(true));
    if let Some(path) = &options.output {
        output::check(path)?;
    }
    let scratch = tempfile::Builder::new()
        .prefix("patchwork-plan-")
        .tempdir()
        .map_err(|error| Failure::unavailable("a temporary folder can't be made").caused_by(&error))?;
    let quiet = Options {
        state_dir: Some(scratch.path().to_owned()),
        output: None,
        // That calls end without an answer is no news here.
        quiet: options.log.is_none() || options.quiet,
        ..options.clone()
    };
    let local = Local::new(scratch.path(), &given.secrets).with_models(env::models(given.catalog.clone()));
    let key_options = given.catalog.vendors().iter().filter_map(|vendor| vendor.option.clone()).collect();
    let planner = Arc::new(Planner::new(local.provider().clone(), key_options));
    let task = Task::New { plan: Box::new(plan), inputs, from_repository, diff: false };
    let driven = drive::drive_with(&quiet, registry, &given, task, &folder, Some(planner.clone()))?;
    let planned = planner.planned();
    if let Some(mut failure) = driven.end.failure
        && (planned.is_empty() || driven.end.status == RunStatus::Interrupted)
    {
        // There is nothing to resume.
        failure.hints.retain(|hint| !hint.contains("patchwork resume"));
        return Err(failure);
    }
    if let Some(path) = &options.output {
        let encoded = output::encode(&data(&name, &planned), options.format.unwrap_or(Format::Json))?;
        return output::write(path, &encoded).map(|()| 0);
    }
    match options.format {
        Some(format @ (Format::Json | Format::Yaml)) => {
            stdio::result(&output::encode(&data(&name, &planned), format)?)?
        }
        _ => {
            let tests = inputs_ask_for_tests && !planned.is_empty();
            let more = if tests {
                "\nWith `evidence_test`, a test is asked for as well for each fix that holds."
            } else {
                ""
            };
            stdio::result(&(text(&name, &planned, &given.limits) + more))?
        }
    }
    Ok(0)
}

/// Nothing is to be made of answers that do not come, and dearer models are for answers that do not hold.
fn first_round(inputs: &mut Map<String, Value>) {
    for name in ["dry_run", "disable_pr"] {
        if let Some(value) = inputs.get_mut(name) {
            *value = Value::Bool(true);
        }
    }
    match inputs.get_mut("model_escalation") {
        Some(Value::Array(models)) => models.truncate(1),
        Some(Value::String(models)) => *models = models.split(',').next().unwrap_or_default().to_owned(),
        _ => {}
    }
}

fn data(name: &str, planned: &BTreeMap<(String, String), PlannedCalls>) -> Value {
    let calls: Vec<Value> = planned
        .iter()
        .map(|((vendor, model), calls)| {
            let mut entry = json!({ "vendor": vendor, "model": model });
            if let (Some(entry), Ok(Value::Object(calls))) =
                (entry.as_object_mut(), serde_json::to_value(calls))
            {
                entry.extend(calls);
            }
            entry
        })
        .collect();
    json!({ "patchflow": name, "calls": calls })
}

fn text(name: &str, planned: &BTreeMap<(String, String), PlannedCalls>, limits: &Limits) -> String {
    if planned.is_empty() {
        return format!("{name} would ask no model: nothing is to be paid");
    }
    let mut lines = vec![format!("{name} would ask, in its first round:")];
    let width =
        planned.keys().map(|(vendor, model)| vendor.len() + model.len() + 1).max().unwrap_or_default();
    for ((vendor, model), calls) in planned {
        let who = format!("{vendor}/{model}");
        let about = if calls.exact { "" } else { "about " };
        lines.push(format!(
            "  {who:width$}  {}, {about}{} tokens of prompts, some {} of answers",
            counted(calls.calls, "call"),
            short(calls.input_tokens),
            short(calls.output_tokens)
        ));
        lines.push(format!(
            "  {:width$}  {}",
            "",
            match (calls.cost, calls.cost_at_most) {
                (Some(MicroUsd(0)), _) => "free".to_owned(),
                (Some(cost), Some(most)) => format!("some {cost}, {most} at most"),
                (Some(cost), None) => format!("some {cost}"),
                _ => "price unknown".to_owned(),
            }
        ));
    }
    let mut expected = MicroUsd(0);
    planned.values().filter_map(|calls| calls.cost).for_each(|cost| expected += cost);
    lines.push(match limits.cost {
        Some(limit) if limit < expected => {
            format!("That is more than max_cost ({limit}): the run would stop there, keep what is proven and end with 12.")
        }
        _ => "Answers that do not hold are asked for again; max_cost=… is a hard limit on all of it.".to_owned(),
    });
    lines.join("\n")
}
