//! Code as models see it: with a placeholder for each secret, and the way back into the file.

use patchwork_core::secret::{PLACEHOLDER, placeholder_in};
use patchwork_core::step::Context;
use patchwork_repo::text::{SourceText, TextError};

/// A text with placeholders, in the same lines, and how many secrets it has; none when it has none.
pub(super) fn shown(ctx: &Context, text: &SourceText) -> Result<Option<(SourceText, usize)>, TextError> {
    let Some(masked) = ctx.mask(text.text()) else { return Ok(None) };
    let secrets = masked.placeholders.len();
    Ok(Some((SourceText::decode(masked.text)?, secrets)))
}

/// New text for lines that were shown as `shown` and are `real`: in lines that are as they were shown, but for the white space
/// around them, the placeholders give way to what they stand for. A placeholder in any other line is refused with a reason for
/// whoever wrote it: it would be written into the file, or the secret to a place that somebody else chose.
pub(super) fn unmasked(new: &str, shown: &str, real: &str) -> Result<String, String> {
    if !new.contains(PLACEHOLDER) {
        return Ok(new.to_owned());
    }
    // Each line of the file serves once, in its order.
    let mut lines = shown.split_inclusive('\n').zip(real.split_inclusive('\n'));
    let mut out = String::with_capacity(new.len());
    for (number, line) in new.split_inclusive('\n').enumerate() {
        let Some(placeholder) = placeholder_in(line) else {
            out.push_str(line);
            continue;
        };
        let core = line.trim();
        let Some((_, real)) = lines.find(|(shown, _)| shown.trim() == core) else {
            return Err(format!(
                "line {} of the new code holds {placeholder}, which stands for a secret: keep that line exactly as it is \
                 and where it is, or take the secret out of it",
                number + 1
            ));
        };
        let indent = line.len() - line.trim_start().len();
        out.push_str(line.get(..indent).unwrap_or_default());
        out.push_str(real.trim_start().trim_end_matches('\n'));
        if line.ends_with('\n') {
            out.push('\n');
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "def f():\n    a = 'one'\n    b = 'two' \n    return a\n";
    const SHOWN: &str =
        "def f():\n    a = 'PATCHWORK_MASKED_A'\n    b = 'PATCHWORK_MASKED_B' \n    return a\n";

    #[test]
    fn lines_as_they_were_shown_come_back() {
        assert_eq!(unmasked(SHOWN, SHOWN, REAL).as_deref(), Ok(REAL));
        let new = "def g(x):\n    a = 'PATCHWORK_MASKED_A'\n    return a + x";
        assert_eq!(unmasked(new, SHOWN, REAL).as_deref(), Ok("def g(x):\n    a = 'one'\n    return a + x"));
        let deeper = "if x:\n        b = 'PATCHWORK_MASKED_B'\n";
        assert_eq!(unmasked(deeper, SHOWN, REAL).as_deref(), Ok("if x:\n        b = 'two' \n"));
        assert_eq!(unmasked("plain\n", SHOWN, REAL).as_deref(), Ok("plain\n"));
    }

    #[test]
    fn a_placeholder_anywhere_else_is_refused() {
        let b_first = "    b = 'PATCHWORK_MASKED_B'\n    a = 'PATCHWORK_MASKED_A'\n";
        let twice = "    a = 'PATCHWORK_MASKED_A'\n    a = 'PATCHWORK_MASKED_A'\n";
        for (new, line) in [
            ("    send('PATCHWORK_MASKED_A')\n", 1),
            ("x\n    a = 'PATCHWORK_MASKED_A', 1\n", 2),
            ("    a = 'PATCHWORK_MASKED_C'\n", 1),
            (b_first, 2),
            (twice, 2),
        ] {
            let reason = unmasked(new, SHOWN, REAL).unwrap_err();
            assert!(
                reason.starts_with(&format!("line {line} of the new code holds PATCHWORK_MASKED_")),
                "{reason}"
            );
        }
    }
}
