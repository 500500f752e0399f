//! What a program takes: time, memory, disk, output, processes.

use std::time::Duration;

use patchwork_core::port::process::ProcessError;

use crate::processes::{Mark, assert_none_left};
use crate::world::{KERNELS, World, command, try_run};

#[tokio::test]
async fn a_bomb_of_processes_ends_and_nothing_of_it_is_left() {
    for kernel in KERNELS {
        let (world, mark) = (World::new(kernel), Mark::new());
        let trial = world.open(&[]).await;
        let mut bomb = command(&format!("bomb() {{ bomb | bomb & }}; bomb; sleep {mark}"));
        bomb.limits.processes = 64;
        bomb.timeout = Duration::from_secs(3);
        match try_run(&*trial, &bomb).await {
            // The limit was met by the kernel: whoever waits, waits for ever.
            Err(ProcessError::TimedOut { .. }) => {}
            // The shell could start nothing more, or was ended for it.
            Ok(ran) => assert_ne!(ran.code, Some(0), "{kernel:?}: {ran:?}"),
            Err(error) => panic!("{kernel:?}: {error}"),
        }
        assert_none_left(&mark);
        // And the machine is as it was.
        assert_eq!(world.sh("echo well").await.stdout, "well\n", "{kernel:?}");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    for kernel in KERNELS {
        let (world, mark) = (World::new(kernel), Mark::new());
        let trial = world.open(&[]).await;
        let mut hang = command(&format!("trap '' TERM INT HUP; (sleep {mark}) & sleep {mark}"));
        hang.timeout = Duration::from_millis(700);
        let error = try_run(&*trial, &hang).await.unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{kernel:?}: {error}");
        assert_none_left(&mark);
    }
}

#[tokio::test]
async fn of_a_gigabyte_of_output_the_end_is_kept() {
    let world = World::new(KERNELS[0]);
    let trial = world.open(&[]).await;
    let mut flood = command("yes 'all is well so far' | head -c 1000000000; echo; echo 1 failed");
    flood.max_output = 100;
    let output = trial.run(&flood, &tokio_util::sync::CancellationToken::new()).await.unwrap();
    assert!(output.truncated);
    assert_eq!(output.stdout.len(), 100);
    assert!(output.stdout.ends_with(b"\n1 failed\n"));
}

#[tokio::test]
async fn memory_is_limited() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[]).await;
        let mut eater = command("python3 -c 'print(len(bytearray(1 << 30)))'");
        assert_eq!(try_run(&*trial, &eater).await.unwrap().code, Some(0), "{kernel:?}");
        eater.limits.memory = 256 << 20;
        let ran = try_run(&*trial, &eater).await.unwrap();
        assert!(ran.code == Some(1) && ran.stderr.contains("MemoryError"), "{kernel:?}: {ran:?}");
    }
}

#[tokio::test]
async fn files_are_limited() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[]).await;
        let mut eater = command("yes > big; ls -l big | cut -d' ' -f5");
        eater.limits.file_size = 1 << 20;
        let ran = try_run(&*trial, &eater).await.unwrap();
        assert_eq!(ran.stdout, "1048576\n", "{kernel:?}: {ran:?}");
    }
}
