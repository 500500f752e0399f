//! How long a server asks us to wait.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// What GitHub asks for when a secondary limit comes without a time.
const SECONDARY: Duration = Duration::from_secs(60);

/// What counts seconds since 1970 is more than this, and no server asks for so many.
const A_TIME: i64 = 100_000_000;

/// The server's own time, milliseconds since 1970: its reset times are by its clock, not by ours.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<i64> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// What `retry-after-ms`, or `retry-after` in seconds or as a date, asks for. `now_ms` is the server's time.
pub(crate) fn retry_after(headers: &HeaderMap, now_ms: i64) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let seconds = |text: &str, unit: f64| Some(text.parse::<f64>().ok()? * unit);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| seconds(text, 0.001)) {
        return Duration::try_from_secs_f64(milliseconds).ok();
    }
    let after = text(RETRY_AFTER.as_str())?;
    match seconds(after, 1.0) {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => Some(until(http_date(after)?, now_ms)),
    }
}

/// The wait that an answer asks for; nothing when it asks for none. `now_ms` is the server's time.
pub(super) fn asked(status: StatusCode, headers: &HeaderMap, message: &str, now_ms: i64) -> Option<Duration> {
    if !matches!(status.as_u16(), 403 | 429 | 503) {
        return None;
    }
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    if let Some(wait) = retry_after(headers, now_ms) {
        return Some(wait);
    }
    if status.as_u16() == 503 {
        return None;
    }
    // GitHub writes them with `x-`, GitLab without; the standard has the seconds from now in place of a time.
    for (remaining, reset) in
        [("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset")]
    {
        if text(remaining) == Some("0")
            && let Some(reset) = text(reset).and_then(|v| v.parse::<i64>().ok())
        {
            let from = if reset < A_TIME { now_ms } else { 0 };
            return Some(until(reset.saturating_mul(1000).saturating_add(from), now_ms));
        }
    }
    message.to_ascii_lowercase().contains("rate limit").then_some(SECONDARY)
}

fn until(then_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(then_ms.saturating_sub(now_ms)).unwrap_or(0))
}

fn http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_445_412_480_000;

    #[test]
    fn waits_that_servers_ask_for() {
        let seconds = Duration::from_secs;
        type Case =
            (&'static str, u16, &'static [(&'static str, &'static str)], &'static str, Option<Duration>);
        let cases: &[Case] = &[
            ("seconds", 429, &[("retry-after", "7")], "", Some(seconds(7))),
            ("date", 503, &[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT")], "", Some(seconds(30))),
            ("date gone by", 429, &[("retry-after", "Wed, 21 Oct 2015 07:00:00 GMT")], "", Some(seconds(0))),
            (
                "primary",
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1445412540")],
                "",
                Some(seconds(60)),
            ),
            (
                "GitLab",
                429,
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "1445412540")],
                "",
                Some(seconds(60)),
            ),
            (
                "standard",
                429,
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "20")],
                "",
                Some(seconds(20)),
            ),
            ("Bitbucket", 429, &[], "Rate limit for this resource has been exceeded", Some(seconds(60))),
            ("secondary", 403, &[], "You have exceeded a secondary rate limit.", Some(seconds(60))),
            ("no limit", 403, &[("x-ratelimit-remaining", "12")], "Resource not accessible", None),
            ("no time", 429, &[], "slow down", None),
            ("nonsense", 429, &[("retry-after", "soon")], "", None),
            ("negative", 429, &[("retry-after", "-1")], "", None),
            ("another status", 500, &[("retry-after", "7")], "", None),
            (
                "overflow",
                429,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-9223372036854775808")],
                "",
                Some(seconds(0)),
            ),
        ];
        for (name, status, headers, message, expected) in cases {
            let mut map = HeaderMap::new();
            for (key, value) in *headers {
                map.insert(*key, value.parse().unwrap());
            }
            let status = StatusCode::from_u16(*status).unwrap();
            assert_eq!(asked(status, &map, message, NOW), *expected, "{name}");
        }
    }

    #[test]
    fn the_servers_clock_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(server_time(&headers), None);
        headers.insert(DATE, "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
        assert_eq!(server_time(&headers), Some(NOW));
    }
}
