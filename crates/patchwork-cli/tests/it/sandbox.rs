//! The helper of the sandbox, called by someone who is not the binary itself.

use std::process::Stdio;

use crate::world::World;

#[test]
fn the_helper_is_no_command_and_does_nothing_without_an_order() {
    let world = World::new();
    assert!(!world.stdout(&["--help"]).contains("__sandbox"));
    for args in [&["__sandbox"][..], &["__sandbox", "inside"], &["__sandbox", "inside", "sh"]] {
        let output = world.command(args).stdin(Stdio::null()).output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()), "{args:?}");
    }
}
