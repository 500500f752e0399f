use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use patchwork_core::failure::FailureKind;
use patchwork_core::port::process::{Output, ProcessError};
use patchwork_core::port::trial::{Isolation, TrialCommand, Trials};
use patchwork_testkit::context::TestContext;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::steps::code::verify_patch::VerifyPatch;
use crate::steps::scan::fixture::Fixture;

/// What a command does in a trial with these texts as changes, the n-th time (from 0) that it runs there.
type Script = dyn Fn(&str, &str, usize) -> Result<(i32, String), ProcessError> + Send + Sync;

/// Trials whose programs do what a script says, and that count what they ran.
#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    sound: bool,
    ran: Arc<Mutex<Vec<String>>>,
    kept: Arc<Mutex<BTreeMap<String, Layer>>>,
}

struct ScriptedTrial {
    trials: Scripted,
    changes: String,
    times: Mutex<BTreeMap<String, usize>>,
}

#[async_trait]
impl Trial for ScriptedTrial {
    fn root(&self) -> &Path {
        Path::new("/trial/7")
    }

    async fn write(&self, _: &[Change]) -> Result<(), Failure> {
        Ok(())
    }

    async fn run(&self, command: &TrialCommand, _: &CancellationToken) -> Result<Output, ProcessError> {
        // Behind what makes lent programs found.
        let line = command.line.lines().last().unwrap_or_default();
        let number = {
            let mut times = self.times.lock().unwrap();
            let number = times.entry(line.to_owned()).or_default();
            *number += 1;
            *number - 1
        };
        self.trials.ran.lock().unwrap().push(format!("{line} {}", self.changes).trim().to_owned());
        let (code, text) = (self.trials.script)(line, &self.changes, number)?;
        Ok(Output { code: Some(code), stdout: text.into_bytes(), stderr: Vec::new(), truncated: false })
    }

    async fn freeze(self: Box<Self>) -> Result<Layer, Failure> {
        Ok(Layer(Arc::new(())))
    }
}

#[async_trait]
impl Trials for Scripted {
    async fn isolation(&self) -> Isolation {
        let missing = if self.sound { Vec::new() } else { vec!["there is no Landlock".to_owned()] };
        Isolation { copies: "copy".into(), walls: Vec::new(), missing, sound: self.sound }
    }

    async fn open(&self, changes: &[Change], _: Option<&Layer>) -> Result<Box<dyn Trial>, Failure> {
        let text = |change: &Change| String::from_utf8(change.content.clone().unwrap_or_default()).unwrap();
        let changes = changes.iter().map(text).collect::<Vec<_>>().join("+");
        Ok(Box::new(ScriptedTrial { trials: self.clone(), changes, times: Mutex::default() }))
    }

    fn kept(&self, name: &str) -> Option<Layer> {
        self.kept.lock().unwrap().get(name).cloned()
    }

    fn keep(&self, name: &str, layer: Layer) {
        self.kept.lock().unwrap().insert(name.to_owned(), layer);
    }
}

struct World {
    test: TestContext,
    trials: Scripted,
    _fixture: Fixture,
}

impl World {
    async fn new(
        script: impl Fn(&str, &str, usize) -> Result<(i32, String), ProcessError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(script, true).await
    }

    async fn of(
        script: impl Fn(&str, &str, usize) -> Result<(i32, String), ProcessError> + Send + Sync + 'static,
        sound: bool,
    ) -> Self {
        let fixture = Fixture::new(&[("a.txt", "a\n")]).await;
        let trials = Scripted { script: Arc::new(script), sound, ran: Arc::default(), kept: Arc::default() };
        let test = fixture.test.clone().trials(Arc::new(trials.clone()));
        Self { test, trials, _fixture: fixture }
    }

    fn ctx(&self) -> Context {
        self.test.context_for(&VerifyPatch)
    }

    async fn open(&self, options: &VerifyOptions) -> Result<Ladder, Failure> {
        Ladder::open(&self.ctx(), options).await.map(Option::unwrap).map_err(StepError::into_failure)
    }

