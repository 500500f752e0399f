//! Outputs as runners print them.

use proptest::prelude::*;

use super::*;

/// What is read of standard output: the names that failed, and how many ran.
fn read_out(out: &str) -> Option<(Vec<String>, Option<u64>)> {
    read(out, "").map(|found| (found.failing.into_iter().collect(), found.ran))
}

#[track_caller]
fn says(out: &str, failing: &[&str], ran: Option<u64>) {
    let failing = failing.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(read_out(out), Some((failing, ran)), "{out}");
}

#[test]
fn python() {
    says(
        "....\n----------------------------------------------------------------------\nRan 4 tests in 0.012s\n\nOK\n",
        &[],
        Some(4),
    );
    says(
        "FE.\n======================================================================\nERROR: test_b (a.test_x.XTest.test_b) (i=1)\n----------------------------------------------------------------------\nTraceback (most recent call last):\nAssertionError: FAIL: not this\n\n======================================================================\nFAIL: test_a (a.test_x.XTest.test_a)\n----------------------------------------------------------------------\n\nRan 3 tests in 1.002s\n\nFAILED (failures=1, errors=1)\n",
        &["test_a (a.test_x.XTest.test_a)", "test_b (a.test_x.XTest.test_b) (i=1)"],
        Some(3),
    );
    says("Ran 0 tests in 0.000s\n\nOK\n", &[], Some(0));
    says(
        "============ test session starts ============\n..  [100%]\n============ 2 passed, 1 skipped in 0.12s ============\n",
        &[],
        Some(2),
    );
    says("2 passed in 0.12s\n", &[], Some(2));
    says("no tests ran in 0.01s\n", &[], Some(0));
    says(
        "F.E\n=========================== short test summary info ============================\nFAILED tests/t.py::test_x[a - b] - AssertionError: assert 1 - 1\nFAILED tests/t.py::T::test_y - ValueError\nERROR tests/u.py\n============ 2 failed, 1 passed, 1 error in 61.50s (0:01:01) ============\n",
        &["tests/t.py::T::test_y", "tests/t.py::test_x[a - b]", "tests/u.py"],
        Some(4),
    );
    assert_eq!(read_out("1 failed, 1 passed in 0.1s\n"), None, "told not to name them");
}

#[test]
fn rust() {
    says(
        "\nrunning 2 tests\ntest tests::a ... ok\ntest tests::b ... FAILED\n\nfailures:\n\n---- tests::b stdout ----\n\nthread 'tests::b' panicked at src/lib.rs:9:9:\nno\n\n\nfailures:\n    tests::b\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\nrunning 1 test\ntest src/lib.rs - f (line 12) ... FAILED\n\nfailures:\n    src/lib.rs - f (line 12)\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s\n",
        &["src/lib.rs - f", "tests::b"],
        Some(3),
    );
    says(
        "running 1 test\ntest tests::loud ... printed by itFAILED\n\nfailures:\n\nfailures:\n    tests::loud\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &["tests::loud"],
        Some(1),
    );
    assert_eq!(read("", "error: could not compile `app` (lib test) due to 1 previous error\n"), None);
    let nextest = "    Starting 2 tests across 1 binary\n        PASS [   0.005s] app tests::a\n        FAIL [   0.004s] app tests::b\n------------\n     Summary [   0.010s] 2 tests run: 1 passed, 1 failed, 0 skipped\n        FAIL [   0.004s] (2/2) app tests::b\n";
    let found = read("", nextest).unwrap();
    assert_eq!(
        (found.failing.into_iter().collect::<Vec<_>>(), found.ran),
        (vec!["app tests::b".to_owned()], Some(2))
    );
}

#[test]
fn go_names_tests_by_their_package() {
    says("ok  \tx/d\t0.002s\n?   \tx/e\t[no test files]\n", &[], None);
    says(
        "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/sub_one (0.00s)\n        x_test.go:6: no\nFAIL\nFAIL\tx\t0.002s\n--- FAIL: TestC (0.00s)\npanic: oh [recovered]\n\tpanic: oh\n\ngoroutine 6 [running]:\nFAIL\tx/b\t0.004s\nFAIL\tx/c [build failed]\nok  \tx/d\t(cached)\nFAIL\n",
        &["x TestA", "x TestA/sub_one", "x/b", "x/b TestC", "x/c"],
        None,
    );
    says(
        "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tx\t0.002s\n",
        &["x TestB"],
        Some(2),
    );
}

