//! A file of any text in any language: its comments are read, and each counts or is said not to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patchwork::suppressions::Suppressions;

const NAMES: [&str; 8] = ["a.py", "a.js", "a.ts", "A.java", "a.go", "a.rb", "a.php", "a.txt"];

fuzz_target!(|input: (u8, String)| {
    let (name, text) = input;
    let all = Suppressions::default();
    let file = all.in_file(NAMES[usize::from(name) % NAMES.len()], &text);
    for line in 1..=u32::try_from(text.lines().count()).unwrap_or(u32::MAX).saturating_add(1) {
        if let Some(found) = file.of("rule", line) {
            assert!(found.reason.chars().any(char::is_alphanumeric));
        }
    }
    assert!(file.unused().len() <= 1_000 && file.faults().len() <= 1_000);
});