    fn ran(&self) -> Vec<String> {
        std::mem::take(&mut self.trials.ran.lock().unwrap())
    }
}

fn options() -> VerifyOptions {
    VerifyOptions { test_command: Some("test".into()), ..VerifyOptions::default() }
}

fn building() -> VerifyOptions {
    VerifyOptions { build_command: Some("build".into()), ..options() }
}

fn change(text: &str) -> Vec<Change> {
    vec![Change { path: "a.txt".into(), content: Some(text.as_bytes().to_vec()) }]
}

/// What unittest prints when these tests fail.
fn failing(names: &[&str]) -> Result<(i32, String), ProcessError> {
    let list: String = names.iter().map(|name| format!("FAIL: {name}\n")).collect();
    Ok((i32::from(!names.is_empty()), format!("{list}Ran 10 tests in 0.1s\n")))
}

async fn tests_of(world: &World, ladder: &Ladder, text: &str) -> Seen {
    ladder.judge(&world.ctx(), &change(text)).await.unwrap().tests.unwrap()
}

#[tokio::test]
async fn without_walls_nothing_is_run_but_by_the_users_word() {
    let world = World::of(|_, _, _| failing(&[]), false).await;
    let failure = world.open(&options()).await.err().unwrap();
    assert_eq!(
        (failure.kind, failure.causes),
        (FailureKind::Refused, vec!["there is no Landlock".to_owned()])
    );
    assert!(failure.hints[0].contains("--sandbox off"), "{:?}", failure.hints);
    assert_eq!(world.ran(), [""; 0]);
    let sandbox = crate::verify::SandboxChoice::Off;
    world.open(&VerifyOptions { sandbox, ..options() }).await.unwrap();
    assert!(world.test.warnings()[0].contains("not held in"), "{:?}", world.test.warnings());
}

#[tokio::test]
async fn what_was_found_out_is_not_run_again() {
    let world = World::new(|line, changes, _| {
        failing(if line == "test" && changes.contains("bad") { &["x"] } else { &[] })
    })
    .await;
    let ladder = world.open(&building()).await.unwrap();
    assert_eq!((ladder.highest(), world.ran()), (Level::L3, vec!["build".to_owned(), "test".to_owned()]));
    let all = vec![change("good"), change("bad")];
    let judged = ladder.judge_all(&world.ctx(), all.clone()).await.unwrap();
    assert_eq!(judged[0].broken(), None);
    assert_eq!(judged[1].broken().unwrap().detail, "a test fails that passed before: x");
    assert_eq!(world.ran().iter().filter(|line| line.as_str() == "test bad").count(), TEST_RUNS, "not flaky");

    let again = world.open(&building()).await.unwrap();
    assert_eq!(again.judge_all(&world.ctx(), all.clone()).await.unwrap(), judged);
    assert_eq!(world.ran(), [""; 0]);

    // Another process on the run has the words, but not what was built.
    world.trials.kept.lock().unwrap().clear();
    let resumed = world.open(&building()).await.unwrap();
    resumed.judge(&world.ctx(), &change("more")).await.unwrap();
    assert_eq!(world.ran(), ["build", "build more", "test more"]);

    // A replay runs nothing at all.
    let replay = world.test.clone().trials(Arc::new(patchwork_core::port::trial::NoTrials));
    let ctx = replay.context_for(&VerifyPatch);
    let ladder = Ladder::open(&ctx, &building()).await.unwrap().unwrap();
    assert_eq!(ladder.judge_all(&ctx, all).await.unwrap(), judged);
    // Neither does a plan, which has no record.
    let plan = TestContext::new().checkout(world._fixture.checkout.clone());
    assert!(Ladder::open(&plan.context_for(&VerifyPatch), &building()).await.unwrap().is_none());
}

