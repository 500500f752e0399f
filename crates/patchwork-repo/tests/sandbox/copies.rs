//! Copies of the checkout: each sees its own changes, and nothing reaches the checkout.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::trial::{Trial, Trials as _};
use patchwork_core::run::RunId;

use crate::world::{KERNELS, Kernel, World, changes, command, executable, run, try_run};

/// Files below a folder, as paths relative to it.
fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path().strip_prefix(folder).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn two_trials_at_once_see_their_own_changes_only() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let before = world.files();
        let one = world.open(&[("app.txt", Some("one\n")), ("new/deep.txt", Some("new\n"))]).await;
        let two = world.open(&[("app.txt", Some("two\n")), ("lib/code.txt", None)]).await;
        let line = "cat app.txt; echo made > made-$(cat app.txt); find . -type f | sort";
        let (first, second) = tokio::join!(run(&*one, line), run(&*two, line));
        assert_eq!(
            first.stdout, "one\n./app.txt\n./lib/code.txt\n./made-one\n./new/deep.txt\n",
            "{kernel:?}: {first:?}"
        );
        assert_eq!(second.stdout, "two\n./app.txt\n./made-two\n", "{kernel:?}: {second:?}");
        // A later program of the same trial sees what the one before made.
        assert_eq!(run(&*one, "cat made-one").await.stdout, "made\n", "{kernel:?}");
        assert_eq!(world.files(), before, "{kernel:?}");
    }
}

#[tokio::test]
async fn a_file_that_does_not_change_is_not_copied() {
    let Some(world) = World::with_overlays().await else { return };
    std::fs::write(world.checkout().join("big"), vec![b'x'; 1 << 20]).unwrap();
    let trial = world.open(&[("app.txt", Some("after\n"))]).await;
    let ran = run(&*trial, "wc -c < big; cat lib/code.txt; echo made > lib/made").await;
    assert_eq!(ran.stdout, "1048576\ncode\n", "{ran:?}");
    let copied = files_below(&world.at("state/trials"));
    let names: Vec<&str> = copied
        .iter()
        .filter_map(|path| path.split("/upper/").nth(1)?.split_once('/'))
        .map(|(_, path)| path)
        .collect();
    assert_eq!(names, ["app.txt", "lib/made"]);
}

#[tokio::test]
async fn what_one_trial_builds_is_there_for_the_next() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let before = world.files();
        let first = world.open(&[("app.txt", Some("changed\n")), ("lib/code.txt", None)]).await;
        let line = "mkdir -p target ~/.cache; echo object > target/app.o; echo cached > ~/.cache/x; echo more >> app.txt";
        assert_eq!(run(&*first, line).await.code, Some(0), "{kernel:?}");
        let layer = first.freeze().await.unwrap();
        let second =
            world.trials.open(&changes(&[("lib/code.txt", Some("other\n"))]), Some(&layer)).await.unwrap();
        let line =
            "cat target/app.o ~/.cache/x app.txt lib/code.txt; echo newer > target/app.o; rm -r ~/.cache";
        let ran = run(&*second, line).await;
        assert_eq!(ran.stdout, "object\ncached\nbefore\nother\n", "{kernel:?}: {ran:?}");
        // Layers lie on layers, and none reaches through to another.
        let top = second.freeze().await.unwrap();
        for (layer, expected) in [(&top, "newer\n"), (&layer, "object\n")] {
            let trial = world.trials.open(&[], Some(layer)).await.unwrap();
            let ran = run(&*trial, "cat target/app.o lib/code.txt").await;
            assert_eq!(ran.stdout, format!("{expected}code\n"), "{kernel:?}: {ran:?}");
        }
        assert_eq!(world.files(), before, "{kernel:?}");
    }
}

#[tokio::test]
async fn a_kept_layer_is_found_by_its_name() {
    let world = World::new(Kernel::Whole);
    assert!(world.trials.kept("base").is_none());
    let trial = world.open(&[]).await;
    run(&*trial, "echo x > made").await;
    world.trials.keep("base", trial.freeze().await.unwrap());
    let layer = world.trials.kept("base").unwrap();
    let trial = world.trials.open(&[], Some(&layer)).await.unwrap();
    assert_eq!(run(&*trial, "cat made").await.stdout, "x\n");
}

#[tokio::test]
async fn modes_stay_and_files_come_and_go() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        std::fs::write(world.checkout().join("run.sh"), "echo before\n").unwrap();
        executable(&world.checkout().join("run.sh"));
        let trial = world.open(&[("run.sh", Some("#!/bin/sh\necho after\n"))]).await;
        assert_eq!(run(&*trial, "./run.sh").await.stdout, "after\n", "{kernel:?}");
        trial.write(&changes(&[("run.sh", None), ("lib/code.txt", None)])).await.unwrap();
        assert_eq!(run(&*trial, "find . -type f").await.stdout, "./app.txt\n", "{kernel:?}");
        trial.write(&changes(&[("lib/code.txt", Some("again\n"))])).await.unwrap();
        assert_eq!(run(&*trial, "cat lib/code.txt").await.stdout, "again\n", "{kernel:?}");
        // What is not there can be taken away.
        trial.write(&changes(&[("none", None)])).await.unwrap();
    }
}

