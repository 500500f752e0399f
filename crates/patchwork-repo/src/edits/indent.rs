//! Brings what a model returned to the indentation of the code it replaces.

use std::borrow::Cow;
use std::collections::HashSet;

/// Spaces that stand for one tab when the text itself gives no other measure.
const TAB_WIDTH: usize = 4;

/// Indents `replacement` as `old`, the lines it replaces, is indented. Both are judged by their first line
/// that is not blank.
///
/// - Indented by tabs while the file has spaces there, or the other way round: the indentation is converted
///   first.
/// - Less indented than `old`: every line gets the difference. If more of the following lines match lines of
///   `old` as they stand than with the difference added, only the first line had lost its indentation, and
///   only that gets it back.
/// - `old` starts at column 0 and all lines of the replacement are indented: they lose what they have in
///   common, unless more of them match lines of `old` as they stand.
/// - Else it is left as it is.
///
/// Blank lines get no white space. Lines inside multi-line strings are indented like all others: a model that
/// dedents a function dedents its strings with it.
pub fn reindent<'a>(old: &str, replacement: &'a str) -> Cow<'a, str> {
    let Some(old_first) = first_line(old) else {
        return Cow::Borrowed(replacement);
    };
    let replacement = converted(old, replacement);
    let Some(new_first) = first_line(&replacement) else {
        return replacement;
    };
    let (wanted, found) = (indentation(old_first), indentation(new_first));
    if wanted.is_empty() && !found.is_empty() {
        return dedented(old, replacement);
    }
    let Some(missing) = wanted.strip_suffix(found).filter(|missing| !missing.is_empty()) else {
        return replacement;
    };
    let known = known_lines(old);
    let following = || replacement.lines().filter(|line| !blank(line)).skip(1);
    // A line that ends a multi-line string at column 0 proves nothing.
    let as_is = following().filter(|line| line.starts_with(wanted) && known.contains(line)).count();
    let shifted = following().filter(|line| known.contains(format!("{missing}{line}").as_str())).count();
    let first_only = as_is > shifted;
    let mut seen = false;
    Cow::Owned(mapped(&replacement, |line| {
        let skip = first_only && seen;
        seen = true;
        if skip { Cow::Borrowed(line) } else { Cow::Owned(format!("{missing}{line}")) }
    }))
}

fn dedented<'a>(old: &str, replacement: Cow<'a, str>) -> Cow<'a, str> {
    let mut lines = replacement.lines().filter(|line| !blank(line)).map(indentation);
    let first = lines.next().unwrap_or_default();
    let common = lines.fold(first, |common, indentation| shared_prefix(common, indentation));
    if common.is_empty() {
        return replacement;
    }
    let known = known_lines(old);
    let lines = || replacement.lines().filter(|line| !blank(line));
    let as_is = lines().filter(|line| known.contains(line)).count();
    let shifted = lines().filter(|line| line.strip_prefix(common).is_some_and(|l| known.contains(l))).count();
    if as_is > shifted {
        return replacement;
    }
    Cow::Owned(mapped(&replacement, |line| Cow::Borrowed(line.strip_prefix(common).unwrap_or(line))))
}

/// Changes lines that are not blank; blank ones lose their white space.
fn mapped<'t>(text: &'t str, mut change: impl FnMut(&'t str) -> Cow<'t, str>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
        if !blank(content) {
            out.push_str(&change(content));
        }
        out.push_str(end);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Tabs,
    Spaces,
}

/// What lines are indented with; none when nothing is, or both are used.
fn style(text: &str) -> Option<Style> {
    let mut indentations =
        text.lines().filter(|line| !blank(line)).map(indentation).filter(|i| !i.is_empty());
    let of = |indentation: &str| {
        if indentation.bytes().all(|byte| byte == b'\t') {
            Some(Style::Tabs)
        } else if indentation.bytes().all(|byte| byte == b' ') {
            Some(Style::Spaces)
        } else {
            None
        }
    };
    let first = of(indentations.next()?)?;
    indentations.all(|indentation| of(indentation) == Some(first)).then_some(first)
}

