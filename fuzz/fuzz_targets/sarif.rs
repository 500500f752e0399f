//! A report of any bytes: it is read or refused, and what stays of it is read the same way again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patchwork::sarif::{self, Files};
use patchwork_core::failure::Failure;

/// A repository in which every relative path is a file of three lines.
struct Any;

impl Files for Any {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        match place.starts_with('/') || place.contains("..") || place.contains(':') {
            true => Err(Failure::refused("outside")),
            false => Ok(place.to_owned()),
        }
    }

    fn lines(&self, _: &str, start: u32, end: u32) -> Option<String> {
        (1..=3).contains(&start).then(|| "line\n".repeat(end.clamp(start, 3) as usize - start as usize + 1))
    }

    fn ending_with(&self, name: &str) -> Vec<String> {
        vec![format!("src/{name}")]
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(log) = sarif::parse(bytes, "report") else { return };
    let report = sarif::read(&log, &Any);
    let again = sarif::slimmed(log.clone(), "report").expect("what was read once is read again");
    assert_eq!(again, log);
    let report = report.expect("what was parsed is a report");
    for finding in &report.findings {
        assert!(finding.start_line >= 1 && finding.start_line <= finding.end_line);
        assert!(!finding.path.starts_with('/') && !finding.path.contains(".."));
    }
});