#[tokio::test]
async fn a_change_does_not_follow_what_a_program_has_planted() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let before = world.files();
        let trial = world.open(&[]).await;
        let elsewhere = world.at("elsewhere");
        let line = format!("rm -r lib app.txt; ln -s {0} lib; ln -s {0}/secret app.txt", elsewhere.display());
        assert_eq!(run(&*trial, &line).await.code, Some(0), "{kernel:?}");
        let failure = trial.write(&changes(&[("lib/secret", Some("x"))])).await.unwrap_err();
        assert_eq!(failure.message, "`lib/secret` can't be changed in a trial", "{kernel:?}");
        assert!(trial.write(&changes(&[("lib/secret", None)])).await.is_err(), "{kernel:?}");
        // A link at the file's own place is replaced.
        trial.write(&changes(&[("app.txt", Some("after\n"))])).await.unwrap();
        assert_eq!(run(&*trial, "cat app.txt").await.stdout, "after\n", "{kernel:?}");
        trial.freeze().await.unwrap();
        assert_eq!(world.files(), before, "{kernel:?}");
    }
}

#[tokio::test]
async fn places_outside_are_refused() {
    let world = World::new(Kernel::Whole);
    let trial = world.open(&[]).await;
    for path in ["../x", "/etc/x", "a/../../x", "", ".", ".git/config", "./x"] {
        let refused = trial.write(&changes(&[(path, Some("x"))])).await;
        assert_eq!(refused.unwrap_err().message, format!("`{path}` is no place for a file of a trial"));
    }
}

#[tokio::test]
async fn a_trial_goes_with_all_that_it_made() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[]).await;
        // As package caches are made.
        let ran =
            run(&*trial, "mkdir -p cache/a/b; echo x > cache/a/b/c; chmod -R a-w cache; chmod 000 cache/a")
                .await;
        assert_eq!(ran.code, Some(0), "{kernel:?}: {ran:?}");
        let folder: Vec<PathBuf> = folders(&world);
        drop(trial);
        let deadline = Instant::now() + Duration::from_secs(60);
        while folder.iter().any(|folder| folder.exists()) {
            assert!(Instant::now() < deadline, "{kernel:?}: {folder:?} stay");
            tokio::task::yield_now().await;
        }
    }
}

/// The folders of a world's trials.
fn folders(world: &World) -> Vec<PathBuf> {
    let runs = std::fs::read_dir(world.at("state/trials")).unwrap().flatten();
    runs.flat_map(|run| std::fs::read_dir(run.path()).unwrap().flatten()).map(|entry| entry.path()).collect()
}

#[tokio::test]
async fn what_a_killed_process_left_is_swept() {
    let world = World::new(Kernel::Whole);
    for run in ["20260101-000000-aaaaaa", "20260101-000000-bbbbbb", "not a run"] {
        let folder = world.at("state/trials").join(run).join("0/upper");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("x"), "x").unwrap();
    }
    let live = RunId::parse("20260101-000000-bbbbbb").unwrap();
    patchwork_repo::trial::sweep(&world.at("state"), |run| *run == live);
    let mut left: Vec<String> = std::fs::read_dir(world.at("state/trials"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["20260101-000000-bbbbbb", "not a run"]);
}

#[tokio::test]
async fn the_kernel_tells_what_holds() {
    let plain = World::new(Kernel::Plain).trials.isolation().await;
    assert!(plain.sound && plain.walls.ends_with(&["seccomp".to_owned(), "limits".to_owned()]), "{plain:?}");
    assert!(["reflink", "copy"].contains(&plain.copies.as_str()), "{plain:?}");
    assert!(plain.missing.iter().any(|missing| missing.contains("sockets")), "{plain:?}");
    let whole = World::new(Kernel::Whole).trials.isolation().await;
    assert!(whole.sound, "{whole:?}");
}

#[tokio::test]
async fn where_nothing_holds_programs_in_they_run_only_if_the_user_says_so() {
    let world = World::without_sandbox();
    let isolation = world.trials.isolation().await;
    assert!(!isolation.sound && isolation.walls.is_empty() && !isolation.missing.is_empty(), "{isolation:?}");
    let before = world.files();
    let trial = world.open(&[("app.txt", Some("after\n"))]).await;
    let mut line = command("cat app.txt; echo made > made; env | grep -c TOKEN; exit 3");
    let failure = Failure::from(try_run(&*trial, &line).await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.hints[0].contains("sandbox: off"), "{failure:?}");
    line.limits.unsafe_allowed = true;
    let ran = try_run(&*trial, &line).await.unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), "after\n0\n"), "{ran:?}");
    assert_eq!(world.files(), before);
}

#[tokio::test]
async fn odd_names_are_no_obstacle() {
    let Some(world) = World::with_overlays().await else { return };
    let odd = world.checkout().join("a:b,c\\d e\n");
    std::fs::create_dir(&odd).unwrap();
    std::fs::write(odd.join("x"), "odd\n").unwrap();
    let trial: Box<dyn Trial> = world.open(&[]).await;
    assert_eq!(run(&*trial, "cat */x; pwd -P").await.stdout, format!("odd\n{}\n", trial.root().display()));
}