fn converted<'a>(old: &str, replacement: &'a str) -> Cow<'a, str> {
    match (style(old), style(replacement)) {
        (Some(Style::Tabs), Some(Style::Spaces)) => {
            let unit = step(replacement);
            Cow::Owned(mapped(replacement, |line| {
                let spaces = indentation(line).len();
                let rest = line.get(spaces..).unwrap_or_default();
                Cow::Owned(format!("{}{}{rest}", "\t".repeat(spaces / unit), " ".repeat(spaces % unit)))
            }))
        }
        (Some(Style::Spaces), Some(Style::Tabs)) => {
            let unit = step(old);
            Cow::Owned(mapped(replacement, |line| {
                let tabs = indentation(line).len();
                Cow::Owned(format!("{}{}", " ".repeat(tabs * unit), line.get(tabs..).unwrap_or_default()))
            }))
        }
        _ => Cow::Borrowed(replacement),
    }
}

/// The number of spaces of one level: the smallest difference between two neighbouring lines.
fn step(text: &str) -> usize {
    let widths: Vec<usize> =
        text.lines().filter(|line| !blank(line)).map(|line| indentation(line).len()).collect();
    let steps = widths.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(a.abs_diff(*b)),
        _ => None,
    });
    steps.filter(|step| *step > 1).min().unwrap_or(TAB_WIDTH)
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().find(|line| !blank(line))
}

fn known_lines(old: &str) -> HashSet<&str> {
    old.lines().filter(|line| !blank(line)).collect()
}

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indentation(line: &str) -> &str {
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

fn shared_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dedented_answer_is_indented_like_what_it_replaces() {
        let old = "    def f(self):\n        return md5()\n";
        assert_eq!(
            reindent(old, "def f(self):\n    x = 1\n\n    return x\n"),
            "    def f(self):\n        x = 1\n\n        return x\n"
        );
        assert_eq!(reindent(old, "def f(self):\n  \n    return x"), "    def f(self):\n\n        return x");
        assert_eq!(reindent("\tf();\n", "g();\n"), "\tg();\n");
        assert_eq!(
            reindent("\t\tf();\n", "\tif (x) {\n\t\tg();\n\t}\n"),
            "\t\tif (x) {\n\t\t\tg();\n\t\t}\n"
        );
        assert_eq!(reindent("    f()\n", "\n\ng()\n"), "\n\n    g()\n");
        assert_eq!(
            reindent("    s = '''\n  text\n'''\n", "s = '''\ntext\n'''\n"),
            "    s = '''\n    text\n    '''\n"
        );
    }

    #[test]
    fn enough_indentation_is_left_alone() {
        for (old, new) in [
            ("    f()\n", "    g()\n"),
            ("    f()\n", "        g()\n"),
            ("f()\n", "g()\nif x:\n    h()\n"),
            ("    f()\n", ""),
            ("    f()\n", "  \n"),
            ("\n\n", "g()\n"),
            ("", "  g()\n"),
        ] {
            assert_eq!(reindent(old, new), new, "{old:?}");
        }
    }

    #[test]
    fn an_answer_that_lost_the_indentation_of_its_first_line_only_gets_it_back() {
        let old = "        try:\n            f()\n        except E:\n            pass\n";
        let new = "try:\n            f(1)\n        except E:\n            pass\n";
        assert_eq!(reindent(old, new), old.replace("f()", "f(1)"));
    }

    #[test]
    fn an_indented_answer_for_code_at_column_0_is_dedented() {
        assert_eq!(reindent("def f():\n    x\n", "    def f():\n        y\n\n"), "def f():\n    y\n\n");
        assert_eq!(reindent("f(a,\n  b)\n", "  f(a,\n b)\n"), " f(a,\nb)\n");
        // The first line was a comment at column 0 inside of an indented block.
        let old = "# note\n    x = 1\n    y = md5()\n";
        assert_eq!(reindent(old, "    x = 1\n    y = sha()\n"), "    x = 1\n    y = sha()\n");
    }

    #[test]
    fn tabs_and_spaces_follow_the_file() {
        let old = "\tif x {\n\t\tf()\n\t}\n";
        assert_eq!(reindent(old, "  if x {\n    g()\n  }\n"), "\tif x {\n\t\tg()\n\t}\n");
        assert_eq!(reindent(old, "if x {\n    g()\n}\n"), "\tif x {\n\t\tg()\n\t}\n");
        let old = "  if x:\n    f()\n";
        assert_eq!(reindent(old, "if x:\n\tg()\n"), "  if x:\n    g()\n");
    }
}
