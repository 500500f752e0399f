//! A diff of any text: it is read or refused, and what was read is written and read the same way again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patchwork_core::change::{self, FileChange, Side};

fuzz_target!(|text: &str| {
    if let Ok(hunks) = change::read_hunks(text) {
        for hunk in &hunks {
            assert!(hunk.numbered().all(|line| line.new.is_none_or(|number| hunk.holds(Side::New, number))));
        }
    }
    let Ok(files) = change::read_diff(text) else { return };
    for file in files.iter().filter(|file| file.left_out.is_none() && !file.path.is_empty()) {
        let again = change::read_diff(&file.to_unified()).expect("what is written is read");
        let lines = |file: &FileChange| (file.hunks.clone(), file.additions, file.deletions);
        assert_eq!(again.first().map(lines), Some(lines(file)));
    }
});
