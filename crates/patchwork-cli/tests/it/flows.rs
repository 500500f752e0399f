//! Patchflows of the user's own: found, checked in one go, run with every word of the language.

use insta::assert_snapshot;
use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn ten_faults_are_told_at_once() {
    let world = World::new();
    world.repo.write(
        "ten.yml",
        r#"name: Ten
inputs:
  severity: { type: strng, default: low }
  key: { secret: true, default: x }
  url: { receives: [kee] }
steps:
  - id: scan
    uses: ScanRuls
    tiemout: 5m
  - id: scan
    uses: ScanRules
    with: { pths: [src] }
  - uses: ExtractCode
    if: steps.scn.sarif_values
    with: { sarif_values: "${{ inputs.sevrity }}", context_size: many }
  - id: loop
    for_each: ${{ steps.extract_code.files_to_patch | }}
    as: finding
    steps:
      - uses: ./missing.yml
"#,
    );
    assert_snapshot!(world.run(&["check", "ten.yml"]), @r#"
    exit code: 3
    --- stdout
    --- stderr
    error[type]: there is no type `strng`
     --> ten.yml:3:21
      |
    3 |   severity: { type: strng, default: low }
      |                     ^^^^^
      |
      = help: did you mean `string`?

    error[conflict]: a secret can't have a default: it would stand in the file
     --> ten.yml:4:24
      |
    4 |   key: { secret: true, default: x }
      |                        ^^^^^^^
      |
      = help: give it by the environment, the configuration or an option

    error[name]: there is no secret input `kee`
     --> ten.yml:5:21
      |
    5 |   url: { receives: [kee] }
      |                     ^^^
      |
      = help: did you mean `key`?

    error[unknown-step]: there is no step or patchflow `ScanRuls`
     --> ten.yml:8:11
      |
    8 |     uses: ScanRuls
      |           ^^^^^^^^
      |
      = help: did you mean `ScanRules`?

    error[unknown-key]: a node has no key `tiemout`
     --> ten.yml:9:5
      |
    9 |     tiemout: 5m
      |     ^^^^^^^
      |
      = help: did you mean `timeout`?

    error[duplicate-id]: the id `scan` is in use already
      --> ten.yml:10:9
       |
    10 |   - id: scan
       |         ^^^^ first in line 7
       |
       = help: give one of the nodes an `id` of its own

    error[unknown-field]: ScanRules has no input `pths`
      --> ten.yml:12:13
       |
    12 |     with: { pths: [src] }
       |             ^^^^
       |
       = help: did you mean `paths`?

    error[unknown-step-id]: no node `scn` can be seen from here
      --> ten.yml:14:9
       |
    14 |     if: steps.scn.sarif_values
       |         ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `steps.scan`?

    error[unknown-input]: the patchflow has no input `sevrity`
      --> ten.yml:15:32
       |
    15 |     with: { sarif_values: "${{ inputs.sevrity }}", context_size: many }
       |                                ^^^^^^^^^^^^^^
       |
       = help: did you mean `inputs.severity`?

    error[type]: `context_size` must be an integer, but `many` is a string
      --> ten.yml:15:66
       |
    15 |     with: { sarif_values: "${{ inputs.sevrity }}", context_size: many }
       |                                                                  ^^^^

    error[expression]: this expression can't be read: unexpected end of input, expected identifier
      --> ten.yml:17:53
       |
    17 |     for_each: ${{ steps.extract_code.files_to_patch | }}
       |                                                     ^

    error[unreadable]: can't read ./missing.yml: No such file or directory (os error 2)
      --> ten.yml:20:15
       |
    20 |       - uses: ./missing.yml
       |               ^^^^^^^^^^^^^

    12 errors
    "#);
    let faults: Value = {
        let output = world.command(&["check", "ten.yml", "--format", "json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert!(faults[0]["faults"].as_array().unwrap().len() >= 10, "{faults}");
    let told = world.run(&["./ten.yml"]);
    assert!(told.contains("./ten.yml can't be run as it is"), "{told}");
}

/// Every word of the language around steps that are shipped.
const EVERYTHING: &str = r#"name: Everything
summary: Asks about each finding until the model agrees.
inputs:
  model: { type: string, required: true, help: The model. }
  client_base_url: { type: string, required: true, receives: [openai_api_key], help: Where it is. }
  openai_api_key: { secret: true, help: A key. }
  tries: { type: integer, minimum: 1, default: 3, help: Questions for each finding. }
steps:
  - id: scan
    uses: ScanRules
    timeout: 5m
    retry: { attempts: 2, delay: 1ms }
  - uses: ExtractCode
    with: { vulnerability_limit: 0 }
  - id: answers
    if: steps.extract_code.files_to_patch
    for_each: steps.extract_code.files_to_patch
    as: finding
    max_parallel: 2
    steps:
      - id: asking
        repeat: ${{ inputs.tries }}
        until: "'yes' in steps.ask.answer"
        steps:
          - id: ask
            uses: ./parts/ask.yml
            with: { question: "Round ${{ round }}: ${{ finding.uri }}?" }
        outputs:
          answer: ${{ steps.ask.answer }}
          before: ${{ previous.answer if previous else "nothing" }}
    outputs:
      file: ${{ finding.uri }}
      last: ${{ steps.asking.answer }}
      before: ${{ steps.asking.before }}
      rounds: ${{ steps.asking.rounds }}
  - id: broken
    continue_on_error: true
    uses: PreparePrompt
    with: { prompt_template_file: none.json, prompt_id: fix, prompt_values: [] }
  - id: never
    if: steps.broken.outcome != "failed"
    uses: ScanRules
finally:
  - id: last
    uses: ScanRules
    with: { paths: [README.md] }
outputs:
  answers: ${{ steps.answers.items }}
  broken: ${{ steps.broken.error.message }}
  never: ${{ steps.never.outcome }}
"#;

const ASK: &str = r#"name: Ask
inputs:
  question: { type: string, required: true }
  model: { type: string }
  client_base_url: { type: string }
steps:
  - uses: CallLLM
    with: { prompts: [[{ role: user, content: "${{ inputs.question }}" }]] }
outputs:
  answer: ${{ steps.call_llm.openai_responses[0] }}
"#;

#[test]
fn every_word_of_the_language_runs_with_shipped_steps() {
    // The model agrees in the second round.
    let server = ModelServer::start(|request| {
        Reply::text(if request.user().contains("Round 1") { "yes" } else { "hardly" })
    });
    let world = World::new();
    world.repo.write("flows/Everything/patchflow.yml", EVERYTHING);
    world.repo.write("flows/Everything/parts/ask.yml", ASK);
    world.repo.write("lib.py", "import os\nos.chmod(\"x\", 0o777)\n");
    world.repo.commit("a second weakness");
    let url = format!("client_base_url={}", server.openai_url());
    let args = ["Everything", "--config", "flows", "model=m", &url, "--format", "json", "--quiet"];
    let results: Value = serde_json::from_str(&world.stdout(&args)).unwrap();
    let answered = |file| json!({"file": file, "last": "yes", "before": "hardly", "rounds": 2});
    assert_eq!(results["outputs"]["answers"], json!([answered("app.py"), answered("lib.py")]));
    assert!(results["outputs"]["broken"].as_str().unwrap().contains("none.json"), "{results}");
    assert_eq!(results["outputs"]["never"], "skipped");
    assert_eq!(server.count(), 4);
    let shown = world.stdout(&["runs", "show", results["id"].as_str().unwrap()]);
    assert!(shown.contains("last "), "the end is reached: {shown}");
}

#[test]
fn patchflows_of_a_folder_are_found_listed_and_run_by_name() {
    let world = World::new();
    let flow = |name: &str| format!("name: {name}\nsummary: Flow {name}.\nsteps: [{{ uses: ScanRules }}]\n");
    world.repo.write("flows/First/patchflow.yml", flow("First"));
    world.repo.write("flows/Second.yml", flow("Second"));
    world.repo.write("flows/patchflows/Third/patchflow.yml", flow("Third"));
    let listed = world.stdout(&["-l", "--config", "flows"]);
    for name in ["First", "Second", "Third"] {
        assert!(
            listed.lines().any(|line| line.starts_with(name) && line.ends_with(&format!("Flow {name}."))),
            "{listed}"
        );
        let told = world.run(&[name, "--config", "flows", "--plain"]);
        assert!(told.starts_with("exit code: 0") && told.contains(&format!("{name} run ")), "{told}");
        let help = world.stdout(&[name, "--help", "--config", "flows"]);
        assert!(help.contains(&format!("Flow {name}.")), "{help}");
    }
    let told = world.run(&["Frist", "--config", "flows"]);
    assert!(told.contains("did you mean `First`?"), "{told}");
}

#[test]
fn what_is_ejected_gives_the_same_result_as_what_is_shipped() {
    let results = |ejected: bool| {
        // Anything but four sections is asked for again, so the rejected finding has a reason to be compared.
        let server = ModelServer::start(|_| Reply::text("no sections here"));
        let world = World::new();
        world.repo.write("list.py", "import subprocess\nsubprocess.run(\"ls \" + path, shell=True)\n");
        world.repo.commit("a weakness that no rule fixes");
        let url = format!("client_base_url={}", server.openai_url());
        let mut args = vec![
            "AutoFix",
            "scanner=rules",
            "disable_pr=true",
            "model=m",
            &url,
            "--format",
            "json",
            "--quiet",
        ];
        if ejected {
            world.stdout(&["eject", "AutoFix", "--dir", "flows/AutoFix"]);
            args.extend(["--config", "flows"]);
        }
        let results: Value = serde_json::from_str(&world.stdout(&args)).unwrap();
        let diff = world.repo.git(&["diff", "main", "autofix-main"]);
        let asked: Vec<String> = server.requests().iter().map(|request| request.user().to_owned()).collect();
        let mut outputs = results["outputs"].clone();
        // A commit's date is that of its run.
        outputs["commits"] = Value::Null;
        for tried in outputs["remaining"][0]["tries"].as_array_mut().unwrap() {
            tried["ms"] = Value::Null;
        }
        (outputs, diff, asked)
    };
    let (shipped, ejected) = (results(false), results(true));
    assert_eq!(shipped, ejected);
    assert_eq!(shipped.0["counts"]["fixed"], 1);
    assert_eq!(shipped.2.len(), 2);
}

#[test]
fn results_that_can_not_be_written_are_found_out_before_the_run() {
    let world = World::new();
    for file in ["none/out.json", "."] {
        let told = world.run(&["AutoFix", "scanner=rules", "--output", file]);
        assert!(told.starts_with("exit code: 2") && told.contains("hint: name a file in a folder"), "{told}");
    }
    assert_eq!(world.stdout(&["runs", "--format", "json"]), "[]\n");
}

#[test]
fn the_schema_of_patchflows_knows_the_words_and_the_steps() {
    let schema: Value = serde_json::from_str(&World::new().stdout(&["schema"])).unwrap();
    let text = schema.to_string();
    for word in
        ["for_each", "max_parallel", "until", "continue_on_error", "finally", "receives", "ScanSemgrep"]
    {
        assert!(text.contains(&format!("\"{word}\"")), "{word}");
    }
}
