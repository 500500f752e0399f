//! By what a finding is known again after a rebase, a move, a new indentation, a new file name.

use std::collections::HashMap;

use patchwork_core::change::Side;
use patchwork_core::engine::hex;
use sha2::{Digest, Sha256};

use super::file::ReviewFile;
use super::unit::{around, path_of};

/// Hexadecimal digits of each part. Whoever writes the change chooses its lines and the names of its files and functions. With
/// 128 bits nobody finds lines that pass for others which were dismissed, be it for two texts of one's own choice. The place
/// only tells equal lines apart, and rules are not the author's to choose.
const LINES: usize = 32;
const PLACE: usize = 16;
const RULE: usize = 6;

/// Characters of the longest one.
pub(super) const LONGEST: usize = "o---200.".len() + LINES + PLACE + RULE + "4294967295".len();

/// Lines that are looked for again at most.
pub(super) const MOST_LINES: u32 = 200;

/// The parts of a fingerprint, written as `lines-place-rule-count.number`, the first three hexadecimal, with `o` before them for
/// lines of the old side: `3f09ab12cd345e6f77aa01b29c3e1180-77aa01b29c3e1145-9c3e11-2.0`.
/// Neither line numbers nor commits nor a model's words are in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The text of the lines without white space; blank lines do not count.
    pub lines: String,
    /// The file, by the name it had before the change, and the function or class that the lines are in.
    pub place: String,
    /// The rule.
    pub rule: String,
    /// How many lines there are, without blank ones.
    pub count: u32,
    /// Which one it is of those that are equal in everything above, from 0, in the order of the file.
    pub number: u32,
    /// Whether the lines are removed ones.
    pub old_side: bool,
}

impl Fingerprint {
    /// Of lines (texts, in order) in a unit of a file.
    pub(super) fn of<'a>(
        rule: &str,
        path_before: &str,
        unit: &str,
        side: Side,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let lines: Vec<String> = lines.into_iter().map(normal).filter(|line| !line.is_empty()).collect();
        Self {
            lines: digest_of_lines(lines.iter().map(String::as_str)),
            place: digest_of_place(path_before, unit),
            rule: digest(&[rule], RULE),
            count: u32::try_from(lines.len()).unwrap_or(u32::MAX).min(MOST_LINES),
            number: 0,
            old_side: side == Side::Old,
        }
    }

    /// Reads one; none when it is not of this form.
    pub fn parse(text: &str) -> Option<Self> {
        let old_side = text.starts_with('o');
        let mut parts = text.strip_prefix('o').unwrap_or(text).split('-');
        let mut part = |length: usize| {
            let part = parts.next()?;
            (part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
                .then(|| part.to_owned())
        };
        let (lines, place, rule) = (part(LINES)?, part(PLACE)?, part(RULE)?);
        let (count, number) = parts.next()?.split_once('.')?;
        let small = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        let (count, number) = (small(count)?, small(number)?);
        (parts.next().is_none() && count <= MOST_LINES).then_some(Self {
            lines,
            place,
            rule,
            count,
            number,
            old_side,
        })
    }

    /// Whether two are equal in everything but their number.
    pub fn is_like(&self, other: &Self) -> bool {
        self.is_moved(other) && self.place == other.place
    }

    /// Whether two are about the same lines under the same rule, in whatever place.
    pub fn is_moved(&self, other: &Self) -> bool {
        self.has_lines_of(other) && self.rule == other.rule
    }

    /// Whether two are about lines of the same text.
    pub fn has_lines_of(&self, other: &Self) -> bool {
        self.lines == other.lines && self.count == other.count && self.old_side == other.old_side
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lines, place, rule, count, number, old_side } = self;
        write!(f, "{}{lines}-{place}-{rule}-{count}.{number}", if *old_side { "o" } else { "" })
    }
}

