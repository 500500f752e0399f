//! Diagnostics as text for people.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, sort};

/// How a report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// ASCII without colour: files and CI logs.
    Plain,
    /// ANSI colours: terminals.
    Coloured,
}

/// Lines longer than this many bytes (minified text, embedded data) are shown without their text.
const LONGEST_LINE: usize = 2_000;

/// Faults that are shown, at most: who has more has one cause to look for.
const MOST: usize = 100;

/// All of them in one report, sorted by place, with a last line that counts them.
pub fn render(diagnostics: &[Diagnostic], style: Style) -> String {
    let mut sorted = diagnostics.to_vec();
    sort(&mut sorted);
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut out = String::new();
    for diagnostic in sorted.iter().take(MOST) {
        out.push_str(&renderer.render(&[group(diagnostic)]));
        out.push_str("\n\n");
    }
    if sorted.len() > MOST {
        out.push_str(&format!("… and {} more\n\n", sorted.len() - MOST));
    }
    out.push_str(&summary(&sorted));
    out.push('\n');
    out
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.code);
    let group = match excerpt(diagnostic) {
        Some(snippet) => title.element(snippet),
        None => {
            let origin = Origin::path(&*diagnostic.file.name);
            title.element(match diagnostic.position() {
                Some((line, column)) => origin.line(line).char_column(column),
                None => origin,
            })
        }
    };
    group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(&**help)))
}

/// The lines that the span touches: rendering cuts them out first, so that its cost does not grow with the text.
fn excerpt(diagnostic: &Diagnostic) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let span = diagnostic.span.clone()?;
    let text = &diagnostic.file.text;
    let start = diagnostic.file.floor(span.start);
    let end = diagnostic.file.floor(span.end).max(start);
    let first = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let last = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    let lines = text.get(first..last)?;
    if lines.len() > LONGEST_LINE {
        return None;
    }
    let (line, _) = diagnostic.file.position(start);
    let annotation = AnnotationKind::Primary.span(start - first..end - first);
    let annotation =
        if diagnostic.label.is_empty() { annotation } else { annotation.label(&*diagnostic.label) };
    Some(Snippet::source(lines).line_start(line).path(&*diagnostic.file.name).annotation(annotation))
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity, one: &str| {
        let n = diagnostics.iter().filter(|d| d.severity == severity).count();
        match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {one}s")),
        }
    };
    let counts: Vec<String> = [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if counts.is_empty() { "no faults".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::diagnostic::SourceText;

    #[test]
    fn a_report_is_sorted_and_counted() {
        let file = SourceText::new("a.yml", "name: A\nsteps:\n  - usess: B\r\n    äö: 1\n");
        let report = render(
            &[
                Diagnostic::warning("unused", &file, 33..37, "nothing reads `äö`"),
                Diagnostic::error("unknown-key", &file, 19..24, "unknown key `usess`")
                    .label("no such key")
                    .help("did you mean `uses`?"),
                Diagnostic { span: None, ..Diagnostic::error("io", &file, 0..0, "it is too large") },
            ],
            Style::Plain,
        );
        assert_snapshot!(report, @r"
        error[io]: it is too large
        --> a.yml

        error[unknown-key]: unknown key `usess`
         --> a.yml:3:5
          |
        3 |   - usess: B␍
          |     ^^^^^ no such key
          |
          = help: did you mean `uses`?

        warning[unused]: nothing reads `äö`
         --> a.yml:4:5
          |
        4 |     äö: 1
          |     ^^

        2 errors, 1 warning
        ");
    }

    #[test]
    fn colours_are_there_when_asked_for() {
        let file = SourceText::new("a.yml", "x");
        let diagnostic = Diagnostic::error("e", &file, 0..1, "bad");
        assert!(render(std::slice::from_ref(&diagnostic), Style::Coloured).contains('\u{1b}'));
        assert!(!render(&[diagnostic], Style::Plain).contains('\u{1b}'));
    }

    #[test]
    fn a_flood_is_cut() {
        let file = SourceText::new("a.yml", "x".repeat(300));
        let many: Vec<_> = (0..150).map(|at| Diagnostic::error("e", &file, at..at + 1, "bad")).collect();
        let report = render(&many, Style::Plain);
        assert_eq!(report.matches("error[e]").count(), 100);
        assert!(report.ends_with("… and 50 more\n\n150 errors\n"), "{report}");
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        let file = SourceText::new("a.yml", "ä");
        for span in [0..0, 1..1, 1..2, 5..9, 2..2, 0..usize::MAX] {
            let report = render(&[Diagnostic::error("e", &file, span, "bad")], Style::Plain);
            assert!(report.contains("bad"), "{report}");
        }
        let long = SourceText::new("b.yml", "x".repeat(100_000));
        assert!(render(&[Diagnostic::error("e", &long, 9..10, "bad")], Style::Plain).len() < 200);
    }
}
