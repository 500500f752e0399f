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
    with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: "${{ input.t }}" }
"#;

#[test]
fn all_faults_of_a_file_are_in_one_report() {
    assert_snapshot!(report(TEN), @r#"
    error[unknown-key]: a patchflow has no key `sumary`
     --> flow.yml:2:1
      |
    2 | sumary: Find and fix.
      | ^^^^^^
      |
      = help: did you mean `summary`?

    warning[unused-input]: nothing reads the input `severity`
     --> flow.yml:4:3
      |
    4 |   severity: { type: strng }
      |   ^^^^^^^^
      |
      = help: remove it, or give it to a step in `with`

    error[type]: there is no type `strng`
     --> flow.yml:4:21
      |
    4 |   severity: { type: strng }
      |                     ^^^^^
      |
      = help: did you mean `string`?

    error[bad-name]: `Files` can't name an input: names are snake_case
     --> flow.yml:5:3
      |
    5 |   Files: { type: array }
      |   ^^^^^
      |
      = help: write `files`

    warning[unused-input]: nothing reads the input `Files`
     --> flow.yml:5:3
      |
    5 |   Files: { type: array }
      |   ^^^^^
      |
      = help: remove it, or give it to a step in `with`

    error[type]: `limit` must be an integer, but `many` is a string
     --> flow.yml:6:36
      |
    6 |   limit: { type: integer, default: many }
      |                                    ^^^^

    error[unknown-step]: there is no step or patchflow `Scna`
     --> flow.yml:8:11
      |
    8 |   - uses: Scna
      |           ^^^^
      |
      = help: did you mean `Scan`?

    error[unknown-field]: Scan has no input `limt`
      --> flow.yml:11:13
       |
    11 |     with: { limt: 10, severity: hihg }
       |             ^^^^
       |
       = help: did you mean `limit`?

    error[type]: `severity` must be one of low, high, but this is `hihg`
      --> flow.yml:11:33
       |
    11 |     with: { limt: 10, severity: hihg }
       |                                 ^^^^
       |
       = help: did you mean `high`?

    error[bad-name]: `items` is a word of the language and can't be an id
      --> flow.yml:12:9
       |
    12 |   - id: items
       |         ^^^^^

    error[unknown-field]: `steps.scan` has no field `findigns`
      --> flow.yml:13:15
       |
    13 |     for_each: steps.scan.findigns
       |               ^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `steps.scan.findings`?

    error[missing-input]: Edit needs `answer` (a string), and nothing gives it
      --> flow.yml:16:15
       |
    16 |       - uses: Edit
       |               ^^^^
       |
       = help: write it in `with`, or declare an input: `inputs: { answer: { type: … } }`
       = help: a node before this one could give it: Ask

    error[expression]: this expression can't be read: unexpected end of input, expected expression
      --> flow.yml:17:32
       |
    17 |         if: steps.later.answer and
       |                                ^^^

    error[conflict]: a node has either `uses` or `steps`, not both
      --> flow.yml:20:9
       |
    20 |         steps: []
       |         ^^^^^
       |
       = help: put the step under `steps` as a node of its own

    error[duplicate-id]: the id `scan` is in use already
      --> flow.yml:21:9
       |
    21 |   - id: scan
       |         ^^^^ first in line 9
       |
       = help: give one of the nodes an `id` of its own

    error[unknown-prompt]: the patchflow has no prompt `fxi`
      --> flow.yml:23:24
       |
    23 |     with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: "${{ input.t }}" }
       |                        ^^^
       |
       = help: the prompts are fix

    error[type]: `model` must be a string, but `steps.scan.count` is an integer
      --> flow.yml:23:36
       |
    23 |     with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: "${{ input.t }}" }
       |                                    ^^^^^^^^^^^^^^^^^^^^^^^^^

    error[unknown-name]: the name `input` means nothing here
      --> flow.yml:23:81
       |
    23 |     with: { prompt_id: fxi, model: "${{ steps.scan.count }}", temperature: "${{ input.t }}" }
       |                                                                                 ^^^^^^^
       |
       = help: did you mean `inputs`?

    16 errors, 2 warnings
    "#);
    let _ = report_with;
}