#[test]
fn javascript() {
    says(
        "TAP version 13\n# Subtest: fine\nok 1 - fine\n# Subtest: todo one\nnot ok 2 - todo one # TODO\n# Subtest: a suite\n    # Subtest: breaks\n    not ok 1 - breaks\n      ---\n      error: '1 == 2'\n      ...\n    # Subtest: is fine\n    ok 2 - is fine\n    1..2\nnot ok 3 - a suite\n1..3\n# tests 4\n# fail 1\n",
        &["a suite", "a suite > breaks"],
        Some(5),
    );
    says(
        "✔ fine (1.2ms)\n✖ todo one (0.3ms) # TODO\n▶ a suite\n  ✖ breaks (13.5ms)\n    AssertionError [ERR_ASSERTION]: 1 == 2\n  ✔ is fine (0.2ms)\n✖ a suite (16.9ms)\nℹ tests 4\nℹ suites 1\nℹ pass 2\nℹ fail 1\n\n✖ failing tests:\n\ntest at t.test.js:5:29\n✖ breaks (13.5ms)\n",
        &["breaks"],
        Some(4),
    );
    let jest = "PASS src/b.test.js\nFAIL src/a.test.js (5.1 s)\n  suite\n    ✓ fine (2 ms)\n    ✕ breaks (1 ms)\n\n  ● suite › breaks\n\n    expect(received).toBe(expected)\n\nTest Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 2 passed, 3 total\nSnapshots:   0 total\nTime:        0.5 s\n";
    let found = read("", jest).unwrap();
    assert_eq!(
        (found.failing.into_iter().collect::<Vec<_>>(), found.ran),
        (vec!["src/a.test.js › suite › breaks".to_owned()], Some(3))
    );
    says(
        " ❯ src/a.test.ts (2 tests | 1 failed) 5ms\n\n⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯\n\n FAIL  src/a.test.ts > suite > breaks\nAssertionError: expected 1 to be 2\n\n Test Files  1 failed (1)\n      Tests  1 failed | 1 passed (2)\n   Start at  10:00:00\n",
        &["src/a.test.ts > suite > breaks"],
        Some(2),
    );
    says(
        "\n  suite\n    ✔ fine\n    1) breaks\n\n\n  1 passing (4ms)\n  1 failing\n\n  1) suite\n       breaks:\n\n      AssertionError [ERR_ASSERTION]: 1 == 2\n      + expected - actual\n\n",
        &["suite > breaks"],
        Some(2),
    );
    says("\n  2 passing (4ms)\n\n", &[], Some(2));
}

#[test]
fn java() {
    says(
        "[INFO] Running a.AppTest\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.05 s <<< FAILURE! -- in a.AppTest\n[ERROR] a.AppTest.breaks -- Time elapsed: 0.01 s <<< FAILURE!\norg.opentest4j.AssertionFailedError: no\n[INFO] Results:\n[ERROR] Failures: \n[ERROR]   AppTest.breaks:15 no\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n[INFO] BUILD FAILURE\n",
        &["a.AppTest.breaks"],
        Some(3),
    );
    says(
        "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.05 s -- in a.AppTest\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n",
        &[],
        Some(2),
    );
    assert_eq!(read_out("[ERROR] COMPILATION ERROR : \n[INFO] BUILD FAILURE\n"), None);
    says(
        "> Task :test FAILED\n\nAppTest > breaks FAILED\n    org.opentest4j.AssertionFailedError at AppTest.java:9\n\n3 tests completed, 1 failed\n\nFAILURE: Build failed with an exception.\n",
        &["AppTest > breaks"],
        Some(3),
    );
}

