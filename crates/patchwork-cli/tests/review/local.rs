//! A branch that is reviewed without any forge.

use patchwork_core::port::forge::ForgeKind;

use crate::world::World;

const CLEAN: &str = "def one():\n    return 1\n\n\ndef two():\n    return 2\n";

#[test]
fn a_branch_is_reviewed_and_the_review_is_printed() {
    let world = World::new(ForgeKind::GitHub, &[("a.py", CLEAN)]);
    world.repo.git(&["checkout", "-q", "-b", "feature"]);
    world.repo.write("a.py", CLEAN.replace("return 2", "return 2  # TODO-logic"));
    world.repo.commit("A change");
    let sarif = world.repo.beside("review.sarif");
    let mut args =
        vec!["PRReview".to_owned(), "base=main".to_owned(), format!("sarif_file={}", sarif.display())];
    args.extend(world.model_args());

    let ran = world.run(&args);

    ran.assert_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    a.py:6  high  logic (90 % sure)
        logic goes wrong
        It goes wrong when it is run.
        |     return 2  # TODO-logic

    1 finding in 1 file: 1 high.
      a.py: changes a.py
    ");
    let sarif: serde_json::Value = serde_json::from_slice(&std::fs::read(sarif).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "logic");
    assert_eq!(world.asked(), 2);
    assert_eq!(world.forge.requests().len(), 0, "no forge is asked");
    args.push("fail_on=high".to_owned());
    world.run(&args).assert_code(10);
    world.assert_fair();
}

#[test]
fn what_is_printed_gives_no_orders_to_a_ci_system() {
    let names = ["::warning::x.py", "::add-mask::a.py"];
    let world = World::new(ForgeKind::GitHub, &[(names[0], CLEAN), (names[1], CLEAN)]);
    world.repo.git(&["checkout", "-q", "-b", "feature"]);
    let orders = "# TODO-logic ##vso[task.complete result=Failed;]x ##[add-path]/tmp";
    for name in names {
        world.repo.write(name, CLEAN.replace("return 2", &format!("return 2  {orders}")));
    }
    world.repo.commit("::set-output name=x::y");
    let mut args = vec!["PRReview".to_owned(), "base=main".to_owned()];
    args.extend(world.model_args());

    let ran = world.run(&args);

    ran.assert_code(0);
    let obeyed = |line: &&str| line.trim_start().starts_with("::") || line.contains("##");
    for (what, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let orders: Vec<&str> = text.split(['\n', '\r']).filter(obeyed).collect();
        assert!(orders.is_empty(), "{what}: {orders:#?}");
    }
    for said in [
        ": :warning::x.py:6  high  logic",
        "return 2  # TODO-logic # #vso[task.complete",
        "  : :add-mask::a.py: changes",
    ] {
        assert!(ran.stdout.contains(said), "{said}:\n{}", ran.stdout);
    }
    world.assert_fair();
}

#[test]
fn what_can_not_be_compared_is_said() {
    let world = World::new(ForgeKind::GitHub, &[("a.py", CLEAN)]);
    let run = |base: &str| {
        let mut args = vec!["PRReview".to_owned(), format!("base={base}")];
        args.extend(world.model_args());
        world.run(&args)
    };
    let ran = run("nowhere");
    assert!(
        ran.assert_code(3).stderr.contains("there is no branch, tag or commit \"nowhere\""),
        "{}",
        ran.stderr
    );
    run("--upload-pack=x").assert_code(3);
    assert!(run("main").assert_code(0).stderr.contains("nothing that changed is to be reviewed"));
    assert_eq!(world.asked(), 0);
}
