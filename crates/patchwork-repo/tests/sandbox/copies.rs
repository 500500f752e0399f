//! Copies of the checkout: each sees its own changes, and nothing reaches the checkout.

use patchwork_core::port::trial::Trials as _;

use crate::world::{Kernel, World, run};

#[tokio::test]
async fn the_kernel_tells_what_holds() {
    let whole = World::new(Kernel::Whole).trials.isolation().await;
    let plain = World::new(Kernel::Plain).trials.isolation().await;
    println!("{whole:?}\n{plain:?}");
    assert!(whole.sound && plain.sound);
}

#[tokio::test]
async fn a_program_runs() {
    for kernel in [Kernel::Whole, Kernel::Plain] {
        let world = World::new(kernel);
        let trial = world.open(&[("app.txt", Some("after\n")), ("lib/code.txt", None)]).await;
        let ran = run(&*trial, "cat app.txt; ls; ls lib; pwd; id -u; echo $HOME; exit 3").await;
        println!("{ran:?}");
        assert_eq!(ran.code, Some(3));
        let ran = run(&*trial, "env; tool; ls / ; ls -la /proc/self/fd; cat /proc/mounts | head -40").await;
        println!("{}{}", ran.stdout, ran.stderr);
    }
}
