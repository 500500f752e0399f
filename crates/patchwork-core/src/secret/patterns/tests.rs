use super::*;

fn found(text: &str) -> Vec<(String, &'static str)> {
    let mut hits: Vec<_> =
        find(text).into_iter().map(|(range, rule)| (text[range].to_owned(), rule.id.as_str())).collect();
    hits.sort();
    hits.dedup();
    hits
}

/// Letters and digits in no order that a person would write, the same for one seed.
fn noise(seed: u64, length: usize, alphabet: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters[usize::try_from(state % letters.len() as u64).unwrap()]
    };
    (0..length).map(|_| next()).collect()
}

const BASE62: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";

#[test]
fn every_rule_is_readable() {
    let files: Vec<File> = FILES.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(RULES.rules.len(), files.iter().map(|file| file.rules.len()).sum::<usize>());
    assert!(RULES.rules.len() > 120);
    for rule in &RULES.rules {
        let compiled = rule.compiled().unwrap_or_else(|| panic!("{}: {}", rule.id, rule.regex));
        assert!(rule.group < compiled.regex.captures_len(), "{} has no group {}", rule.id, rule.group);
        assert!(!rule.keywords.is_empty(), "{} has no keyword", rule.id);
        assert!(
            rule.keywords.iter().all(|word| *word == word.to_lowercase() && word.len() > 1),
            "{}",
            rule.id
        );
    }
}

#[test]
fn keys_of_well_known_vendors_are_found_whatever_is_around_them() {
    let keys = [
        (format!("AKIA{}", noise(1, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")), "aws-access-token"),
        (format!("ghp_{}", noise(2, 36, BASE62)), "github-pat"),
        (format!("github_pat_{}", noise(3, 82, BASE62)), "github-fine-grained-pat"),
        (format!("glpat-{}", noise(4, 20, BASE62)), "gitlab-pat"),
        (format!("AIza{}", noise(5, 35, BASE62)), "gcp-api-key"),
        (format!("sk_live_{}", noise(6, 24, BASE62)), "stripe-access-token"),
        (format!("sk-ant-api03-{}AA", noise(7, 93, BASE62)), "anthropic-api-key"),
        (format!("sk-proj-{}T3BlbkFJ{}", noise(8, 74, BASE62), noise(9, 74, BASE62)), "openai-api-key"),
        (format!("sk-or-v1-{}", noise(10, 64, HEX)), "openrouter-api-key"),
        (format!("gsk_{}", noise(11, 52, BASE62)), "groq-api-key"),
        (format!("xai-{}", noise(12, 80, BASE62)), "xai-api-key"),
        (format!("hf_{}", noise(13, 34, &BASE62[..26])), "huggingface-access-token"),
        (format!("npm_{}", noise(14, 36, BASE62)), "npm-access-token"),
        (format!("pypi-AgEIcHlwaS5vcmc{}", noise(15, 60, BASE62)), "pypi-upload-token"),
        (format!("SG.{}.{}", noise(16, 22, BASE62), noise(17, 43, BASE62)), "sendgrid-api-token"),
        (format!("SK{}", noise(18, 32, HEX)), "twilio-api-key"),
        (format!("shpat_{}", noise(19, 32, HEX)), "shopify-access-token"),
        (format!("dop_v1_{}", noise(20, 64, HEX)), "digitalocean-pat"),
        (format!("xoxb-{}-{}", noise(21, 12, "123456789"), noise(22, 24, BASE62)), "slack-legacy-bot-token"),
        (format!("abc4Q~{}", noise(23, 33, BASE62)), "azure-ad-client-secret"),
        (
            format!("eyJ{}.eyJ{}.{}", noise(24, 30, BASE62), noise(25, 40, BASE62), noise(26, 43, BASE62)),
            "jwt",
        ),
    ];
    for (key, rule) in keys {
        for (before, behind) in
            [("", ""), ("key = \"", "\"\n"), ("(", "), next"), ("u=", "&b=1"), ("at ", ". Then")]
        {
            let text = format!("{before}{key}{behind}");
            let hits = found(&text);
            assert!(
                hits.iter().any(|(hit, id)| hit.trim_end_matches('.') == key && *id == rule),
                "{rule} in {text}: {hits:?}"
            );
        }
    }
}

#[test]
fn values_behind_their_names_are_found() {
    let secret = noise(30, 40, BASE62);
    for line in
        [format!("AWS_SECRET_ACCESS_KEY={secret}"), format!("\"aws_secret_access_key\": \"{secret}\",")]
    {
        assert_eq!(found(&line), [(secret.clone(), "aws-secret-access-key")]);
    }
    assert_eq!(
        found("postgres://app:Tr0ub4dor-3x@db.local/x"),
        [("Tr0ub4dor-3x".to_owned(), "url-password")]
    );
}

#[test]
fn private_keys_are_found_whole_and_cut() {
    let lines: Vec<String> = (0..6).map(|n| noise(40 + n, 64, BASE62)).collect();
    let body = lines.join("\n");
    let (head, tail) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    let whole = format!("{head}\n{body}\n{tail}");
    for text in [
        whole.clone(),
        format!("{head}\n{body}"),
        format!("{body}\n{tail}"),
        whole.replace('\n', "\\n"),
        whole.replace('\n', "\\n\" +\n    \""),
        format!("+{}", whole.replace('\n', "\n+")),
    ] {
        let covered: Vec<Range<usize>> = find(&text).into_iter().map(|(range, _)| range).collect();
        for line in &lines {
            let at = text.find(line.as_str()).unwrap();
            assert!(covered.iter().any(|c| c.start <= at && at + line.len() <= c.end), "{line} in {text}");
        }
    }
    assert_eq!(
        found("if text.startswith(\"-----BEGIN RSA PRIVATE KEY-----\"):\n    return parse(text)\n"),
        []
    );
}

#[test]
fn examples_and_ordinary_code_are_left_alone() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk_test_XXXXXXXXXXXXXXXXXXXXXXXX",
        "sk-ant-api03-...",
        "AIzaSyabcdefghijklmnopqrstuvwxyz1234567",
        "postgres://postgres:postgres@localhost/db postgres://user:${PASSWORD}@host/x ftp://a:b@c",
        "https://user:password@example.com",
        "commit 8f3b0c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "task-123 disk-usage they key eyes monkey context_text ext_name s.strip().split() this.api-key",
        "PATCHWORK_MASKED_AWS_ACCESS_TOKEN_5f3a9c",
        "if first == \"-----BEGIN PRIVATE KEY-----\" {\n    let body = read_until(\"-----END PRIVATE KEY-----\");\n    parse(body)\n}",
        "AGFzbQEAAAABEAAABAF8NAQBxQwEAhg2HDQUUBhSqJ6snRSpGKvMAAW30HcQAAAEAXw0BAPsCZHM",
        "",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_key_of_a_later_generation_is_hidden_to_its_end_and_texts_stay_whole() {
    let key = format!("ghp_{}", noise(50, 60, BASE62));
    assert_eq!(found(&format!("é{key}é")), [(key, "github-pat")]);
}
