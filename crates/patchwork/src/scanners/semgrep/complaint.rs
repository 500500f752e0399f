//! What matters of Semgrep's standard error.

/// Lines kept.
const LINES: usize = 12;

/// Characters kept of a line.
const WIDTH: usize = 500;

/// The complaints in what Semgrep printed: without progress boxes, without the frames of Python tracebacks (the error
/// itself stays), each line once, the last of them.
pub(super) fn complaint(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut in_traceback = false;
    for line in text.lines() {
        let bare = line.trim();
        if bare.starts_with("Traceback (most recent call last)") {
            in_traceback = true;
            continue;
        }
        let frame = in_traceback && line.starts_with(char::is_whitespace);
        if frame || bare.is_empty() || is_frame(bare) || is_noise(bare) {
            continue;
        }
        in_traceback = false;
        let short: String = bare.chars().filter(|c| !c.is_control()).take(WIDTH).collect();
        if !kept.contains(&short) {
            kept.push(short);
        }
    }
    let from = kept.len().saturating_sub(LINES);
    kept.get(from..).unwrap_or_default().join("\n")
}

fn is_frame(line: &str) -> bool {
    line.chars().all(|c| ('\u{2500}'..='\u{257F}').contains(&c) || c.is_whitespace())
        || line.starts_with('┌')
        || line.starts_with('│')
}

fn is_noise(line: &str) -> bool {
    line.starts_with("During handling of the above exception")
        || line.starts_with("The above exception was the direct cause")
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn the_error_stays_and_the_frames_go() {
        let text = "┌─────────────┐\n│ Scan Status │\n└─────────────┘\n\nCan't reach semgrep.dev\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f\n    g()\nsocket.gaierror: unknown\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"y.py\", line 2\nCan't reach semgrep.dev\n";
        assert_eq!(complaint(text), "Can't reach semgrep.dev\nsocket.gaierror: unknown");
    }

    #[test]
    fn it_stays_short_and_plain() {
        let text: String =
            (0..100).map(|i| format!("\u{1b}[31merror {i}\u{1b}[0m {}\n", "x".repeat(2_000))).collect();
        let out = complaint(&text);
        assert_eq!(out.lines().count(), super::LINES);
        assert!(out.len() < 12 * 520 && !out.contains('\u{1b}'));
    }
}
