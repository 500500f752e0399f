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

/// Whether a value under a credential's name is one, and no path, number or ordinary word (`postgres`, `test-token`): masking
/// these would make prompts unreadable and hide nothing.
pub fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    let is_path = value.starts_with(['/', '~', '.']) || value.get(1..3) == Some(":\\");
    let of_words = |c: char| c.is_ascii_lowercase() || matches!(c, '-' | '_' | '.' | ' ');
    let is_number = value.len() < 16 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    value.len() >= SHORTEST_GUESS && !is_path && !is_number && !value.chars().all(of_words)
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
        for value in
            ["hunter22", "s3cr3t-value", "AbcdEfgh", "9f8a7b6c5d4e3f2a", "-----BEGIN X PRIVATE KEY-----"]
        {
            assert!(looks_secret(value), "{value}");
        }
        for value in
            ["postgres", "test-token", "/run/secrets/key", "~/.ssh/id", "C:\\keys\\a1", "12345678", "a1", ""]
        {
            assert!(!looks_secret(value), "{value}");
        }
    }
}
