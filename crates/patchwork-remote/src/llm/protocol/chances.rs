//! How likely the tokens of an answer were, as each protocol tells it. What is not of its form is passed over.

use patchwork_core::message::{LikelyToken, TokenChance};
use serde_json::Value;

/// As OpenAI tells it: a list of `{"token", "logprob", "top_logprobs": [{"token", "logprob"}]}`.
pub(super) fn of_openai(list: &Value) -> Vec<TokenChance> {
    let likely = |value: &Value| likely(value, "logprob");
    each(list)
        .filter_map(|item| {
            let LikelyToken { token, logprob } = likely(item)?;
            let top = each(&item["top_logprobs"]).filter_map(likely).collect();
            Some(TokenChance { token, logprob, top })
        })
        .collect()
}

/// As Gemini tells it: the tokens in `chosenCandidates`, and for each, in the same order, the likeliest in `topCandidates`.
pub(super) fn of_gemini(result: &Value) -> Vec<TokenChance> {
    let likely = |value: &Value| likely(value, "logProbability");
    each(&result["chosenCandidates"])
        .enumerate()
        .filter_map(|(at, item)| {
            let LikelyToken { token, logprob } = likely(item)?;
            let top = each(&result["topCandidates"][at]["candidates"]).filter_map(likely).collect();
            Some(TokenChance { token, logprob, top })
        })
        .collect()
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn likely(value: &Value, field: &str) -> Option<LikelyToken> {
    Some(LikelyToken { token: value["token"].as_str()?.to_owned(), logprob: value[field].as_f64()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_protocol_tells_the_same() {
        let openai = json!([
            {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2, "bytes": null}]},
            {"token": "c", "logprob": 0, "top_logprobs": []},
        ]);
        let gemini = json!({
            "chosenCandidates": [
                {"token": "a", "tokenId": 1, "logProbability": -0.1}, {"token": "c", "logProbability": 0},
            ],
            "topCandidates": [{"candidates": [{"token": "b", "tokenId": 2, "logProbability": -2}]}, {}],
        });
        let expected = [
            TokenChance {
                token: "a".to_owned(),
                logprob: -0.1,
                top: vec![LikelyToken { token: "b".to_owned(), logprob: -2.0 }],
            },
            TokenChance { token: "c".to_owned(), ..TokenChance::default() },
        ];
        assert_eq!(of_openai(&openai), expected);
        assert_eq!(of_gemini(&gemini), expected);
        for strange in [json!(null), json!("x"), json!([1, {"token": 1}]), json!({"chosenCandidates": [{}]})]
        {
            assert_eq!((of_openai(&strange), of_gemini(&strange)), (vec![], vec![]));
        }
    }
}
