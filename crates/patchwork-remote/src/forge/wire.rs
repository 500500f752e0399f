//! What every site's JSON needs.

use reqwest::Url;
use serde::{Deserialize, Deserializer};

/// Null and nothing are the same.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An address that a server gave, when it is one of the web: it goes to terminals and into texts.
pub(super) fn is_page(url: &str) -> bool {
    let fits = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    fits && Url::parse(url).is_ok_and(is_web)
}

/// A time of a server, milliseconds since 1970; 0 when it is none.
pub(super) fn milliseconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond)
}

/// A number of a page's address: digits only, and not 0.
pub(super) fn number_of(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number > 0 && text.bytes().all(|b| b.is_ascii_digit()))
}
