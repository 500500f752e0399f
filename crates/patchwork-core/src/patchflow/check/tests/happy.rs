//! Patchflows that are right: their plans and wires.

use insta::assert_snapshot;
use serde_json::json;

use super::super::{load, load_named, render_wires};
use super::{files, good, good_with, registry};
use crate::step::Effects;

pub(crate) const FULL: &str = r#"
name: Fix
summary: Find and fix.
inputs:
  severity: { type: string, enum: [low, high], default: low, help: The least. }
  api_key: { secret: true }
  model: { type: string, default: small }
  tries: { type: integer, default: 8, minimum: 1 }
steps:
  - uses: Scan
    retry: { attempts: 3, delay: "2s" }
    timeout: 5m
    with: { limit: 10 }
  - id: fixes
    if: steps.scan.count > 0
    for_each: ${{ steps.scan.findings }}
    as: finding
    max_parallel: 1
    continue_on_error: true
    steps:
      - id: tries
        repeat: ${{ inputs.tries }}
        until: steps.edit.changed
        steps:
          - uses: Query
            id: ask
            with:
              prompt_id: fix
              values: { file: "${{ finding.file }}", n: "try ${{ round }} of ${{ index }}" }
          - uses: Edit
        outputs:
          changed: ${{ steps.edit.changed }}
          before: ${{ previous.changed if previous else none }}
    outputs:
      done: ${{ steps.tries.changed }}
      rounds: ${{ steps.tries.rounds }}
finally:
  - uses: Judge
    if: steps.fixes.outcome == "completed"
    with: { answer: "found ${{ steps.scan.count }}" }
outputs:
  fixed: ${{ steps.fixes.items }}
  verdict: ${{ steps.judge.verdict }}
"#;

#[test]
fn a_whole_patchflow_becomes_a_plan() {
    let loaded = good(FULL);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.effects, Effects::READS_CHECKOUT | Effects::CALLS_MODEL | Effects::WRITES_CHECKOUT);
    assert_eq!(loaded.plan.uses(), ["Ask", "Edit", "Scan"]);
    assert_eq!(loaded.plan.inputs[0].schema, json!({"type": "string", "enum": ["low", "high"]}));
    assert_eq!(loaded.plan.prompts.keys().collect::<Vec<_>>(), ["fix"]);
    assert_snapshot!(serde_json::to_string(&loaded.plan.steps).unwrap(), @r#"[{"id":"scan","kind":{"step":{"uses":"Scan","input":[["limit",{"with":{"const":10}}],["severity",{"wire":[{"input":"severity"}]}],["api_key",{"wire":[{"input":"api_key"}]}]]}},"condition":null,"retry":{"attempts":3,"delay_ms":2000},"timeout_ms":300000,"continue_on_error":false,"outputs":[]},{"id":"fixes","kind":{"for_each":{"items":"steps.scan.findings","var":"finding","max_parallel":{"const":1},"steps":[{"id":"tries","kind":{"repeat":{"times":{"expr":"inputs.tries"},"until":"steps.edit.changed","steps":[{"id":"ask","kind":{"step":{"uses":"Ask","input":[["prompt_id",{"with":{"const":"fix"}}],["values",{"with":{"map":[["file",{"expr":"finding.file"}],["n",{"text":[{"text":"try "},{"expr":"round"},{"text":" of "},{"expr":"index"}]}]]}}],["model",{"wire":[{"input":"model"}]}]]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[]},{"id":"edit","kind":{"step":{"uses":"Edit","input":[["finding",{"wire":[{"variable":"finding"}]}],["answer",{"wire":[{"output":{"node":"ask","field":"answer"}}]}]]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[]}]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[["changed",{"expr":"steps.edit.changed"}],["before",{"expr":"previous.changed if previous else none"}]]}]}},"condition":"steps.scan.count > 0","retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":true,"outputs":[["done",{"expr":"steps.tries.changed"}],["rounds",{"expr":"steps.tries.rounds"}]]}]"#);
}

