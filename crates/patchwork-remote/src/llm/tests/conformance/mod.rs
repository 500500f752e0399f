//! What every protocol must do, over real HTTP, with every request valid against the vendor's published description.

mod asked;
mod broken;
mod refused;
mod told;

use patchwork_testkit::model::SeenRequest;
use serde_json::Value;

use super::*;

/// Who is asked.
#[derive(Clone, Copy)]
struct Dialect {
    model: &'static str,
    /// The option of its key.
    option: &'static str,
    /// Options that it must refuse with a typed error; `schema` when it is only told in words; `thoughts` when it tells none.
    lacks: &'static [&'static str],
    /// It is asked at an endpoint of the user's, and nothing is known of that.
    custom: bool,
}

const CUSTOM: Dialect = Dialect { lacks: &["thoughts"], custom: true, ..CHAT };
const CHAT: Dialect = Dialect {
    model: "gpt-4o",
    option: "openai_api_key",
    lacks: &["reasoning_effort", "thoughts"],
    custom: false,
};
const RESPONSES: Dialect = Dialect {
    model: "gpt-5.5-pro",
    option: "openai_api_key",
    lacks: &[
        "temperature",
        "top_p",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "schema",
    ],
    custom: false,
};
const ANTHROPIC: Dialect = Dialect {
    model: "claude-haiku-4-5",
    option: "anthropic_api_key",
    lacks: &["seed", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"],
    custom: false,
};
const GEMINI: Dialect = Dialect {
    model: "gemini-2.5-flash",
    option: "google_api_key",
    lacks: &["logit_bias", "logprobs"],
    custom: false,
};

impl Dialect {
    fn target(&self, server: &ModelServer) -> Target {
        let base_url = self.custom.then(|| server.openai_url());
        Target { base_url, ..named(self.model, self.option) }
    }

    fn models(&self, server: &ModelServer) -> Models {
        Models::new(vendors_at(server))
    }

    async fn chat(&self, server: &ModelServer, request: &ChatRequest) -> Result<ChatAnswer, ProviderError> {
        let answer = chat(&self.models(server), &self.target(server), request).await;
        server.assert_polite();
        server.assert_no_secret(&[KEY]);
        answer
    }

    /// The answer to a question, where the server replies this.
    async fn told(&self, reply: Reply) -> ChatAnswer {
        let server = ModelServer::replying(vec![reply]);
        self.chat(&server, &hello()).await.unwrap()
    }

    /// The answer of the second try, the first having got this reply.
    async fn after(&self, reply: Reply) -> ChatAnswer {
        self.after_with(reply, quick()).await
    }

    async fn after_with(&self, reply: Reply, settings: ModelsSettings) -> ChatAnswer {
        let server = ModelServer::replying(vec![reply, Reply::text("done")]);
        let settings = ModelsSettings { base_urls: vendors_at(&server).base_urls, ..settings };
        let answer = chat(&Models::new(settings), &self.target(&server), &hello()).await.unwrap();
        assert_eq!((answer.attempts, server.count(), answer.text.as_str()), (2, 2, "done"));
        server.assert_polite();
        answer
    }

    /// The failure of a question to which the server always replies this, and the number of tries.
    async fn failing(&self, reply: Reply) -> (ProviderError, usize) {
        let server = ModelServer::replying(vec![reply]);
        let error = self.chat(&server, &hello()).await.unwrap_err();
        (error, server.count())
    }

    /// What the server saw of a request.
    async fn seen(&self, request: &ChatRequest) -> SeenRequest {
        let server = ModelServer::replying(vec![Reply::text("done")]);
        self.chat(&server, request).await.unwrap();
        server.requests().remove(0)
    }

    /// The bytes of a streamed answer, as the server sends them.
    async fn recorded(&self, reply: Reply) -> String {
        let server = ModelServer::replying(vec![reply]);
        let seen = self.seen(&hello()).await;
        let sent = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer =
            sent.post(format!("{}{}", server.url(), seen.path)).json(&seen.body).send().await.unwrap();
        answer.text().await.unwrap()
    }
}

/// Every case as a test of each protocol.
macro_rules! conform {
    ($($protocol:ident: $dialect:expr,)*) => { $(mod $protocol { conform!(@ $dialect;
        asked::conversations_keep_their_order_and_every_system_message,
        asked::tools_go_there_and_back,
        asked::a_tool_can_be_demanded,
        asked::images_and_files_are_shown,
        asked::an_answer_is_bound_to_a_schema,
        asked::json_of_any_form_can_be_asked_for,
        asked::every_parameter_arrives_or_is_refused,
        asked::the_answer_has_a_limit,
        told::text_is_kept_as_it_is,
        told::a_server_that_does_not_stream_is_understood,
        told::no_text_is_an_empty_text,
        told::every_end_is_told,
        told::a_refusal_is_no_answer,
        told::usage_is_counted_to_the_last_kind,
        told::chunks_may_split_everything,
        told::all_ends_of_line_will_do,
        told::comments_and_pings_say_nothing,
        told::several_calls_come_with_their_arguments,
        told::arguments_that_are_not_json_are_passed_on,
        told::ids_that_are_there_twice_are_made_unique,
        broken::a_cut_stream_is_tried_again,
        broken::a_stalled_stream_is_tried_again,
        broken::an_endless_stream_ends,
        broken::bytes_that_are_no_text_are_malformed,
        broken::broken_json_is_malformed,
        broken::an_error_in_mid_stream_is_tried_again,
        broken::an_error_in_a_success_has_its_class,
        broken::a_web_page_is_told_at_once,
        broken::an_answer_without_one_is_malformed,
        broken::no_value_in_any_place_does_harm,
        refused::a_wrong_key_is_told_with_its_option,
        refused::an_unknown_model_is_told_with_near_names,
        refused::what_it_can_not_do_is_refused_unsent,
        refused::a_prompt_that_is_too_long_is_told,
        refused::a_rate_limit_in_seconds_passes,
        refused::a_rate_limit_as_a_date_passes,
        refused::a_rate_limit_by_another_clock_passes,
        refused::a_failing_server_is_tried_again,
    ); })* };
    (@ $dialect:expr; $($group:ident::$case:ident,)*) => { $(
        #[tokio::test]
        async fn $case() {
            super::$group::$case(&$dialect).await;
        }
    )* };
}

conform! {
    custom: crate::llm::tests::conformance::CUSTOM,
    openai_chat: crate::llm::tests::conformance::CHAT,
    openai_responses: crate::llm::tests::conformance::RESPONSES,
    anthropic: crate::llm::tests::conformance::ANTHROPIC,
    gemini: crate::llm::tests::conformance::GEMINI,
}
