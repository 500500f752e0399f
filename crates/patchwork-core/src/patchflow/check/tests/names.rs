//! Fields, wires and names that do not lead anywhere.

use insta::assert_snapshot;

use super::cases;

#[test]
fn fields() {
    let frame = "name: A\ninputs:\n  key: { secret: true }\n  n: { type: integer }\nsteps:\n  - %\n  - { id: use, uses: Scan, if: inputs.key and inputs.n }\n";
    assert_snapshot!(cases(frame, &[
        "{ uses: Scan, with: { pths: [a] } }", "{ uses: Scan, with: { zzz: 1 } }", "{ uses: Scan, with: [a] }",
        "{ uses: Scan, with: { paths: a } }", "{ uses: Scan, with: { paths: [a, 3] } }",
        "{ uses: Scan, with: { limit: \"3\" } }", "{ uses: Scan, with: { limit: -1 } }", "{ uses: Scan, with: { limit: 1.5 } }",
        "{ uses: Scan, with: { limit: \"${{ inputs.n }}\" } }", "{ uses: Scan, with: { limit: \"n ${{ inputs.n }}\" } }",
        "{ uses: Scan, with: { severity: \"${{ inputs.n }}\" } }", "{ uses: Scan, with: { severity: HIGH } }",
        "{ uses: Scan, with: { api_key: abc } }", "{ uses: Scan, with: { api_key: { $secret: key } } }",
        "{ uses: Scan, with: { api_key: \"${{ inputs.key }}\" } }", "{ uses: Scan, with: { api_key: \"${{ inputs.n }}\" } }",
        "{ uses: Ask }", "{ uses: Ask, with: { prompt_id: null } }", "{ uses: Ask, with: { prompt_id: fixx } }",
        "{ uses: Ask, with: { prompt_id: \"${{ 'zzz' }}\" } }", "{ uses: Ask, with: { prompt_id: fix, temperature: 1 } }",
        "{ uses: Ask, with: { prompt_id: fix, model: \"${{ inputs.key }}\" } }",
        "{ uses: Ask, with: { prompt_id: fix, model: \"x ${{ inputs.key }}\" } }",
        "{ uses: Ask, with: { prompt_id: fix, model: \"${{ inputs.key ~ '' }}\" } }",
        "{ uses: Ask, with: { prompt_id: fix, values: { a: \"${{ inputs.key }}\" } } }",
        "{ uses: Edit, with: { answer: a, finding: { file: a, lin: 3 } } }",
        "{ uses: Edit, with: { answer: a, finding: { file: 3, line: \"${{ inputs.n }}\" } } }",
        "{ uses: Judge, with: { answr: a } }",
    ]), @r#"
    » { uses: Scan, with: { pths: [a] } }
    unknown-field 6:27: Scan has no input `pths`
        did you mean `paths`?
    » { uses: Scan, with: { zzz: 1 } }
    unknown-field 6:27: Scan has no input `zzz`
        Scan takes paths, severity, limit, api_key
    » { uses: Scan, with: [a] }
    type 6:19: `with` must be a mapping, but this is a list
    » { uses: Scan, with: { paths: a } }
    type 6:34: `paths` must be a list of strings, but `a` is a string
    » { uses: Scan, with: { paths: [a, 3] } }
    type 6:38: `paths[1]` must be a string, but `3` is an integer
        put it in quotes: "3"
    » { uses: Scan, with: { limit: "3" } }
    type 6:34: `limit` must be an integer, but `3` is a string
        remove the quotes
    » { uses: Scan, with: { limit: -1 } }
    type 6:34: `limit` must be at least 0, but this is -1
    » { uses: Scan, with: { limit: 1.5 } }
    type 6:34: `limit` must be an integer, but `1.5` is a number
    » { uses: Scan, with: { limit: "${{ inputs.n }}" } }
    good
    » { uses: Scan, with: { limit: "n ${{ inputs.n }}" } }
    type 6:34: `limit` must be an integer, but this is a text
    » { uses: Scan, with: { severity: "${{ inputs.n }}" } }
    type 6:37: `severity` must be one of low, high, but `inputs.n` is an integer
    » { uses: Scan, with: { severity: HIGH } }
    type 6:37: `severity` must be one of low, high, but this is `HIGH`
        did you mean `high`?
    » { uses: Scan, with: { api_key: abc } }
    type 6:36: `api_key` is a secret: it can't stand in the file
        write `${{ inputs.<name> }}` of an input with `secret: true`
    » { uses: Scan, with: { api_key: { $secret: key } } }
    secret 6:36: `api_key` is a secret: it can't stand in the file
        write `${{ inputs.<name> }}` of an input with `secret: true`
    » { uses: Scan, with: { api_key: "${{ inputs.key }}" } }
    good
    » { uses: Scan, with: { api_key: "${{ inputs.n }}" } }
    type 6:36: `api_key` must be a secret, but `inputs.n` is an integer
        declare the input with `secret: true`
    » { uses: Ask }
    missing-input 6:13: Ask needs `prompt_id` (a string), and nothing gives it
        write it in `with`, or declare an input: `inputs: { prompt_id: { type: … } }`
    » { uses: Ask, with: { prompt_id: null } }
    missing-input 6:13: Ask needs `prompt_id` (a string), and nothing gives it
        write it in `with`, or declare an input: `inputs: { prompt_id: { type: … } }`
    » { uses: Ask, with: { prompt_id: fixx } }
    unknown-prompt 6:37: the patchflow has no prompt `fixx`
        did you mean `fix`?
    » { uses: Ask, with: { prompt_id: "${{ 'zzz' }}" } }
    good
    » { uses: Ask, with: { prompt_id: fix, temperature: 1 } }
    good
    » { uses: Ask, with: { prompt_id: fix, model: "${{ inputs.key }}" } }
    type 6:49: `model` must be a string, but `inputs.key` is a secret
        a secret can be given to a field that takes one only
    » { uses: Ask, with: { prompt_id: fix, model: "x ${{ inputs.key }}" } }
    secret 6:49: `inputs.key` is a secret and can't stand in a text
    » { uses: Ask, with: { prompt_id: fix, model: "${{ inputs.key ~ '' }}" } }
    type 6:49: `inputs.key` is a secret and `model` does not take one
    » { uses: Ask, with: { prompt_id: fix, values: { a: "${{ inputs.key }}" } } }
    type 6:55: `values.a` must be any value, but `inputs.key` is a secret
        a secret can be given to a field that takes one only
    » { uses: Edit, with: { answer: a, finding: { file: a, lin: 3 } } }
    missing-field 6:49: `finding` lacks its field `line`
    unknown-field 6:58: `finding` has no field `lin`
        did you mean `line`?
    » { uses: Edit, with: { answer: a, finding: { file: 3, line: "${{ inputs.n }}" } } }
    type 6:55: `finding.file` must be a string, but `3` is an integer
        put it in quotes: "3"
    » { uses: Judge, with: { answr: a } }
    unknown-field 6:28: Judge has no input `answr`
        did you mean `answer`?
    "#);
}

#[test]
fn wires() {
    let frame = "name: A\ninputs: %\nsteps: [{ uses: Scan }, { uses: Ask, with: { prompt_id: fix } }]\n";
    assert_snapshot!(cases(frame, &[
        "{ limit: { type: string } }", "{ limit: { type: integer } }", "{ limit: { type: number } }", "{ paths: { type: array, items: integer } }",
        "{ api_key: {} }", "{ severity: { enum: [low, medium] } }", "{ severity: { enum: [a, b] } }", "{ model: { secret: true } }",
        "{ temperature: { type: integer } }", "{ values: { type: object } }",
    ]), @r"
    » { limit: { type: string } }
    wire 3:17: `limit` of Scan must be an integer, but `inputs.limit` of the same name is a string (takes `limit` from `inputs.limit` by its name)
        say what it is: `with: { limit: … }`, or `with: { limit: null }` for the default
    » { limit: { type: integer } }
    good
    » { limit: { type: number } }
    wire 3:17: `limit` of Scan must be an integer, but `inputs.limit` of the same name is a number (takes `limit` from `inputs.limit` by its name)
        say what it is: `with: { limit: … }`, or `with: { limit: null }` for the default
    » { paths: { type: array, items: integer } }
    wire 3:17: `paths` of Scan must be a list of strings, but `inputs.paths` of the same name is a list of integers (takes `paths` from `inputs.paths` by its name)
        say what it is: `with: { paths: … }`, or `with: { paths: null }` for the default
    » { api_key: {} }
    wire 3:17: `api_key` of Scan must be a secret, but `inputs.api_key` of the same name is a string (takes `api_key` from `inputs.api_key` by its name)
        declare the input `api_key` with `secret: true`
    » { severity: { enum: [low, medium] } }
    good
    » { severity: { enum: [a, b] } }
    wire 3:17: `severity` of Scan must be one of low, high, but `inputs.severity` of the same name is one of a, b (takes `severity` from `inputs.severity` by its name)
        say what it is: `with: { severity: … }`, or `with: { severity: null }` for the default
    » { model: { secret: true } }
    wire 3:33: `model` of Ask must be a string, but `inputs.model` of the same name is a secret (takes `model` from `inputs.model` by its name)
        say what it is: `with: { model: … }`, or `with: { model: null }` for the default
    » { temperature: { type: integer } }
    good
    » { values: { type: object } }
    good
    ");
}

#[test]
fn names() {
    let frame = "name: A\ninputs: { sarif: {} }\nsteps:\n  - { uses: Scan, with: { paths: [\"${{ inputs.sarif }}\"] } }\n  - id: here\n    if: %\n    for_each: steps.scan.findings\n    as: finding\n    steps: [{ id: inner, uses: Scan }]\n  - id: later\n    uses: Scan\n";
    assert_snapshot!(cases(frame, &[
        "steps.scan.count > 1 and steps.scan.outcome == 'completed'", "steps.scan.findings[0].file", "steps.scan.report.anything",
        "inputs.sarf", "inputs.zzz", "inputs", "steps.scna.count", "steps.scan.cuont", "steps.scan.zzz", "steps.scan.count.x",
        "steps.later.count", "steps.here.items", "steps.inner.count", "steps", "steps['scan'].count", "sarif", "scan", "index", "round == 1",
        "previous", "finding", "tru", "range(3)", "steps.scan.count >", "${{ inputs.sarif }} x", "x ${{ inputs.sarif", "\"${{ inputs.sarif }}\"", "3",
        "true", "inputs.sarif | nofilter",
    ]), @r#"
    » steps.scan.count > 1 and steps.scan.outcome == 'completed'
    good
    » steps.scan.findings[0].file
    good
    » steps.scan.report.anything
    good
    » inputs.sarf
    unknown-input 6:9: the patchflow has no input `sarf`
        did you mean `inputs.sarif`?
    » inputs.zzz
    unknown-input 6:9: the patchflow has no input `zzz`
        declare it: `inputs: { zzz: { type: string } }`
    » inputs
    good
    » steps.scna.count
    unknown-step-id 6:9: no node `scna` can be seen from here
        did you mean `steps.scan`?
    » steps.scan.cuont
    unknown-field 6:9: `steps.scan` has no field `cuont`
        did you mean `steps.scan.count`?
    » steps.scan.zzz
    unknown-field 6:9: `steps.scan` has no field `zzz`
        it has findings, report, count
    » steps.scan.count.x
    unknown-field 6:9: `steps.scan.count` is an integer: it has no field `x`
    » steps.later.count
    unknown-step-id 6:9: no node `later` can be seen from here
        `later` runs later: a node sees only those before it
    » steps.here.items
    unknown-step-id 6:9: no node `here` can be seen from here
        `here` is the node itself, or one around it, and has not ended yet
    » steps.inner.count
    unknown-step-id 6:9: no node `inner` can be seen from here
        `inner` runs later: a node sees only those before it
    » steps
    unknown-step-id 6:9: `steps` can't be read as a whole
        write `steps.<id>.<field>`, so that it can be checked before the run
    » steps['scan'].count
    unknown-step-id 6:9: `steps` can't be read as a whole
        write `steps.<id>.<field>`, so that it can be checked before the run
    » sarif
    unknown-name 6:9: the name `sarif` means nothing here
        write `inputs.sarif`
    » scan
    unknown-name 6:9: the name `scan` means nothing here
        write `steps.scan.<field>`
    » index
    unknown-name 6:9: the name `index` means nothing here
        `index` is known inside `for_each` only
    » round == 1
    unknown-name 6:9: the name `round` means nothing here
        `round` is known inside `repeat` only
    » previous
    unknown-name 6:9: the name `previous` means nothing here
        `previous` is known inside `repeat` only
    » finding
    unknown-name 6:9: the name `finding` means nothing here
        an expression reads `inputs.<name>`, `steps.<id>.<field>` and the variables of the loops around it; text stands in quotes
    » tru
    unknown-name 6:9: the name `tru` means nothing here
        did you mean `true`?
    » range(3)
    good
    » steps.scan.count >
    expression 6:26: this expression can't be read: unexpected end of input, expected expression
    » ${{ inputs.sarif }} x
    expression 6:9: this must be one expression, with no text around it
        write `a and b`, or `${{ a and b }}`
    » x ${{ inputs.sarif
    expression 6:11: this expression can't be read: `${{` is never closed with `}}`
    » "${{ inputs.sarif }}"
    good
    » 3
    type 6:9: `if` must be an expression, but this is the number 3
    » true
    good
    » inputs.sarif | nofilter
    unknown-filter 6:24: there is no filter or test `nofilter`
    "#);
}