#[test]
fn wires_are_shown() {
    assert_snapshot!(render_wires(&good(FULL).wires), @r#"
    scan · Scan
      paths     default
      severity  inputs.severity
      limit     with 10
      api_key   inputs.api_key

    fixes/tries/ask · Query
      prompt_id    with "fix"
      values       with { file, n }
      model        inputs.model
      temperature  default

    fixes/tries/edit · Edit
      finding  finding of the loop
      answer   steps.ask.answer

    judge · Judge
      answer  with "found ${{ steps.scan.count }}"
      model   inputs.model

    judge/ask · Ask
      prompt_id    with "judge"
      values       with { answer }
      model        inputs.model
      temperature  default
    "#);
}

#[test]
fn the_latest_output_goes_first_and_the_chain_ends_with_a_sure_one() {
    let text = "name: A\nsteps:\n  - { id: a, uses: Ask, with: { prompt_id: fix } }\n  - { id: b, uses: Ask, with: { prompt_id: fix } }\n  \
                - { id: c, uses: Ask, with: { prompt_id: fix }, if: steps.b.truncated }\n  \
                - { id: d, uses: Judge }\n  - { id: e, uses: Judge, with: { answer: null }, if: false }\n";
    let error = load(text, "flow.yml", &registry(), &files(&[])).unwrap_err();
    assert_eq!(error.len(), 1, "{error:?}");
    assert!(error[0].message.contains("needs `answer`"), "{error:?}");
    let loaded = good(&text.replace(", with: { answer: null }", ""));
    let d = loaded.wires.iter().find(|report| report.node == "d").unwrap();
    assert_eq!(d.fields[0].origin.to_string(), "steps.c.answer, else steps.b.answer");
}

#[test]
fn after_a_failure_nothing_is_sure() {
    let text =
        "name: A\nsteps:\n  - { uses: Ask, with: { prompt_id: fix } }\nfinally:\n  - { uses: Judge }\n";
    assert_eq!(good(text).wires[1].fields[0].origin.to_string(), "steps.ask.answer");
}

#[test]
fn files_and_names_go_before_built_in_patchflows() {
    let judge = "name: Judge\nsteps: [{ uses: Scan }]\noutputs: { n: \"${{ steps.scan.count }}\" }\n";
    let text = "name: A\nsteps: [{ uses: Judge }, { id: own, uses: ./own.yml }]\noutputs: { n: \"${{ steps.judge.n + steps.own.n }}\" }\n";
    let loaded = good_with(text, &[("Judge", judge), ("./own.yml", judge)]);
    assert_eq!(loaded.plan.uses(), ["Scan"]);
}

#[test]
fn a_prompt_of_the_user_replaces_a_built_in_one() {
    let prompts = "- id: judge\n  prompts: [{ role: user, content: mine }]\n";
    let loaded = load_named("Judge", &registry(), &files(&[("Judge.prompts", prompts)])).unwrap().unwrap();
    assert_eq!(loaded.plan.prompts["judge"].prompts[0].content, "mine");
    assert!(load_named("Nope", &registry(), &files(&[])).unwrap().is_none());
}

#[test]
fn the_cost_grows_with_the_size_only() {
    let nodes = |n: usize| {
        let mut text = "name: A\nsteps:\n".to_owned();
        for at in 0..n {
            text.push_str(&format!("  - {{ id: n{at}, uses: Ask, with: {{ prompt_id: fix }} }}\n"));
            text.push_str(&format!("  - {{ id: j{at}, uses: Judge }}\n"));
        }
        text
    };
    let loaded = good(&nodes(2_000));
    // Each field has the one sure source, however many nodes come before it.
    let sources = loaded.wires.iter().flat_map(|report| &report.fields);
    assert!(sources.map(|field| field.origin.to_string().len()).max().is_some_and(|longest| longest < 60));
}