#[tokio::test]
async fn only_what_a_change_breaks_counts() {
    let world = World::new(|_, changes, number| match (changes, number) {
        // Two fail always, one at times.
        ("", 0) => failing(&["old", "older", "moody"]),
        ("", _) => failing(&["old", "older"]),
        ("same", _) => failing(&["old", "older"]),
        ("moody", _) => failing(&["old", "moody"]),
        ("worse", _) => failing(&["old", "new"]),
        ("at times", 0) => failing(&["old", "new"]),
        ("at times", _) => failing(&["old"]),
        ("crash", _) => Ok((1, "Traceback\n".into())),
        ("fewer", _) => Ok((0, "Ran 9 tests in 0.1s\n".into())),
        ("fewer and old", _) => Ok((1, "FAIL: old\nRan 9 tests in 0.1s\n".into())),
        // What ends the runner while it loads the tests.
        ("exit", _) => Ok((0, String::new())),
        ("forged", _) => Ok((0, "\u{1b}[32mok 1 - fine\u{1b}[0m\n999 passed\n".into())),
        ("swallowed", _) => Ok((0, "FAIL: new\nRan 10 tests in 0.1s\n".into())),
        ("others each time", number) => failing(&["old", &format!("new{number}")]),
        ("mended", _) => failing(&[]),
        _ => panic!("{changes}"),
    })
    .await;
    let ladder = world.open(&options()).await.unwrap();
    let warnings = world.test.warnings().join("\n");
    assert!(warnings.contains("not counted: old, older"), "{warnings}");
    assert!(warnings.contains("at times without any change: moody"), "{warnings}");
    for (text, verdict, words) in [
        ("same", Verdict::Held, "10 ran, 2 failed before as well"),
        ("moody", Verdict::Held, "10 ran"),
        ("mended", Verdict::Held, "10 ran"),
        ("worse", Verdict::Broken, "a test fails that passed before: new"),
        ("at times", Verdict::Held, "flaky: new failed once"),
        ("crash", Verdict::Broken, "the test command ended with code 1"),
        ("fewer", Verdict::Broken, "only 9 of 10 tests ran"),
        ("fewer and old", Verdict::Broken, "only 9 of 10 tests ran"),
        ("exit", Verdict::Broken, "it does not say any more how many tests ran: 10 were to run"),
        ("forged", Verdict::Broken, "it does not say any more how many tests ran"),
        ("swallowed", Verdict::Broken, "a test fails that passed before: new"),
        (
            "others each time",
            Verdict::Broken,
            "each run of the tests fails, in other tests: new0, new1, new2",
        ),
    ] {
        let seen = tests_of(&world, &ladder, text).await;
        assert_eq!(seen.verdict, verdict, "{text}: {seen:?}");
        assert!(seen.detail.contains(words), "{text}: {seen:?}");
    }
}

#[tokio::test]
async fn a_command_that_runs_no_test_shows_nothing() {
    for (code, text) in [(0, "\nRan 0 tests in 0.000s\n\nOK\n"), (5, "no tests ran in 0.01s\n")] {
        let world = World::new(move |_, _, _| Ok((code, text.into()))).await;
        let ladder = world.open(&options()).await.unwrap();
        assert_eq!(ladder.highest(), Level::L0, "{text}");
        assert!(world.test.warnings()[0].ends_with("no test ran"), "{:?}", world.test.warnings());
        let seen = tests_of(&world, &ladder, "a").await;
        assert_eq!((seen.verdict, seen.detail.as_str()), (Verdict::Unknown, "not judged: no test ran"));
    }
}

#[tokio::test]
async fn a_command_that_loses_the_code_of_its_tests_is_known_by_their_names() {
    let piped = |names: &[&str]| failing(names).map(|(_, text)| (0, text));
    let world = World::new(move |_, changes, number| match changes {
        "" if number == 0 => piped(&["old", "moody"]),
        "" => piped(&["old"]),
        "worse" => piped(&["old", "new"]),
        _ => piped(&["old", "moody"]),
    })
    .await;
    let ladder = world.open(&options()).await.unwrap();
    assert!(world.test.warnings()[0].contains("not counted: old"), "{:?}", world.test.warnings());
    assert_eq!(tests_of(&world, &ladder, "same").await.verdict, Verdict::Held);
    let worse = tests_of(&world, &ladder, "worse").await;
    assert_eq!(worse.detail, "a test fails that passed before: new");
}

