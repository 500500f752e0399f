use patchwork_core::message::Role;
use patchwork_core::message::{Attachment, Message, Tool, ToolCall};
use patchwork_core::port::provider::ChatRequest;
use patchwork_core::port::provider::OutputFormat;
use serde_json::json;

use super::*;

const EXACT: [Tokenizer; 2] = [Tokenizer::O200k, Tokenizer::Cl100k];

#[test]
fn counts_are_those_of_openai() {
    // Counted with tiktoken 0.14.0 (Python), `encode_ordinary`.
    for (text, o200k, cl100k) in [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("tiktoken is great!", 6, 6),
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 8, 9),
        ("def f(x):\n    return x + 1\n", 11, 11),
        ("\t\tif (a != b) {\r\n\r\n\t\t\treturn;\r\n\t\t}\r\n", 14, 14),
        ("<|endoftext|>", 7, 7),
        ("a\u{a0} \u{2003}x", 5, 6),
        ("naïve café — 👩\u{200d}👩\u{200d}👧", 13, 17),
        ("\0\0\0", 2, 3),
        ("I'm we'LL they've", 5, 7),
        (".\n/", 1, 2),
        ("   \n  x", 3, 3),
        ("1234567890", 4, 4),
    ] {
        assert_eq!(EXACT.map(|tokenizer| count(tokenizer, text)), [o200k, cl100k], "{text:?}");
    }
    assert_eq!(count(Tokenizer::Estimate, &"a".repeat(33)), 11);
}

/// Texts of characters that the patterns treat each in their own way. The same ones every time.
fn texts(count: usize, longest: usize) -> impl Iterator<Item = String> {
    let alphabet: Vec<char> = "aAzZéÉßǅ漢かカ한09٣ \t\n\r\u{b}\u{a0}\u{2003}\u{85}\u{2028}\0!?.,;'\"/\\-_<>|{}#~=\u{301}\u{200d}👩ñЖʰªsStTdDmMvVrRlLeE"
        .chars()
        .collect();
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    (0..count).map(move |_| {
        // Mostly whitespace every other time: there the patterns are at their hardest.
        let from = if random(2) == 0 { 0 } else { 20 };
        let among = if from == 0 { alphabet.len() } else { 15 };
        (0..random(longest) + 1).map(|_| alphabet[from + random(among.min(alphabet.len() - from))]).collect()
    })
}

#[test]
fn parts_have_as_many_tokens_as_the_whole() {
    for text in texts(800, 50) {
        for tokenizer in EXACT {
            let encoding = tokenizer.encoding().unwrap();
            let whole = wide(encoding.count(&text));
            for part in [1, 2, 7] {
                assert_eq!(count_in_parts(encoding, &text, part), whole, "{tokenizer:?} {part} {text:?}");
            }
        }
    }
}

#[test]
fn no_text_has_more_tokens_than_bytes_nor_more_than_its_parts() {
    for text in texts(400, 60) {
        let middle = text.floor_char_boundary(text.len() / 2);
        let (head, tail) = text.split_at(middle);
        for tokenizer in EXACT {
            let whole = count(tokenizer, &text);
            assert!(whole <= wide(text.len()) && (whole > 0 || text.is_empty()), "{text:?}");
            // Not a law of byte pairs, but one token more is all that a cut ever saved in practice.
            assert!(whole <= count(tokenizer, head) + count(tokenizer, tail) + 1, "{text:?}");
        }
    }
}

#[test]
fn hostile_texts_are_counted() {
    for (text, o200k, cl100k) in [
        ("a".repeat(50_000), 6_250, 6_250),
        ("\0".repeat(50_000), 25_000, 50_000),
        (" ".repeat(50_000), 392, 391),
        ("漢".repeat(10_000), 10_000, 20_000),
    ] {
        let counts = EXACT.map(|tokenizer| count(tokenizer, &text));
        assert_eq!(counts, [o200k, cl100k], "{:?}", &text[..3]);
    }
}