#[test]
fn ruby_php_and_dotnet() {
    says(
        "Run options: --seed 33852\n\n# Running:\n\nSE.F\n\n  1) Error:\nATest#test_b:\nRuntimeError: x\n    a_test.rb:5:in `test_b'\n\n  2) Failure:\nATest#test_a [a_test.rb:4]:\nExpected: 1\n  Actual: 2\n\n4 runs, 2 assertions, 1 failures, 1 errors, 1 skips\n",
        &["ATest#test_a", "ATest#test_b"],
        Some(3),
    );
    says(
        "Failure: test_a(ATest): <1> expected but was <2>.\n3 tests, 3 assertions, 1 failures, 0 errors, 0 pendings, 0 omissions, 0 notifications\n",
        &["test_a(ATest)"],
        Some(3),
    );
    says(
        "F.\n\nFailures:\n\n  1) A does b\n     Failure/Error: expect(1).to eq 2\n\nFinished in 0.01 seconds (files took 0.1 seconds to load)\n2 examples, 1 failure\n\nFailed examples:\n\nrspec ./spec/a_spec.rb:12 # A does b\n",
        &["./spec/a_spec.rb A does b"],
        Some(2),
    );
    says(
        "There was 1 failure:\n\n1) ATest::testB\nFailed asserting that false is true.\n\nFAILURES!\nTests: 3, Assertions: 3, Failures: 1.\n",
        &["ATest::testB"],
        Some(3),
    );
    says("OK (3 tests, 5 assertions)\n", &[], Some(3));
    says(
        "  Failed A.B.Breaks [12 ms]\n  Error Message:\n   no\nFailed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: 25 ms - A.dll (net8.0)\n",
        &["A.B.Breaks"],
        Some(3),
    );
}

#[test]
fn a_runner_that_found_no_test_ran_none() {
    for out in [
        "?   \tx/e\t[no test files]\n",
        "ok  \tx\t0.002s [no tests to run]\n?   \tx/e\t[no test files]\n",
        "No tests found, exiting with code 0\n",
        "[INFO] No tests to run.\n[INFO] BUILD SUCCESS\n",
        "> Task :test NO-SOURCE\n\nBUILD SUCCESSFUL in 1s\n",
        "No tests executed!\n",
        "\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n",
        "\n  0 passing (2ms)\n",
        "ℹ tests 0\nℹ fail 0\n",
    ] {
        says(out, &[], Some(0));
    }
    for out in ["> Task :a:test NO-SOURCE\n> Task :b:test\n", "[INFO] BUILD SUCCESS\n"] {
        assert_eq!(read_out(out), None, "{out}");
    }
    let modules = "[INFO] No tests to run.\n[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n";
    says(modules, &[], Some(2));
}

#[test]
fn what_is_no_runners_is_not_read() {
    for text in
        ["", "FAIL: x\n", "make: *** [test] Error 1\n", "error: 3 tests are bad in 1s\n", "Tests: all\n"]
    {
        assert_eq!(read(text, text), None, "{text}");
    }
}

#[test]
fn an_endless_list_is_bounded() {
    let names: String = (0..100_000).map(|n| format!("FAIL: test_{n} {}\n", "x".repeat(400))).collect();
    let found = read(&format!("{names}Ran 1 test in 1s\n"), "").unwrap();
    assert_eq!(found.failing.len(), MAX_NAMES);
    assert!(found.failing.iter().all(|name| name.len() <= MAX_NAME));
}

proptest! {
    #[test]
    fn nothing_breaks_the_readers(text in "(?s).{0,200}", words in proptest::collection::vec(
        prop_oneof![
            Just("FAIL: "), Just("FAILED "), Just("not ok"), Just("1..9999999999999999999999"), Just("Ran 99999999999999999999 tests in "),
            Just("test result: "), Just("--- FAIL: "), Just("FAIL\t"), Just("ℹ fail "), Just("  ● "), Just("Tests:"), Just("\n"),
            Just(" ... FAILED"), Just("failures:"), Just("<<< FAILURE!"), Just("Tests run:"), Just(" 18446744073709551615 passed"), Just("1) "),
            Just(" [ "), Just("] "), Just("é"),
        ], 0..40)) {
        let odd: String = words.concat();
        let _ = read(&text, &odd);
        let _ = read(&odd, &text);
    }
}
