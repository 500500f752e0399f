//! What there is: patchflows, steps, schemas, the options of a patchflow.

use serde_json::Value;

use crate::world::{World, assert_run};

#[test]
fn patchflows_are_listed_the_shipped_and_the_users_own() {
    let world = World::new();
    world.repo.write("flows/Mine.yml", "name: Mine\nsummary: My own.\nsteps: [{ uses: ScanRules }]\n");
    world.repo.write("flows/Broken.yml", "name: [\n");
    assert_run!(world.run(&["list", "--config", "flows"]));
    assert_eq!(world.stdout(&["--list"]), world.stdout(&["-l"]));
}

#[test]
fn steps_have_pages_and_schemas() {
    let world = World::new();
    let steps = world.stdout(&["list", "--steps", "--format", "json"]);
    let steps: Vec<Value> = serde_json::from_str(&steps).unwrap();
    assert!(steps.len() > 10, "{steps:?}");
    for step in &steps {
        let name = step["name"].as_str().unwrap();
        assert!(!step["summary"].as_str().unwrap().is_empty(), "{name} says nothing about itself");
        let page = world.stdout(&["show", name]);
        assert!(page.starts_with(&format!("# {name}\n")) && page.contains("\n## Output\n"), "{page}");
        let schema: Value = serde_json::from_str(&world.stdout(&["schema", name])).unwrap();
        assert_eq!(schema["step"], *name);
        for line in page.lines().filter(|line| line.starts_with("- `")) {
            assert!(line.contains("): "), "{name}: a field without a description: {line}");
        }
    }
}

#[test]
fn the_page_of_a_step() {
    assert_run!(World::new().run(&["show", "ScanRules"]));
}

#[test]
fn a_step_that_is_none_gets_the_nearest() {
    assert_run!(World::new().run(&["schema", "ScanSemgrp"]));
}

#[test]
fn the_options_of_a_patchflow_come_from_its_inputs() {
    let world = World::new();
    world.repo.write(
        "Mine.yml",
        "name: Mine\nsummary: Scans.\ninputs:\n  limit: { type: integer, default: 3, help: So many at most. }\n  \
         level: { enum: [low, high], required: true, help: From here on. }\n  dry_run: { type: boolean, default: false }\n  \
         openai_api_key: { secret: true, help: A key. }\nsteps:\n  - uses: ScanRules\n    if: inputs.limit > 0 and \
         inputs.level == 'low' and inputs.dry_run and inputs.openai_api_key\n",
    );
    assert_run!(world.run(&["./Mine.yml", "--help"]));
}

#[test]
fn the_options_of_a_patchflow_stand_below_headings_and_can_be_completed() {
    let world = World::new();
    let help = world.stdout(&["AutoFix", "--help"]);
    let place = |text: &str| help.find(text).unwrap_or_else(|| panic!("no {text} in {help}"));
    for (heading, option, next) in [
        ("What is scanned, and which findings count:", "--severity", "How fixes are asked for"),
        ("The model:", "--client_args", "How the model answers:"),
        ("What becomes of the fixes:", "--disable_pr", "Limits of the run"),
        ("Limits of the run", "--max_cost", "Keys of other vendors:"),
    ] {
        assert!(place(heading) < place(option) && place(option) < place(next), "{help}");
    }
    let script = world.stdout(&["completions", "bash"]);
    for word in ["replay", "record", "models", "--max_cost", "--groq_api_key"] {
        assert!(script.contains(word), "{word}");
    }
}
