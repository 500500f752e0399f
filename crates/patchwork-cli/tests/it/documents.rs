//! Patchflow documents: checked, ejected, run.

use crate::world::{World, assert_run};

#[test]
fn a_file_with_faults_tells_all_of_them() {
    let world = World::new();
    world.repo.write(
        "bad.yml",
        "name: Bad\nsteps:\n  - id: scan\n    uses: ScanRuls\n  - uses: ExtractCode\n    with: { severty: high }\n  - \
         uses: CallLLM\n    if: steps.scn.sarif_values\n",
    );
    assert_run!(world.run(&["check", "bad.yml"]));
}

#[test]
fn a_good_file_shows_where_its_inputs_come_from() {
    let world = World::new();
    world.repo.write(
        "good.yml",
        "name: Good\ninputs:\n  severity: { type: string, default: low }\nsteps:\n  - id: scan\n    uses: ScanRules\n  - uses: ExtractCode\n",
    );
    assert_run!(world.run(&["check", "good.yml"]));
    assert_run!(world.run(&["check", "none.yml"]));
}

#[test]
fn what_is_ejected_is_the_shipped_patchflow_and_runs() {
    let world = World::new();
    assert_run!(world.run(&["eject", "AutoFix"]));
    assert_run!(world.run(&["eject", "AutoFix"]));
    let file = "patchflows/AutoFix/patchflow.yml";
    assert_eq!(world.stdout(&["show", "AutoFix"]).as_bytes(), world.repo.read(file));
    let told = world.run(&[file, "scanner=rules", "--dry-run", "--quiet"]);
    assert!(told.starts_with("exit code: 0") && told.contains("+    os.chmod"), "{told}");
}

#[test]
fn the_example_of_the_language_page_is_good() {
    let page = include_str!("../../../../docs/patchflow-language.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let world = World::new();
    world.repo.write("example.yml", example);
    let told = world.run(&["check", "example.yml"]);
    assert!(told.starts_with("exit code: 0") && !told.contains("warning"), "{told}");
}