#[tokio::test]
async fn a_build_that_failed_before_is_told_and_only_new_errors_count() {
    let world = World::new(|line, changes, _| match (line, changes) {
        ("build", "") => Ok((1, "b.txt:3: error: old\n".into())),
        ("build", "worse") => Ok((1, "b.txt:4: error: old\n/trial/7/a.txt:1: error: new\n".into())),
        ("build", _) => Ok((1, "b.txt:4: error: old\n".into())),
        _ => failing(&[]),
    })
    .await;
    let ladder = world.open(&building()).await.unwrap();
    assert!(world.test.warnings()[0].contains("the build ended with code 1 without any change"));
    let same = ladder.judge(&world.ctx(), &change("same")).await.unwrap();
    assert_eq!(same.build.unwrap().verdict, Verdict::Unknown);
    assert_eq!(same.tests.unwrap().verdict, Verdict::Held);
    let worse = ladder.judge(&world.ctx(), &change("worse")).await.unwrap();
    assert!(worse.broken().unwrap().detail.contains("it brings a new error: a.txt::"), "{worse:?}");
    assert_eq!(worse.tests, None, "what does not build is not tested");
}

#[tokio::test]
async fn each_bad_end_has_its_words() {
    let timed_out =
        || ProcessError::TimedOut { program: "sh".into(), timeout: std::time::Duration::from_secs(600) };
    let world = World::new(move |_, changes, _| match changes {
        "" => failing(&[]),
        "hangs" => Err(timed_out()),
        "killed" => Ok((137, "so far\n".into())),
        "wrote" => Ok((153, String::new())),
        "secret" => Ok((1, format!("the token ghp_{}\n", "0123456789abcdefghijABCDEFGHIJ012345"))),
        _ => Ok((3, format!("{}the end in /trial/7/a.py", "line\n".repeat(10_000)))),
    })
    .await;
    let ladder = world.open(&options()).await.unwrap();
    for (text, words, output) in [
        ("hangs", "did not end within 600 s (`command_timeout`)", ""),
        ("killed", "more memory or processes", "so far"),
        ("wrote", "a larger file", ""),
        ("long", "code 3", "the end in a.py"),
    ] {
        let seen = tests_of(&world, &ladder, text).await;
        assert_eq!(seen.verdict, Verdict::Broken);
        assert!(seen.detail.contains(words), "{seen:?}");
        assert!(seen.output.ends_with(output) && seen.output.chars().count() <= 2_100, "{seen:?}");
    }
    let seen = tests_of(&world, &ladder, "secret").await;
    assert!(!seen.output.contains("0123456789abcdef") && seen.output.starts_with("the token"), "{seen:?}");
}

#[tokio::test]
async fn tests_of_which_none_passes_show_nothing() {
    let world = World::new(|_, changes, _| match changes {
        "" | "other" => Ok((1, "FAIL: test_all (t.T)\nRan 1 test in 0.1s\nFAILED (failures=1)\n".into())),
        _ => failing(&[]),
    })
    .await;
    let ladder = world.open(&options()).await.unwrap();
    assert_eq!(ladder.highest(), Level::L0);
    assert!(world.test.warnings()[0].contains("none of them passes"), "{:?}", world.test.warnings());
    assert_eq!(tests_of(&world, &ladder, "other").await.verdict, Verdict::Unknown);
    assert_eq!(tests_of(&world, &ladder, "mended").await.verdict, Verdict::Held);
}

#[tokio::test]
async fn tests_that_hang_are_not_run_again_for_each_change() {
    let hangs =
        || ProcessError::TimedOut { program: "sh".into(), timeout: std::time::Duration::from_secs(600) };
    let world = World::new(move |_, _, _| Err(hangs())).await;
    let ladder = world.open(&options()).await.unwrap();
    world.ran();
    let seen = tests_of(&world, &ladder, "any").await;
    assert_eq!(seen.verdict, Verdict::Unknown);
    assert!(seen.detail.contains("did not end within 600 s"), "{seen:?}");
    assert_eq!(world.ran(), Vec::<String>::new());
}

