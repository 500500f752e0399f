//! Patchflows that are wrong: what their author reads.

use insta::assert_snapshot;

use super::{cases, report};

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

    16 errors
    "#);
}

#[test]
fn documents() {
    let more = "steps: [{ uses: Scan }]\n";
    assert_snapshot!(cases("%", &[
        "", "# nothing\n", "[]", "just text", "name: A", "name:\nsteps: [{ uses: Scan }]", "name: 3\nsteps: [{ uses: Scan }]",
        "name: A\nsteps: []", "name: A\nsteps: { uses: Scan }", "name: A\nsteps: [Scan, 3]",
        &format!("name: A\nversion: 1\n{more}"), &format!("name: A\nname: B\n{more}"),
        &format!("\u{feff}name: A\r\n{more}"), "name: A\nsteps:\n\t- uses: Scan", "name: A\nsteps: [{ uses: Scan }",
        "name: A\nsteps: [{ uses: Scan, if: ${{ inputs.x }} }]", "\u{0}",
        &format!("name: A\n{more}finally: 3\noutputs: [a]"), &format!("name: A\n{more}outputs: {{ A-b: 1 }}"),
    ]), @r#"
    » 
    empty 1:1: the file is empty
        the least patchflow is:  name: MyPatchflow  and  steps: [{ uses: ScanSemgrep }]
    » # nothing
      
    empty 2:1: the file is empty
        the least patchflow is:  name: MyPatchflow  and  steps: [{ uses: ScanSemgrep }]
    » []
    type 1:1: a patchflow is a mapping, but this is a list
        the least patchflow is:  name: MyPatchflow  and  steps: [{ uses: ScanSemgrep }]
    » just text
    type 1:1: a patchflow is a mapping, but this is the text `just text`
        the least patchflow is:  name: MyPatchflow  and  steps: [{ uses: ScanSemgrep }]
    » name: A
    missing-key 1:1: the patchflow has no `steps`
        add `steps:` with a list of nodes such as `- uses: ScanSemgrep`
    » name:
      steps: [{ uses: Scan }]
    type 1:1: `name` must be a text, but this is empty
    » name: 3
      steps: [{ uses: Scan }]
    type 1:7: `name` must be a text, but this is the number 3
    » name: A
      steps: []
    empty 2:1: `steps` is an empty list
    » name: A
      steps: { uses: Scan }
    type 2:1: `steps` must be a list, but this is a mapping
    » name: A
      steps: [Scan, 3]
    type 2:9: a node is a mapping, but this is the text `Scan`
        write `- uses: Scan`
    type 2:15: a node is a mapping, but this is the number 3
    » name: A
      version: 1
      steps: [{ uses: Scan }]
      
    unknown-key 2:1: a patchflow has no key `version`
        the keys are name, summary, inputs, steps, finally, outputs
    » name: A
      name: B
      steps: [{ uses: Scan }]
      
    duplicate-key 2:1: the key `name` stands twice (first in line 1)
    » \u{feff}name: A\r
      steps: [{ uses: Scan }]
      
    good
    » name: A
      steps:
      \t- uses: Scan
    yaml 3:2: not valid YAML: tabs disallowed within this context (block indentation)
    » name: A
      steps: [{ uses: Scan }
    yaml 2:8: not valid YAML: unclosed bracket '['
    » name: A
      steps: [{ uses: Scan, if: ${{ inputs.x }} }]
    yaml 2:28: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
        inside `{ … }` and `[ … ]`, an expression stands in quotes: "${{ … }}"
    » \u{0}
    yaml 1:1: not valid YAML: unexpected character: `\u{0}'
    » name: A
      steps: [{ uses: Scan }]
      finally: 3
      outputs: [a]
    type 3:10: `finally` must be a list, but this is the number 3
    type 4:1: `outputs` must be a mapping, but this is a list
    » name: A
      steps: [{ uses: Scan }]
      outputs: { A-b: 1 }
    bad-name 3:12: `A-b` can't name an output: names are snake_case
        write `a_b`
    "#);
}

#[test]
fn inputs() {
    let frame = "name: A\ninputs:\n  x: %\nsteps: [{ uses: Scan, if: inputs.x }]\n";
    assert_snapshot!(cases(frame, &[
        "", "{ type: int }", "{ type: [a] }", "{ typ: integer }", "{ enum: [] }", "{ enum: [a, b], default: c }",
        "{ type: array, items: string, default: [1] }", "{ type: array, items: { type: string, enum: [a] }, default: [b] }",
        "{ items: string }", "{ minimum: 1 }", "{ type: integer, minimum: x }", "{ type: integer, minimum: 1, default: 0 }",
        "{ type: boolean, default: yes }", "{ default: 3 }", "{ type: integer, default: \"3\" }", "{ type: number, default: 3 }",
        "{ secret: true, default: abc }", "{ secret: true, type: integer }", "{ type: integer, path: true }",
        "{ required: true, default: a }", "{ required: maybe }", "{ default: \"${{ inputs.y }}\" }", "text",
    ]), @r#"
    » 
    good
    » { type: int }
    type 3:14: there is no type `int`
        did you mean `integer`?
    » { type: [a] }
    type 3:8: `type` must be a text, but this is a list
    » { typ: integer }
    unknown-key 3:8: an input has no key `typ`
        did you mean `type`?
    » { enum: [] }
    type 3:8: `enum` lists no value
    » { enum: [a, b], default: c }
    type 3:31: `x` must be one of a, b, but this is `c`
    » { type: array, items: string, default: [1] }
    type 3:46: `x[0]` must be a string, but `1` is an integer
        put it in quotes: "1"
    » { type: array, items: { type: string, enum: [a] }, default: [b] }
    type 3:67: `x[0]` must be `a`, but this is `b`
    » { items: string }
    conflict 3:8: `items` belongs to `type: array`
    » { minimum: 1 }
    conflict 3:8: `minimum` belongs to `type: integer` or `number`
    » { type: integer, minimum: x }
    type 3:32: `minimum` must be a number, but this is the text `x`
    » { type: integer, minimum: 1, default: 0 }
    type 3:44: `x` must be at least 1, but this is 0
    » { type: boolean, default: yes }
    type 3:32: `x` must be a boolean, but `yes` is a string
        write `true`
    » { default: 3 }
    type 3:17: `x` must be a string, but `3` is an integer
        put it in quotes: "3"
    » { type: integer, default: "3" }
    type 3:32: `x` must be an integer, but `3` is a string
        remove the quotes
    » { type: number, default: 3 }
    good
    » { secret: true, default: abc }
    conflict 3:22: a secret can't have a default: it would stand in the file
        give it by the environment, the configuration or an option
    » { secret: true, type: integer }
    conflict 3:8: a secret is a string, but its `type` is `integer`
    » { type: integer, path: true }
    conflict 3:23: a path is a string, but its `type` is `integer`
    » { required: true, default: a }
    conflict 3:8: an input with a default is never missing: remove `required`
    » { required: maybe }
    type 3:18: `required` must be true or false, but this is the text `maybe`
    » { default: "${{ inputs.y }}" }
    expression 3:17: a default can't hold an expression
    » text
    type 3:6: `x` must be a mapping, but this is the text `text`
    "#);
    let frame = "name: A\ninputs: %\nsteps: [{ uses: Scan }]\n";
    assert_snapshot!(cases(frame, &["{ a-b: { type: string } }", "{ unread: { type: string } }", "[a]"]), @r"
    » { a-b: { type: string } }
    bad-name 2:11: `a-b` can't name an input: names are snake_case
        write `a_b`
    » { unread: { type: string } }
    warning unused-input 2:11: nothing reads the input `unread`
        remove it, or give it to a step in `with`
    » [a]
    type 2:1: `inputs` must be a mapping, but this is a list
    ");
}

#[test]
fn nodes() {
    let frame = "name: A\nsteps:\n  - uses: Scan\n  - %\n";
    assert_snapshot!(cases(frame, &[
        "id: x", "uses: Scan", "{ uses: Scan, id: Scan }", "{ uses: Scan, id: steps }", "{ uses: Scan, id: 3 }",
        "{ uses: 3 }", "{ uses: \"\" }", "{ uses: scan2 }", "{ uses: ./nope.yml }", "{ uses: ./step.py }", "{ steps: [{ uses: Ask }] }",
        "{ id: b, steps: [{ id: b, uses: Ask, with: { prompt_id: fix } }] }", "{ id: b, steps: [{ uses: Scan }] }",
        "{ id: b, uses: Scan, steps: [{ uses: Scan }] }", "{ id: b, uses: Scan, for_each: steps.scan.findings, as: x }",
        "{ id: b, uses: Scan, as: x, until: \"true\", max_parallel: 2, repeat: 2, outputs: { a: 1 } }",
        "{ id: b, as: x, until: \"true\", max_parallel: 2, steps: [{ uses: Scan }] }",
        "{ id: b, with: {}, retry: 2, timeout: 2s, steps: [{ uses: Scan }] }",
        "{ id: b, for_each: steps.scan.findings, steps: [{ uses: Scan }] }",
        "{ id: b, for_each: steps.scan.findings, as: index, steps: [{ uses: Scan }] }",
        "{ id: b, for_each: steps.scan.findings, as: A, repeat: 3, steps: [{ uses: Scan }] }",
        "{ id: b, for_each: steps.scan.count, as: x, max_parallel: 0, steps: [{ uses: Scan }] }",
        "{ id: b, repeat: many, until: 3, steps: [{ uses: Scan }] }",
        "{ id: b, uses: Scan, retry: 0, timeout: 5 }", "{ id: b, uses: Scan, retry: { delay: 2 }, timeout: soon }",
        "{ id: b, uses: Scan, retry: { attempts: 999 }, continue_on_error: 1 }",
        "{ id: b, uses: Judge, retry: 2, with: { answer: x } }",
    ]), @r#"
    » id: x
    missing-key 4:5: this node has neither `uses` nor `steps`
        add `uses: ScanSemgrep` to run a step, or `steps:` for a block
    » uses: Scan
    duplicate-id 4:11: the id `scan` is in use already (first in line 3)
        give one of the nodes an `id` of its own
    » { uses: Scan, id: Scan }
    bad-name 4:23: `Scan` can't name a node: names are snake_case
        write `scan`
    » { uses: Scan, id: steps }
    bad-name 4:23: `steps` is a word of the language and can't be an id
    » { uses: Scan, id: 3 }
    type 4:23: `id` must be a text, but this is the number 3
    » { uses: 3 }
    type 4:13: `uses` must be a text, but this is the number 3
    » { uses: "" }
    type 4:13: `uses` is empty
    » { uses: scan2 }
    unknown-step 4:13: there is no step or patchflow `scan2`
        did you mean `Scan`?
    » { uses: ./nope.yml }
    unreadable 4:13: flow.yml uses ./nope.yml, but there is no such file
    » { uses: ./step.py }
    unknown-step 4:13: only patchflow files, which end in `.yml` or `.yaml`, can be used
    » { steps: [{ uses: Ask }] }
    missing-key 4:7: a node with `steps` needs an `id`
        add `id: fixes`: what it gives is read as `steps.fixes.…`
    missing-input 4:23: Ask needs `prompt_id` (a string), and nothing gives it
        write it in `with`, or declare an input: `inputs: { prompt_id: { type: … } }`
    » { id: b, steps: [{ id: b, uses: Ask, with: { prompt_id: fix } }] }
    duplicate-id 4:28: the id `b` is in use already (first in line 4)
        give one of the nodes an `id` of its own
    » { id: b, steps: [{ uses: Scan }] }
    good
    » { id: b, uses: Scan, steps: [{ uses: Scan }] }
    conflict 4:26: a node has either `uses` or `steps`, not both
        put the step under `steps` as a node of its own
    » { id: b, uses: Scan, for_each: steps.scan.findings, as: x }
    conflict 4:26: `for_each` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    conflict 4:57: `as` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    » { id: b, uses: Scan, as: x, until: "true", max_parallel: 2, repeat: 2, outputs: { a: 1 } }
    conflict 4:26: `as` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    conflict 4:33: `until` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    conflict 4:48: `max_parallel` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    conflict 4:65: `repeat` belongs to a node with `steps`
        put the step under `steps:` of this node as a node of its own
    conflict 4:76: `outputs` belongs to a node with `steps`
        what a step gives is read as `steps.<id>.<field>`
    » { id: b, as: x, until: "true", max_parallel: 2, steps: [{ uses: Scan }] }
    conflict 4:14: `as` has no meaning without `for_each`
    conflict 4:21: `until` has no meaning without `repeat`
    conflict 4:36: `max_parallel` has no meaning without `for_each`
    » { id: b, with: {}, retry: 2, timeout: 2s, steps: [{ uses: Scan }] }
    conflict 4:14: `with` belongs to a node with `uses`
    conflict 4:24: `retry` belongs to a node with `uses`
    conflict 4:34: `timeout` belongs to a node with `uses`
    » { id: b, for_each: steps.scan.findings, steps: [{ uses: Scan }] }
    missing-key 4:14: `for_each` needs `as`
        add `as: item` to name the item of each iteration
    » { id: b, for_each: steps.scan.findings, as: index, steps: [{ uses: Scan }] }
    bad-name 4:49: `index` is a word of the language
    » { id: b, for_each: steps.scan.findings, as: A, repeat: 3, steps: [{ uses: Scan }] }
    conflict 4:52: a node has either `for_each` or `repeat`, not both
        put one loop under `steps` of the other
    » { id: b, for_each: steps.scan.count, as: x, max_parallel: 0, steps: [{ uses: Scan }] }
    type 4:24: `for_each` needs a list, but this is an integer
    type 4:63: `max_parallel` must be at least 1, but this is 0
    » { id: b, repeat: many, until: 3, steps: [{ uses: Scan }] }
    type 4:22: `repeat` must be an integer, but `many` is a string
    type 4:35: `until` must be an expression, but this is the number 3
    » { id: b, uses: Scan, retry: 0, timeout: 5 }
    type 4:33: `retry` must be a whole number from 1, but this is the number 0
    type 4:45: `timeout` must be a duration such as "500ms", "30s", "5m" or "1h", but this is the number 5
    » { id: b, uses: Scan, retry: { delay: 2 }, timeout: soon }
    missing-key 4:26: `retry` needs `attempts`
        write `retry: 3`
    type 4:42: `delay` must be a duration such as "500ms", "30s", "5m" or "1h", but this is the number 2
    type 4:56: `timeout` must be a duration such as "500ms", "30s", "5m" or "1h", but this is the text `soon`
    » { id: b, uses: Scan, retry: { attempts: 999 }, continue_on_error: 1 }
    type 4:45: more than 100 attempts help nobody
    type 4:71: `continue_on_error` must be true or false, but this is the number 1
    » { id: b, uses: Judge, retry: 2, with: { answer: x } }
    conflict 4:20: `retry` and `timeout` are for steps, and Judge is a patchflow
        give them to the steps inside it
    "#);
}

#[test]
fn iterations_that_write_the_checkout_run_one_after_the_other() {
    let flow = |limit: &str| {
        format!(
            "name: Fix\nsummary: Fix.\nsteps:\n  - id: scan\n    uses: Scan\n  - id: each\n    for_each: steps.scan.findings\n    as: finding\n    {limit}\n    \
             steps:\n      - uses: Edit\n        with: {{ answer: new }}\n"
        )
    };
    assert_eq!(report(&flow("max_parallel: 1")), "good");
    assert_snapshot!(report(&flow("max_parallel: 4")), @r"
    error[parallel]: a step inside writes the checkout, so iterations can't run at the same time
     --> flow.yml:9:19
      |
    9 |     max_parallel: 4
      |                   ^
      |
      = help: leave `max_parallel` out, or write after the loop what its iterations answer

    1 error
    ");
}
