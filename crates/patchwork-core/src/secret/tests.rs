use serde_json::json;

use super::*;

const RUN: &str = "20261121-054211-7f3a9c";

fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    let secrets = Secrets::new();
    for (name, value) in pairs {
        secrets.insert(*name, Secret::new(*value));
    }
    secrets
}

fn github_key() -> String {
    ["ghp", "_W8q2Zt5Lk9", "Xr4Vb7Nm1Pc6", "Sd3Fg0Hj2QaTyB"].concat()
}

#[test]
fn a_secret_never_prints() {
    let secret = Secret::new("sk-very-secret");
    assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
    assert_eq!(format!("{:?}", secrets(&[("a", "sk-very-secret")])), "Secrets([\"a\"])");
}

#[test]
fn redact_replaces_longest_first_and_leaves_short_values() {
    let secrets = secrets(&[("a", "token-123"), ("b", "token-123-long"), ("c", "x")]);
    assert_eq!(secrets.redact("x token-123-long token-123"), "x *** ***");
    assert_eq!(secrets.found_in("x token-123 y").as_deref(), Some("a"));
    assert_eq!(secrets.found_in("x"), None);
    secrets.insert("a", Secret::new(""));
    assert_eq!(secrets.redact("token-123"), "token-123");
}

#[test]
fn what_is_only_hidden_can_not_be_used() {
    let secrets = secrets(&[]);
    secrets.hide([("DB_PASSWORD".to_owned(), Secret::new("hunter22"))]);
    assert_eq!((secrets.redact("is hunter22"), secrets.get("DB_PASSWORD")), ("is ***".to_owned(), None));
    assert!(secrets.names().is_empty());
    secrets.insert("db_password", Secret::new("another1"));
    let masked = secrets.mask("hunter22 another1", RUN).unwrap();
    assert_eq!(masked.text, "PATCHWORK_MASKED_DB_PASSWORD_2 PATCHWORK_MASKED_DB_PASSWORD");
}

#[test]
fn a_word_in_the_place_of_a_key_is_no_secret_but_a_password_may_be_one() {
    let secrets = secrets(&[("openai_api_key", "ollama"), ("db_password", "swordfish")]);
    assert_eq!(secrets.redact("ollama has swordfish"), "ollama has ***");
    assert!(secrets.get("openai_api_key").is_some());
}

#[test]
fn of_a_key_file_only_what_is_secret_is_hidden() {
    let lines: Vec<String> = (0..3)
        .map(|n| format!("MIIEpAIBAAKCAQEAx{n}JkLmNoPqRsTuVwXyZ0123456789abcdefGHIJKLMNOPQRS"))
        .collect();
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let account = json!({
        "type": "service_account",
        "token_uri": "https://oauth2.example.org/token",
        "client_email": "robot@example.org",
        "private_key_id": "0a1b2c3d4e5f60718293",
        "private_key": key,
    });
    let in_lines = serde_json::to_string_pretty(&account).unwrap();
    for value in [in_lines, account.to_string(), key.clone(), key.replace('\n', "\\n")] {
        let secrets = secrets(&[]);
        secrets.hide([("SERVICE_CREDENTIALS".to_owned(), Secret::new(value.clone()))]);
        for text in [&value, &lines[1], &format!("a = \"{}\"", lines[2])] {
            let clean = secrets.redact(text);
            assert!(clean.contains(MASK) && !clean.contains("MIIE"), "{text} of {value}: {clean}");
        }
        let code =
            "  \"token_uri\": \"https://oauth2.example.org/token\",\n  \"type\": \"service_account\",\n";
        assert_eq!(secrets.redact(code), code);
    }
}

#[test]
fn keys_that_nobody_gave_are_redacted_by_their_form() {
    let text = format!("token {}, done", github_key());
    assert_eq!(secrets(&[]).redact(&text), "token ***, done");
    assert_eq!(secrets(&[]).found_in(&text), None);
}

#[test]
fn other_spellings_of_a_value_are_found() {
    let value = "p\"ss/w0rd+ünique=1";
    let secrets = secrets(&[("a", value)]);
    let mut texts = vec![
        json!({ "x": value }).to_string(),
        format!(
            "https://user:{}@host/",
            percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
        ),
    ];
    for user in ["", "u", "us", "use", "user"] {
        use base64::Engine as _;
        texts.push(base64::engine::general_purpose::STANDARD.encode(format!("{user}:{value}")));
    }
    for text in texts {
        let clean = secrets.redact(&text);
        assert!(clean.contains(MASK) && clean.len() < 40, "{text} → {clean}");
    }
}