/// Numbers those that are equal, in the order in which they come.
pub(super) fn number<'a>(fingerprints: impl IntoIterator<Item = &'a mut Fingerprint>) {
    let mut seen: HashMap<Fingerprint, u32> = HashMap::new();
    for fingerprint in fingerprints {
        fingerprint.number = 0;
        let count = seen.entry(fingerprint.clone()).or_default();
        fingerprint.number = *count;
        *count += 1;
    }
}

/// The function or class that a line (1-based) of a side is in.
pub(super) fn unit_at(file: &ReviewFile, side: Side, line: u32) -> String {
    let names = match side {
        Side::Old => file.old_names(),
        Side::New => file.new_names(),
    };
    around(names, line).map(|at| path_of(names, at)).unwrap_or_default()
}

/// A line without white space.
pub(super) fn normal(line: &str) -> String {
    line.chars().filter(|c| !c.is_whitespace()).collect()
}

pub(super) fn digest_of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    digest(&lines.into_iter().collect::<Vec<_>>(), LINES)
}

pub(super) fn digest_of_place(path_before: &str, unit: &str) -> String {
    digest(&[path_before, unit], PLACE)
}

fn digest(parts: &[&str], length: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths between the parts keep (`ab`, `c`) and (`a`, `bc`) apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()).chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &str, path: &str, unit: &str, lines: &[&str]) -> Fingerprint {
        Fingerprint::of(rule, path, unit, Side::New, lines.iter().copied())
    }

    #[test]
    fn it_is_of_rule_place_and_text_without_white_space() {
        let first = of("bug", "a.py", "f", &["    x = y [0]", ""]);
        assert_eq!(first, of("bug", "a.py", "f", &["\tx=y[0]"]));
        assert_eq!(Fingerprint::parse(&first.to_string()), Some(first.clone()));
        let others = [
            of("api", "a.py", "f", &["x=y[0]"]),
            of("bug", "b.py", "f", &["x=y[0]"]),
            of("bug", "a.py", "g", &["x=y[0]"]),
            of("bug", "a.py", "f", &["x=y[1]"]),
            of("bug", "a.py", "f", &["x=", "y[0]"]),
            Fingerprint::of("bug", "a.py", "f", Side::Old, ["x=y[0]"]),
        ];
        for other in &others {
            assert!(!first.is_like(other), "{other}");
        }
        assert!(first.is_moved(&others[1]) && first.is_moved(&others[2]) && !first.is_moved(&others[0]));
        assert!(others[5].to_string().starts_with('o'));
    }

    #[test]
    fn lines_that_pass_for_others_are_out_of_reach() {
        let text = of("bug", "a.py", "f", &["x = y[0]"]).to_string();
        let digits: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!((digits[0], digits[1]), (128 / 4, 64 / 4), "{text}");
        assert!(text.len() < LONGEST, "{text}");
        let most = Fingerprint {
            old_side: true,
            count: MOST_LINES,
            number: u32::MAX,
            ..of("bug", "a.py", "f", &["x = y[0]"])
        };
        assert_eq!(most.to_string().len(), LONGEST);
        assert_eq!(Fingerprint::parse(&most.to_string()), Some(most));
    }

    #[test]
    fn equal_ones_are_numbered_in_order() {
        let mut all = [of("bug", "a", "f", &["x"]), of("bug", "a", "f", &["y"]), of("bug", "a", "f", &["x"])];
        number(&mut all);
        assert_eq!(all.each_ref().map(|fingerprint| fingerprint.number), [0, 0, 1]);
        assert!(all[0].is_like(&all[2]) && all[0] != all[2]);
        number(&mut all);
        assert_eq!(all[2].number, 1);
    }

    #[test]
    fn what_is_no_fingerprint_is_not_read_as_one() {
        let good = of("bug", "a", "f", &["x"]).to_string();
        for text in [
            "",
            "o",
            "-",
            "a-b-c-1.0",
            &good.to_uppercase(),
            &format!("{good}-1"),
            &good[1..],
            &good.replace("1.0", "999999999999.0"),
            &good.replace("1.0", "+1.0"),
        ] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
