//! .NET: `dotnet test`.

use super::{Names, Outcomes, number_after};

/// `  Failed Space.Class.Name [12 ms]`, at the end of each project `Failed!  - Failed:     1, Passed:     2, …`.
pub(super) fn test(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    for line in text.lines() {
        let content = line.trim_start();
        if content.starts_with("Failed!") || content.starts_with("Passed!") {
            let failures = number_after(content, "Failed:").unwrap_or(0);
            failed += failures;
            ran = super::sum(ran, Some(failures + number_after(content, "Passed:").unwrap_or(0)));
        } else if let Some(name) = content.strip_prefix("Failed ")
            && let Some((name, time)) = name.rsplit_once(" [")
            && time.ends_with(']')
        {
            names.add(name);
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.each(), ran: Some(ran) })
}