#[test]
fn redact_value_reaches_every_text_and_key() {
    let secrets = secrets(&[("a", "token-123")]);
    let mut value = json!({"b": ["x token-123", {"token-123": {"token-123!": 1}}], "c": 2});
    secrets.redact_value(&mut value);
    assert_eq!(value, json!({"b": ["x ***", {"***": {"***!": 1}}], "c": 2}));
}

#[test]
fn json_stays_json() {
    let odd = "a\"b\\c\nd-secret";
    let secrets = secrets(&[("a", odd), ("b", "\",\"x\":")]);
    let key = github_key();
    for value in [
        json!({ odd: [odd, format!("x{odd}y")], "x": "x" }),
        json!([format!("line\n{key}"), {key.clone(): 1}]),
        json!(["-----BEGIN PRIVATE KEY-----", "x".repeat(80), "-----END PRIVATE KEY-----"]),
    ] {
        let clean = secrets.redact_json(value.to_string());
        let read: Value = serde_json::from_str(&clean).unwrap();
        let mut expected = value.clone();
        secrets.redact_value(&mut expected);
        assert_eq!(read, expected);
        assert!(!clean.contains(&key) && !clean.contains("d-secret"), "{clean}");
    }
    let clean = json!({"plain": "text\n", "n": 1}).to_string();
    assert_eq!(secrets.redact_json(clean.clone()), clean);
}

#[test]
fn placeholders_are_stable_say_what_they_are_and_keep_lines() {
    let secrets = secrets(&[("github_api_key", "known-value-1")]);
    let key = github_key();
    let text = format!("a = \"{key}\"\nb = \"known-value-1\"\nc = \"{key}\"\n");
    let masked = secrets.mask(&text, RUN).unwrap();
    let name = placeholder_in(&masked.text).unwrap().to_owned();
    assert!(name.starts_with("PATCHWORK_MASKED_GITHUB_PAT_"), "{name}");
    let expected = format!("a = \"{name}\"\nb = \"PATCHWORK_MASKED_GITHUB_API_KEY\"\nc = \"{name}\"\n");
    assert_eq!(masked.text, expected);
    assert_eq!(masked.placeholders.len(), 2);
    assert_eq!(secrets.mask(&text, RUN).unwrap(), masked);
    assert_ne!(secrets.mask(&text, "another run").unwrap().text, masked.text);
    assert_eq!(secrets.mask(&masked.text, RUN), None);
    assert_eq!(secrets.mask("nothing", RUN), None);
}

#[test]
fn a_secret_of_several_lines_takes_as_many() {
    let body: String = (0..4)
        .map(|n| format!("  MIIEpAIBAAKCAQEAx{n}JkLmNoPqRsTuVwXyZ0123456789abcdefGHIJKLMNOPQRS\r\n"))
        .collect();
    let text =
        format!("x = 1\n-----BEGIN RSA PRIVATE KEY-----\r\n{body}-----END RSA PRIVATE KEY-----\ny = 2\n");
    let masked = secrets(&[]).mask(&text, RUN).unwrap();
    assert_eq!(masked.text.lines().count(), text.lines().count());
    assert_eq!(masked.placeholders.len(), 1);
    assert!(!masked.text.contains("MIIE") && masked.text.contains("_L3\r\n"), "{}", masked.text);
    assert!(
        masked.text.starts_with("x = 1\nPATCHWORK_") && masked.text.ends_with("_L6\ny = 2\n"),
        "{}",
        masked.text
    );
}

#[test]
fn positions_move_with_the_text() {
    let secrets = secrets(&[("k", "secret-secret-secret-secret-secret")]);
    let text = "ab secret-secret-secret-secret-secret cd secret-secret-secret-secret-secret ef";
    let masked = secrets.mask(text, RUN).unwrap();
    for word in ["ab", "cd", "ef"] {
        let at = masked.moved(text.find(word).unwrap());
        assert_eq!(&masked.text[at..at + 2], word);
    }
    assert_eq!(masked.moved(text.len()), masked.text.len());
    assert_eq!(&masked.text[..masked.moved(10)], "ab PATCHWORK_MASKED_K");
}

#[test]
fn large_texts_are_no_trouble() {
    let line = format!("let key = monkey.eyes(\"{}\"); // sk-x https://a.b/c?d=eyJh\n", "word ".repeat(10));
    let secrets = secrets(&[("a", "token-123")]);
    let text = format!("{}token-123 {}", line.repeat(10 << 20 >> 7), github_key());
    assert!(secrets.redact(&text).ends_with("*** ***"));
}
