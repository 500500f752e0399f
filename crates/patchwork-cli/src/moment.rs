//! Points in time, for people and listings.

/// `2026-11-21T05:42:11Z`, from milliseconds since 1970.
pub(crate) fn show(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
