//! The budget of a run against a vendor that bills: whatever calls run at once, however they fail, whenever the process
//! dies and with whatever limits it is resumed, no limit is passed and no answer is paid for twice.
//!
//! `PROPTEST_CASES` sets the number of cases of each test, `PROPTEST_RNG_SEED` which ones they are.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod careless;
mod case;
mod vendor;
mod world;

use proptest::test_runner::{Config, TestCaseError, TestRunner};

use self::case::Case;
use self::world::World;

fn hold(usual: u32, lives: usize) {
    let given = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: given.unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let held = TestRunner::new(config)
        .run(&Case::any(lives), |case| World::new(case).live_and_die().map_err(TestCaseError::fail));
    if let Err(fault) = held {
        panic!("{fault}");
    }
}

#[test]
fn limits_hold_and_nothing_is_lost_without_deaths() {
    hold(60, 0);
}

#[test]
fn limits_hold_and_nothing_is_paid_twice_over_deaths_and_resumes() {
    hold(60, 4);
}
