use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Command, Finished, Machine, Outcome};
use crate::event::EventBody;
use crate::failure::Failure;
use crate::patchflow::plan::{Binding, Node, NodeKind, Plan, Retry, Source};
use crate::run::NodePath;
use crate::template::{Expr, Template};

fn expr(source: &str) -> Expr {
    Expr::parse(source).unwrap()
}

fn with(text: &str) -> Binding {
    Binding::With(Template::parse(text).unwrap())
}

fn node(id: &str, kind: NodeKind) -> Node {
    Node {
        id: id.to_owned(),
        kind,
        condition: None,
        retry: Retry::default(),
        timeout_ms: None,
        continue_on_error: false,
        outputs: Vec::new(),
    }
}

fn step(id: &str, uses: &str, input: &[(&str, Binding)]) -> Node {
    let input = input.iter().map(|(k, b)| ((*k).to_owned(), b.clone())).collect();
    node(id, NodeKind::Step { uses: uses.to_owned(), input })
}

fn plan(steps: Vec<Node>) -> Plan {
    Plan {
        name: "Test".to_owned(),
        summary: String::new(),
        inputs: Vec::new(),
        steps,
        finally: Vec::new(),
        outputs: Vec::new(),
        prompts: Default::default(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Runs a plan to its end, answering each command with `answer`; the log holds every command.
fn run(
    plan: Plan,
    inputs: Value,
    mut answer: impl FnMut(&str, &Value, u32) -> Outcome,
) -> (Finished, Vec<String>) {
    let mut machine = Machine::new(Arc::new(plan), &object(inputs));
    let mut log = Vec::new();
    let mut queue = machine.ready();
    while !queue.is_empty() {
        let command = queue.remove(0);
        let outcome = match &command {
            Command::Execute { path, uses, input, attempt, .. } => {
                log.push(format!("{path} {uses} {input} #{attempt}"));
                answer(uses, input, *attempt)
            }
            Command::Sleep { path, ms } => {
                log.push(format!("{path} sleep {ms}"));
                Outcome::Slept
            }
        };
        machine.complete(command.path(), outcome);
        queue.extend(machine.ready());
    }
    (machine.finished().cloned().expect("no command is left, so it has ended"), log)
}

fn output(value: Value) -> Outcome {
    Outcome::Completed { output: value }
}

fn failed(retryable: bool) -> Outcome {
    Outcome::Failed { failure: Failure::failed("no"), retryable }
}

#[test]
fn a_sequence_passes_values_by_expression_and_by_wire() {
    let wire = Binding::Wire(vec![
        Source::Input("absent".into()),
        Source::Output { node: "a".into(), field: "n".into() },
    ]);
    let steps = vec![
        step("a", "A", &[("x", with("${{ inputs.x }}"))]),
        step("b", "B", &[("n", wire), ("text", with("n is ${{ steps.a.n }}, ${{ steps.a.outcome }}"))]),
    ];
    let (end, log) =
        run(plan(steps), json!({"x": 1, "absent": null}), |uses, _, _| output(json!({"n": uses.len() + 1})));
    assert_eq!(log, [r#"a A {"x":1} #1"#, r#"b B {"n":2,"text":"n is 2, completed"} #1"#]);
    assert_eq!(end, Finished::Done(json!({"n": 2})));
}

#[test]
fn a_false_condition_skips_and_its_fields_read_as_null() {
    let mut a = step("a", "A", &[]);
    a.condition = Some(expr("inputs.go"));
    let steps =
        vec![a, step("b", "B", &[("n", with("${{ steps.a.n }}")), ("o", with("${{ steps.a.outcome }}"))])];
    let (_, log) = run(plan(steps), json!({"go": false}), |_, _, _| output(json!({})));
    assert_eq!(log, [r#"b B {"o":"skipped"} #1"#]);
}

#[test]
fn for_each_keeps_order_and_its_limit() {
    let inner = step("in", "A", &[("v", with("${{ item }}")), ("i", with("${{ index }}"))]);
    let mut each = node(
        "each",
        NodeKind::ForEach {
            items: expr("inputs.list"),
            var: "item".into(),
            max_parallel: Some(Template::Const(json!(2))),
            steps: vec![inner],
        },
    );
    each.outputs = vec![("double".into(), Template::parse("${{ steps.in.n * 2 }}").unwrap())];
    let inputs = object(json!({"list": [10, 20, 30]}));
    let mut machine = Machine::new(Arc::new(plan(vec![each])), &inputs);

    let first = machine.ready();
    assert_eq!(first.len(), 2);
    // The second ends before the first: results stay in the order of the list.
    machine.complete(first[1].path(), output(json!({"n": 2})));
    let third = machine.ready();
    assert_eq!(third.iter().map(|c| c.path().as_str()).collect::<Vec<_>>(), ["each[2]/in"]);
    machine.complete(first[0].path(), output(json!({"n": 1})));
    machine.complete(third[0].path(), output(json!({"n": 3})));
    let expected = json!({"items": [{"double": 2}, {"double": 4}, {"double": 6}]});
    assert_eq!(machine.finished(), Some(&Finished::Done(expected)));
    let progress: Vec<_> = machine
        .notices()
        .into_iter()
        .filter_map(|(_, body)| match body {
            EventBody::Progress { done, total, .. } => Some((done, total)),
            _ => None,
        })
        .collect();
    assert_eq!(progress, [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn a_failed_iteration_stops_new_ones_but_waits_for_those_under_way() {
    let each = node(
        "each",
        NodeKind::ForEach {
            items: expr("[1, 2, 3]"),
            var: "item".into(),
            max_parallel: Some(Template::Const(json!(2))),
            steps: vec![step("in", "A", &[])],
        },
    );
    let mut machine = Machine::new(Arc::new(plan(vec![each])), &Map::new());
    let first = machine.ready();
    machine.complete(first[0].path(), failed(false));
    assert!(machine.ready().is_empty());
    assert!(machine.finished().is_none());
    machine.complete(first[1].path(), output(json!({})));
    assert!(matches!(machine.finished(), Some(Finished::Failed(failure, _)) if failure.message == "no"));
}

#[test]
fn continue_on_error_lets_the_rest_see_the_error() {
    let mut a = step("a", "A", &[]);
    a.continue_on_error = true;
    let steps = vec![a, step("b", "B", &[("e", with("${{ steps.a.error.message }}"))])];
    let (end, log) =
        run(plan(steps), json!({}), |uses, _, _| if uses == "A" { failed(false) } else { output(json!({})) });
    assert_eq!(log[1], r#"b B {"e":"no"} #1"#);
    assert!(matches!(end, Finished::Done(_)));
}

#[test]
fn repeat_hands_the_outputs_of_a_round_to_the_next() {
    let body = step(
        "work",
        "A",
        &[("todo", with("${{ previous.left if previous else inputs.todo }}")), ("r", with("${{ round }}"))],
    );
    let mut repeat = node(
        "rounds",
        NodeKind::Repeat {
            times: Template::parse("${{ inputs.n + 1 }}").unwrap(),
            until: Some(expr("not steps.work.left")),
            steps: vec![body],
        },
    );
    repeat.outputs = vec![("left".into(), Template::parse("${{ steps.work.left }}").unwrap())];
    let (end, log) = run(plan(vec![repeat]), json!({"todo": [1, 2, 3], "n": 9}), |_, input, _| {
        let mut left = input["todo"].as_array().cloned().unwrap();
        left.pop();
        output(json!({"left": left}))
    });
    assert_eq!(log.len(), 3);
    assert_eq!(log[1], r#"rounds[1]/work A {"todo":[1,2],"r":1} #1"#);
    assert_eq!(end, Finished::Done(json!({"left": [], "rounds": 3})));
}

#[test]
fn retry_waits_twice_as_long_each_time_and_only_for_what_may_pass() {
    let mut a = step("a", "A", &[]);
    a.retry = Retry { attempts: 3, delay_ms: 100 };
    let (end, log) =
        run(
            plan(vec![a.clone()]),
            json!({}),
            |_, _, attempt| {
                if attempt < 3 { failed(true) } else { output(json!({})) }
            },
        );
    assert_eq!(log, ["a A {} #1", "a sleep 100", "a A {} #2", "a sleep 200", "a A {} #3"]);
    assert!(matches!(end, Finished::Done(_)));
    let (end, log) = run(plan(vec![a]), json!({}), |_, _, _| failed(false));
    assert_eq!(log.len(), 1);
    assert!(matches!(end, Finished::Failed(..)));
}

#[test]
fn finally_runs_after_a_failure_and_the_failure_stays() {
    let mut plan = plan(vec![step("a", "A", &[]), step("never", "B", &[])]);
    plan.finally = vec![step("clean", "C", &[("o", with("${{ steps.a.outcome }}"))])];
    plan.outputs = vec![
        ("went".into(), Template::parse("${{ steps.a.outcome }}").unwrap()),
        ("unreached".into(), Template::parse("${{ steps.never.outcome }} ${{ steps.never.n }}").unwrap()),
    ];
    let (end, log) =
        run(plan, json!({}), |uses, _, _| if uses == "A" { failed(false) } else { output(json!({})) });
    assert_eq!(log, ["a A {} #1", r#"clean C {"o":"failed"} #1"#]);
    let outputs = json!({"went": "failed", "unreached": "not_run "});
    assert_eq!(end, Finished::Failed(Failure::failed("no"), outputs));
}

#[test]
fn a_sub_patchflow_has_a_scope_of_its_own() {
    let mut inner = plan(vec![step("x", "X", &[("v", with("${{ inputs.v }}"))])]);
    inner.inputs = vec![crate::patchflow::plan::InputSpec {
        name: "v".into(),
        schema: json!({"type": "integer"}),
        default: json!(7),
        required: false,
        secret: false,
        path: false,
        receives: Vec::new(),
        user_only: false,
        foreign: false,
        heading: String::new(),
        help: String::new(),
    }];
    inner.outputs = vec![("y".into(), Template::parse("${{ steps.x.n }}").unwrap())];
    let steps = vec![
        node("sub", NodeKind::Flow { plan: Box::new(inner), input: vec![] }),
        step("z", "Z", &[("y", with("${{ steps.sub.y }}"))]),
    ];
    let (_, log) = run(plan(steps), json!({}), |_, _, _| output(json!({"n": 5})));
    assert_eq!(log, [r#"sub/x X {"v":7} #1"#, r#"z Z {"y":5} #1"#]);
}

#[test]
fn an_expression_that_fails_names_the_field() {
    let steps = vec![step("a", "A", &[("x", with("${{ inputs.list + 1 }}"))])];
    let (end, log) = run(plan(steps), json!({"list": [1]}), |_, _, _| output(json!({})));
    assert!(log.is_empty());
    let Finished::Failed(failure, _) = end else { panic!("{end:?}") };
    assert_eq!(failure.message, "`with.x` of a can't be evaluated");
}

#[test]
fn the_same_outcomes_give_the_same_commands() {
    let each = node(
        "each",
        NodeKind::ForEach {
            items: expr("range(20)|list"),
            var: "item".into(),
            max_parallel: Some(Template::Const(json!(4))),
            steps: vec![step("in", "A", &[("v", with("${{ item }}"))])],
        },
    );
    let go = || run(plan(vec![each.clone()]), json!({}), |_, input, _| output(json!({"n": input["v"]})));
    assert_eq!(go(), go());
}

#[test]
fn an_unknown_path_changes_nothing() {
    let mut machine = Machine::new(Arc::new(plan(vec![step("a", "A", &[])])), &Map::new());
    let commands = machine.ready();
    machine.complete(&NodePath::from("b"), output(json!({})));
    assert!(machine.finished().is_none());
    machine.complete(commands[0].path(), output(json!({})));
    assert!(machine.finished().is_some());
}
