//! How many tokens a text has for a model whose tokenizer nobody knows.

/// About how many tokens a text of so many bytes has: its bytes by 3.2, rounded up.
///
/// 3.2 tends high for prose (about 4.5 bytes a token in English) and for code (about 3.5), whose tokenizer is one of OpenAI's,
/// and low for what no model has seen before: keys, hashes, base64 (about 1.5).
pub fn estimate(bytes: usize) -> usize {
    bytes.saturating_mul(10).div_ceil(32)
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn an_estimate_is_rounded_up_and_never_overflows() {
        assert_eq!([0, 1, 32, 33].map(estimate), [0, 1, 10, 11]);
        assert!(estimate(usize::MAX) > 0);
    }
}
