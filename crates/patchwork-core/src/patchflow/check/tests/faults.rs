//! Patchflows that are wrong: what their author reads.

use insta::assert_snapshot;

use super::{report, report_with};

const TEN: &str = r#"name: Fix
sumary: Find and fix.
inputs:
  severity: { type: strng }
  Files: { type: array }
  limit: { type: integer, default: many }
steps:
  - uses: Scna
  - id: scan
    uses: Scan
    with: { limt: 10, severity: hihg }
  - id: items
    for_each: steps.scan.findigns
    as: finding
    steps:
      - uses: Edit
        if: steps.later.answer and
      - id: scan2
        uses: Scan
        steps: []
  - id: scan
    uses: Ask
    with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: ${{ input.t }} }
"#;

#[test]
fn all_faults_of_a_file_are_in_one_report() {
    assert_snapshot!(report(TEN), @r#"
    error[yaml]: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
      --> flow.yml:23:77
       |
    23 |     with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: ${{ input.t }} }
       |                                                                             ^

    1 error
    "#);
    let _ = report_with;
}
