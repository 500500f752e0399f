//! Which environment variables and options are credentials, going by their names, and which values are worth looking for.

/// Parts of variable names that say "this is a credential".
const CREDENTIAL_WORDS: [&str; 10] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
];

/// Ends of variable names that say it.
const CREDENTIAL_ENDS: [&str; 3] = ["_KEY", "_PAT", "_PWD"];

/// Whether an environment variable holds a credential, going by its name in any case.
pub fn names_credential(variable: &str) -> bool {
    let upper = variable.to_uppercase();
    CREDENTIAL_WORDS.iter().any(|word| upper.contains(word))
        || CREDENTIAL_ENDS.iter().any(|end| upper.ends_with(end))
}

/// Bytes of the shortest value of a variable that nobody declared a secret.
const SHORTEST_GUESS: usize = 8;

/// Bytes from which words are hidden too: a passphrase, and nothing that code or a log says by chance.
const LONG: usize = 20;

/// Bytes under which words are no key of any vendor.
const SHORTEST_TOKEN: usize = 12;

/// Bytes of the shortest part of a path or an address that may be a key.
const SHORTEST_KEY: usize = 16;

/// Whether a value under a credential's name is one: masking what is none would make prompts and logs unreadable and hide
/// nothing. It has 8 bytes or more and is no path, no number, date or version, no address without a password or a key in it
/// and, under 20 bytes, not made of words alone (`postgres`, `test-token`, `X-Api-Key`).
pub fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    if value.len() < SHORTEST_GUESS || is_path(value) || is_number(value) {
        return false;
    }
    match value.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            authority.contains('@')
                || rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').any(is_key)
        }
        _ => value.len() >= LONG || !is_words(value),
    }
}

/// Whether a value is made of words alone.
fn is_words(value: &str) -> bool {
    value.split(['-', '_', '.', ' ', '/', ':', ',']).all(is_word)
}

/// Whether a value only stands where a server wants some key and takes any (`ollama`, `not-needed`): looking for it would mask
/// an ordinary word. A password may be one all the same.
pub(super) fn is_stand_in(name: &str, value: &str) -> bool {
    let upper = name.to_uppercase();
    !["PASS", "PWD"].iter().any(|word| upper.contains(word))
        && value.len() < SHORTEST_TOKEN
        && is_words(value)
}

/// Whether a text may be a key by itself: long, of letters and digits.
pub(super) fn is_key(text: &str) -> bool {
    text.len() >= SHORTEST_KEY
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Letters in one case, or in capitalised parts of three and more.
fn is_word(part: &str) -> bool {
    if !part.bytes().all(|b| b.is_ascii_alphabetic()) {
        return false;
    }
    let one_case = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase()) || text.bytes().all(|b| b.is_ascii_uppercase())
    };
    let capitals = part.bytes().filter(u8::is_ascii_uppercase).count();
    let begins_small = part.starts_with(|c: char| c.is_ascii_lowercase());
    one_case(part) || part.len() >= 3 * (capitals + usize::from(begins_small))
}

/// A path, whatever its names are; but keys may begin with a slash too.
fn is_path(value: &str) -> bool {
    let begins = value.starts_with(['/', '~', '.']) || value.get(1..3) == Some(":\\");
    let is_mixed = |part: &str| {
        is_key(part)
            && part.bytes().any(|b| b.is_ascii_uppercase())
            && part.bytes().any(|b| b.is_ascii_lowercase())
    };
    let relative = value.contains('/') && !value.contains("://") && is_words(value);
    relative || (begins && !value.split(['/', '\\']).any(is_mixed))
}

/// A number, a date, a version.
fn is_number(value: &str) -> bool {
    let value = value.strip_prefix('v').unwrap_or(value);
    value.len() < SHORTEST_KEY && value.bytes().all(|b| b.is_ascii_digit() || b".-:+_ ".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in
            ["OPENAI_API_KEY", "gh_token", "PGPASSWORD", "AZURE_DEVOPS_EXT_PAT", "npm_config__authToken"]
        {
            assert!(names_credential(name), "{name}");
        }
        for name in ["PATH", "KEYBOARD", "HOME", "CI"] {
            assert!(!names_credential(name), "{name}");
        }
    }

    #[test]
    fn words_paths_and_numbers_are_no_secrets() {
        for value in [
            "hunter22",
            "s3cr3t-value",
            "aBcDeFgH",
            "9f8a7b6c5d4e3f2a",
            "-----BEGIN X PRIVATE KEY-----",
            "correct-horse-battery-staple",
            "https://user:word@example.org/",
            "https://hooks.example.org/T0/9f8a7b6c5d4e3f2a11",
            "/aB3dE5fG7hI9kL1mN3oP5qR7sT9uV1wX3yZ5+aB",
            "{\"type\": \"service_account\"}",
        ] {
            assert!(looks_secret(value), "{value}");
        }
        for value in [
            "true",
            "admin",
            "postgres",
            "POSTGRES",
            "Production",
            "HashiCorp",
            "test-token",
            "X-Api-Key",
            "/run/secrets/key",
            "/home/runner/work/_temp/gha-creds-0123456789abcdef.json",
            "secrets/keys/of-the/production.json",
            "~/.ssh/id",
            "C:\\keys\\a1",
            "https://login.example.org/oauth2/v2.0/token",
            "12345678",
            "2026-11-21",
            "v1.22.333",
            "a1",
            "",
        ] {
            assert!(!looks_secret(value), "{value}");
        }
    }
}
