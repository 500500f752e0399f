//! Patchflows that are right: their plans and wires.

use insta::assert_snapshot;
use serde_json::json;

use super::super::render_wires;
use super::{good, good_with};
use crate::step::Effects;

const FULL: &str = r#"
name: Fix
summary: Find and fix.
inputs:
  severity: { type: string, enum: [low, high], default: low, help: The least. }
  api_key: { secret: true }
  model: { type: string, default: small }
  concurrency: { type: integer, default: 8, minimum: 1 }
steps:
  - uses: Scan
    retry: { attempts: 3, delay: "2s" }
    timeout: 5m
    with: { limit: 10 }
  - id: fixes
    if: steps.scan.count > 0
    for_each: ${{ steps.scan.findings }}
    as: finding
    max_parallel: ${{ inputs.concurrency }}
    continue_on_error: true
    steps:
      - id: tries
        repeat: 3
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
    assert_snapshot!(serde_json::to_string(&loaded.plan.steps).unwrap(), @r#"[{"id":"scan","kind":{"step":{"uses":"Scan","input":[["limit",{"with":{"const":10}}],["severity",{"wire":[{"input":"severity"}]}],["api_key",{"wire":[{"input":"api_key"}]}]]}},"condition":null,"retry":{"attempts":3,"delay_ms":2000},"timeout_ms":300000,"continue_on_error":false,"outputs":[]},{"id":"fixes","kind":{"for_each":{"items":"steps.scan.findings","var":"finding","max_parallel":{"expr":"inputs.concurrency"},"steps":[{"id":"tries","kind":{"repeat":{"times":{"const":3},"until":"steps.edit.changed","steps":[{"id":"ask","kind":{"step":{"uses":"Ask","input":[["prompt_id",{"with":{"const":"fix"}}],["values",{"with":{"map":[["file",{"expr":"finding.file"}],["n",{"text":[{"text":"try "},{"expr":"round"},{"text":" of "},{"expr":"index"}]}]]}}],["model",{"wire":[{"input":"model"}]}]]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[]},{"id":"edit","kind":{"step":{"uses":"Edit","input":[["finding",{"wire":[{"variable":"finding"}]}],["answer",{"wire":[{"output":{"node":"ask","field":"answer"}}]}]]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[]}]}},"condition":null,"retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":false,"outputs":[["changed",{"expr":"steps.edit.changed"}],["before",{"expr":"previous.changed if previous else none"}]]}]}},"condition":"steps.scan.count > 0","retry":{"attempts":1,"delay_ms":1000},"timeout_ms":null,"continue_on_error":true,"outputs":[["done",{"expr":"steps.tries.changed"}],["rounds",{"expr":"steps.tries.rounds"}]]}]"#);
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