#[test]
fn whitespace_of_all_kinds_is_counted_in_small_parts() {
    // The crate would look at all that follows for each word of these.
    for word in ["\u{a0} \u{2003}x", "!\n\u{2003}\u{2003}", "\u{2003}\u{2003}é", "\n\u{a0}\u{a0}/"] {
        let text = word.repeat(PART);
        assert!(seam(&text, PART) <= PART && seam(&text, PART) > PART / 2, "{word:?}");
    }
    let word = "a".repeat(10 * PART);
    assert_eq!(seam(&word, PART), word.len(), "one word has no seam");
    assert_eq!(seam(&format!("{word} b"), PART), word.len());
}

fn request(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { messages, ..ChatRequest::default() }
}

#[test]
fn a_plain_conversation_is_counted_exactly_with_what_goes_around_it() {
    // OpenAI documents 3 tokens around a message, 1 for its role, 3 for the beginning of the answer.
    let request = request(vec![
        Message::new(Role::System, "tiktoken is great!"),
        Message::new(Role::User, "hello world"),
    ]);
    assert_eq!(count_request(Tokenizer::O200k, &request), (3 + 4 + 6 + 4 + 2, true));
    let (estimate, exact) = count_request(Tokenizer::Estimate, &request);
    assert!(!exact && estimate >= 17, "{estimate}");
}

#[test]
fn everything_in_a_request_counts() {
    let bare = || request(vec![Message::new(Role::User, "x")]);
    let (least, exact) = count_request(Tokenizer::O200k, &bare());
    assert!(exact);
    let bounds = at_most(Tokenizer::O200k, &bare());
    let attach = |media_type: &str, data: String| {
        let mut request = bare();
        request.messages[0].attachments =
            vec![Attachment { media_type: media_type.into(), data, name: Some("a".into()) }];
        request
    };
    let calls = {
        let mut request = bare();
        let call = ToolCall { id: "1".into(), name: "read".into(), arguments: "{\"path\": 1}".into() };
        request.messages[0].tool_calls = vec![call];
        request
    };
    let carried = {
        let mut request = bare();
        request.messages[0].carried = Some(json!({"signature": "c2lnbmVk"}));
        request
    };
    let answered = {
        let mut request = bare();
        request.messages[0].tool_call_id = Some("call-1".into());
        request
    };
    let tools = {
        let mut request = bare();
        request.tools =
            vec![Tool { name: "t".into(), description: "d".into(), parameters: json!({"type": "object"}) }];
        request
    };
    let schema = {
        let mut request = bare();
        request.output = Some(OutputFormat { name: "n".into(), schema: Some(json!({"type": "object"})) });
        request
    };
    let files = [
        attach("image/png", "AAAA".into()),
        attach("application/pdf", "A".repeat(40_000)),
        attach("text/plain", "A".repeat(400)),
    ];
    for request in files.into_iter().chain([calls, carried, answered, tools, schema]) {
        let (counted, exact) = count_request(Tokenizer::O200k, &request);
        assert!(counted > least && !exact, "{request:?}");
        let most = at_most(Tokenizer::O200k, &request);
        assert!(most > bounds && most >= counted, "{request:?}");
    }
}

#[test]
fn no_request_counts_more_than_its_bound() {
    let mut texts = texts(120, 300);
    while let (Some(a), Some(b)) = (texts.next(), texts.next()) {
        let mut request = request(vec![Message::new(Role::System, a), Message::new(Role::Tool, b)]);
        request.messages[1].tool_call_id = Some("call_1".into());
        for tokenizer in [Tokenizer::O200k, Tokenizer::Cl100k, Tokenizer::Estimate] {
            let (counted, _) = count_request(tokenizer, &request);
            assert!(counted <= at_most(tokenizer, &request), "{tokenizer:?} {request:?}");
        }
    }
}
