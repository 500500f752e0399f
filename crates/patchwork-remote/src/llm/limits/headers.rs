//! What servers say about their limits, in the headers of any answer. Every vendor spells it in its own way; what makes no
//! sense says nothing.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::http::wait;

/// How long a limit lasts whose header does not say: they are all told by the minute.
const WINDOW: Duration = Duration::from_mins(1);

/// The longest reset that is believed.
const LONGEST: Duration = Duration::from_hours(24 * 31);

/// A limit as the server tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// What is allowed in all.
    pub(super) limit: u64,
    /// What is left of it.
    pub(super) remaining: u64,
    /// How long until all of it is there again.
    pub(super) reset: Duration,
}

/// What one answer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Of calls.
    pub(super) requests: Option<Allowance>,
    /// Of tokens.
    pub(super) tokens: Option<Allowance>,
}

/// The names of limit, rest and reset.
type Names = (&'static str, &'static str, &'static str);

/// For calls: OpenAI, Groq, xAI, Azure; Anthropic; Mistral; Together, OpenRouter, Hugging Face.
const REQUESTS: [Names; 4] = [
    ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", ""),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
];

/// For tokens, in the same order. Of Anthropic's three the common one counts prompts and answers, as we do.
const TOKENS: [Names; 5] = [
    ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    (
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", ""),
    ("ratelimitbysize-limit", "ratelimitbysize-remaining", "ratelimitbysize-reset"),
    ("x-tokenlimit-limit", "x-tokenlimit-remaining", ""),
];

/// Reads the limits of an answer; `now` is our time, for resets told as a moment when the server does not tell its own.
pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Told {
    let now_ms = wait::server_time(headers).unwrap_or_else(|| now.as_millisecond());
    let find = |names: &[Names]| names.iter().find_map(|names| allowance(headers, *names, now_ms));
    Told { requests: find(&REQUESTS), tokens: find(&TOKENS) }
}

fn allowance(headers: &HeaderMap, (limit, remaining, reset): Names, now_ms: i64) -> Option<Allowance> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let remaining: u64 = text(remaining)?.parse().ok()?;
    // Azure long told only what is left.
    let limit = text(limit).and_then(|text| text.parse().ok()).unwrap_or(remaining).max(remaining);
    if limit == 0 {
        return None;
    }
    let reset = text(reset).and_then(|text| duration(text, now_ms)).unwrap_or(WINDOW).min(LONGEST);
    Some(Allowance { limit, remaining, reset })
}

/// A time until a reset: `6m0s`, `120ms`, seconds, a Unix time in seconds or milliseconds, or RFC 3339.
fn duration(text: &str, now_ms: i64) -> Option<Duration> {
    const YEAR_2001: f64 = 1e9;
    const YEAR_2001_MS: f64 = 1e12;
    if let Ok(number) = text.parse::<f64>() {
        let seconds = match number {
            n if !n.is_finite() || n < 0.0 => return None,
            n if n >= YEAR_2001_MS => (n - ms(now_ms)) / 1000.0,
            n if n >= YEAR_2001 => n - ms(now_ms) / 1000.0,
            n => n,
        };
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let left = moment.as_millisecond().saturating_sub(now_ms);
        return Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
    }
    units(text)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay below 2^52")]
fn ms(now_ms: i64) -> f64 {
    now_ms as f64
}

/// `1h2m3.5s`, `120ms`, `1d`.
fn units(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut out = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let letters = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        out = out.checked_add(part)?;
        rest = behind;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(&'static str, &str)]) -> Told {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().unwrap());
        }
        read(&headers, "2026-11-21T05:42:11Z".parse().unwrap())
    }

    fn allowance(limit: u64, remaining: u64, reset_ms: u64) -> Option<Allowance> {
        Some(Allowance { limit, remaining, reset: Duration::from_millis(reset_ms) })
    }

    #[test]
    fn every_spelling_is_read() {
        let openai = told(&[
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "159976"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        assert_eq!(openai.requests, allowance(5000, 4999, 12));
        assert_eq!(openai.tokens, allowance(160_000, 159_976, 360_000));
        let anthropic = told(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-21T05:42:41Z"),
            ("anthropic-ratelimit-tokens-limit", "96000"),
            ("anthropic-ratelimit-tokens-remaining", "95000"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-21T05:41:00Z"),
        ]);
        assert_eq!(anthropic.requests, allowance(50, 0, 30_000));
        assert_eq!(anthropic.tokens, allowance(96_000, 95_000, 0));
        let groq = told(&[
            ("x-ratelimit-limit-requests", "14400"),
            ("x-ratelimit-remaining-requests", "14370"),
            ("x-ratelimit-reset-requests", "2m59.56s"),
        ]);
        assert_eq!(groq.requests, allowance(14_400, 14_370, 179_560));
        let mistral = told(&[
            ("x-ratelimit-limit-req-minute", "60"),
            ("x-ratelimit-remaining-req-minute", "59"),
            ("x-ratelimit-limit-tokens-minute", "500000"),
            ("x-ratelimit-remaining-tokens-minute", "400000"),
        ]);
        assert_eq!(mistral.requests, allowance(60, 59, 60_000));
        assert_eq!(mistral.tokens, allowance(500_000, 400_000, 60_000));
        let azure = told(&[("x-ratelimit-remaining-requests", "9"), ("x-ratelimit-remaining-tokens", "900")]);
        assert_eq!(azure.requests, allowance(9, 9, 60_000));
        assert_eq!(azure.tokens, allowance(900, 900, 60_000));
        let openrouter = told(&[
            ("x-ratelimit-limit", "20"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795239741000"),
        ]);
        assert_eq!(openrouter.requests, allowance(20, 0, 10_000));
    }

    #[test]
    fn a_moment_is_by_the_servers_clock() {
        let told = told(&[
            ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-limit", "5"),
            ("anthropic-ratelimit-requests-reset", "2015-10-21T07:28:05Z"),
        ]);
        assert_eq!(told.requests, allowance(5, 0, 5_000));
    }

    #[test]
    fn garbage_says_nothing() {
        for value in ["", "-1", "many", "1e3", "NaN", "18446744073709551616", "\u{fffd}"] {
            let value = value.as_bytes();
            let mut headers = HeaderMap::new();
            headers.insert(
                "x-ratelimit-remaining-requests",
                reqwest::header::HeaderValue::from_bytes(value).unwrap(),
            );
            assert_eq!(read(&headers, Timestamp::UNIX_EPOCH), Told::default());
        }
        for reset in ["", "soon", "1x", "s", "1.2.3s", "-5", "inf", "NaN", "5m3", "9999-99-99T00:00:00Z", "µ"]
        {
            assert_eq!(duration(reset, 0).filter(|wait| *wait > LONGEST), None, "{reset}");
        }
        let told = told(&[
            ("x-ratelimit-limit-requests", "0"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-remaining-tokens", "5"),
            ("x-ratelimit-reset-tokens", "99999999999999h"),
        ]);
        assert_eq!(told.requests, None);
        assert!(told.tokens.unwrap().reset <= LONGEST);
    }
}