#[tokio::test]
async fn no_part_of_a_key_is_shown_wherever_the_output_is_cut() {
    const KEY: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let world = World::new(|_, changes, _| match changes {
        "" => failing(&[]),
        room => Ok((3, format!("{KEY} {}", "-".repeat(room.parse().unwrap())))),
    })
    .await;
    let ladder = world.open(&options()).await.unwrap();
    for room in 1_970..2_000 {
        let seen = tests_of(&world, &ladder, &room.to_string()).await;
        assert!(!seen.output.contains("J012345") && !seen.output.contains("5 -"), "{room}: {seen:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_run_is_an_error_before_anything_else() {
    let world = World::new(|line, _, _| match line {
        "setup" => Ok((1, "no network\n".into())),
        _ => Ok((127, "sh: 1: test: not found\n".into())),
    })
    .await;
    let failure = world.open(&options()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert!(failure.message.contains("`test` (test_command) can't be run"), "{failure}");
    let set_up = VerifyOptions { setup_command: Some("setup".into()), ..options() };
    let failure = world.open(&set_up).await.err().unwrap();
    assert_eq!((failure.kind, failure.causes), (FailureKind::Failed, vec!["no network".to_owned()]));
    assert!(failure.hints[0].contains("--sandbox-network"));
}

#[tokio::test]
async fn bisection_leaves_out_as_few_as_it_can() {
    // Each pair fails together: 2 with 5, and 0 with 7.
    let script = |_: &str, changes: &str, _: usize| {
        let has = |a: &str, b: &str| changes.contains(a) && changes.contains(b);
        failing(if has("c2", "c5") || has("c0", "c7") { &["pair"] } else { &[] })
    };
    let world = World::new(script).await;
    let ladder = world.open(&options()).await.unwrap();
    world.ran();
    let changes_of = |some: &[usize]| {
        let text: String = some.iter().map(|at| format!("c{at};")).collect();
        Ok(change(&text))
    };
    let found = ladder.together(&world.ctx(), 8, changes_of, Judgement::broken).await.unwrap();
    let left_out: Vec<usize> = found.left_out.iter().map(|(at, _)| *at).collect();
    assert_eq!(left_out, [5, 7]);
    assert_eq!(found.judgement.unwrap().broken(), None, "the others were seen together");
    let tried: std::collections::BTreeSet<String> = world.ran().into_iter().collect();
    assert!(tried.len() <= 9, "{tried:?}");
    let one = ladder.together(&world.ctx(), 1, changes_of, Judgement::broken).await.unwrap();
    assert!(one.judgement.is_none());
}

#[tokio::test]
async fn changes_are_judged_on_top_of_another_state() {
    let world = World::new(|line, changes, _| match (line, changes) {
        ("build", "below" | "below+good" | "instead") => Ok((0, String::new())),
        _ => Ok((1, String::new())),
    })
    .await;
    let options = VerifyOptions { test_command: None, ..building() };
    let below = vec![Change { path: "below.txt".into(), content: Some(b"below".to_vec()) }];
    let opened = Ladder::open_on(&world.ctx(), &options, below).await;
    let ladder = opened.map_err(StepError::into_failure).unwrap().unwrap();
    assert_eq!(ladder.build_useless(), None);
    let instead = vec![Change { path: "below.txt".into(), content: Some(b"instead".to_vec()) }];
    let judged = ladder.judge_all(&world.ctx(), vec![change("good"), change("bad"), instead]).await.unwrap();
    let verdicts: Vec<Verdict> = judged.into_iter().map(|seen| seen.build.unwrap().verdict).collect();
    assert_eq!(verdicts, [Verdict::Held, Verdict::Broken, Verdict::Held]);
    let bare = world.open(&options).await.unwrap();
    assert_eq!(bare.build_useless().as_deref(), Some("the build ended with code 1 without any change"));
}
