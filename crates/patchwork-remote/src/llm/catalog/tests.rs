use patchwork_core::usage::{MicroUsd, Usage};
use serde_json::json;

use super::*;

fn built_in() -> Arc<Catalog> {
    Catalog::built_in()
}

#[test]
fn the_built_in_catalogue_is_sound() {
    let catalog = built_in();
    for vendor in catalog.vendors() {
        let id = &vendor.id;
        assert_eq!(catalog.vendor(id).map(|found| &found.id), Some(id));
        assert_eq!(
            vendor.local,
            vendor.option.is_none(),
            "{id}: servers on this machine want no key, others do"
        );
        if let Some(url) = &vendor.base_url {
            assert!(url.starts_with(if vendor.local { "http://127.0.0.1:" } else { "https://" }), "{url}");
            let host = reqwest::Url::parse(url).unwrap().host_str().unwrap().to_owned();
            assert!(vendor.local || vendor.is_at(&host), "{host}");
        }
        if let Some(default) = &vendor.default {
            assert!(vendor.model(default).is_some(), "{id}: {default} is described");
        }
        for model in &vendor.models {
            let name = &model.name;
            assert_eq!(vendor.model(name).map(|found| &found.name), Some(name), "{id}");
            assert!(model.output <= model.context || model.context.is_none(), "{name}");
            if let Some(price) = model.price {
                assert!(price.cached_input.is_none_or(|cached| cached <= price.input), "{name}");
                assert!(price.cache_write.is_none_or(|write| write >= price.input), "{name}");
            }
            let long = model.long_prompt.map(|long| long.price.input);
            assert!(long.is_none_or(|long| Some(long) >= model.price.map(|price| price.input)), "{name}");
        }
    }
    let names: Vec<&str> = catalog.vendors().iter().map(|vendor| vendor.id.as_str()).collect();
    insta::assert_snapshot!(names.join(" "), @"openai azure anthropic gemini vertex groq huggingface openrouter deepseek mistral xai together ollama llamacpp vllm lmstudio");
}

#[test]
fn every_key_has_an_option_and_its_variables() {
    let keys = built_in().keys();
    let lines: Vec<String> =
        keys.iter().map(|(option, names)| format!("{option} {}", names.join(" "))).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    anthropic_api_key ANTHROPIC_API_KEY
    azure_openai_api_key AZURE_OPENAI_API_KEY
    deepseek_api_key DEEPSEEK_API_KEY
    google_access_token GOOGLE_OAUTH_ACCESS_TOKEN
    google_api_key GOOGLE_API_KEY GEMINI_API_KEY
    groq_api_key GROQ_API_KEY
    huggingface_api_key HF_TOKEN HUGGINGFACE_API_KEY HUGGING_FACE_HUB_TOKEN
    mistral_api_key MISTRAL_API_KEY
    openai_api_key OPENAI_API_KEY
    openrouter_api_key OPENROUTER_API_KEY
    together_api_key TOGETHER_API_KEY
    xai_api_key XAI_API_KEY
    ");
}

#[test]
fn bare_names_find_their_vendor() {
    let catalog = built_in();
    let vendor = |name| catalog.vendor_of(name).map(|vendor| vendor.id.as_str());
    for (name, id) in [
        ("gpt-4o", "openai"),
        ("gpt-7-something-new", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("o3-mini", "openai"),
        ("o1", "openai"),
        ("claude-3-opus-20240229", "anthropic"),
        ("claude-fable-9", "anthropic"),
        ("gemini-2.0-flash", "gemini"),
        ("grok-4.7", "xai"),
        ("codestral-latest", "mistral"),
        ("deepseek-v4-pro", "deepseek"),
    ] {
        assert_eq!(vendor(name), Some(id), "{name}");
    }
    for name in ["gpt-oss:20b", "o1x", "llama3", "qwen3:8b", "deepseek-r1:8b", ""] {
        assert_eq!(vendor(name), None, "{name}");
    }
}

#[test]
fn hosts_belong_to_vendors() {
    let catalog = built_in();
    let at = |host| catalog.vendor_at(host).map(|vendor| vendor.id.as_str());
    assert_eq!(at("api.groq.com"), Some("groq"));
    assert_eq!(at("my-resource.openai.azure.com"), Some("azure"));
    assert_eq!(at("openai.azure.com.example.com"), None);
    assert_eq!(at("xapi.groq.com"), None);
    assert!(catalog.is_prefixed("api.groq.com") && catalog.is_prefixed("openrouter.ai"));
    assert!(!catalog.is_prefixed("localhost") && !catalog.is_prefixed("api.openai.com"));
}

#[test]
fn dated_editions_share_the_row_and_other_models_do_not() {
    let catalog = built_in();
    let known = |vendor: &str, name| {
        catalog.vendor(vendor).and_then(|vendor| vendor.model(name)).map(|model| model.name.clone())
    };
    assert_eq!(known("openai", "gpt-4o-2024-08-06").as_deref(), Some("gpt-4o"));
    assert_eq!(known("anthropic", "claude-sonnet-4-5-20250929").as_deref(), Some("claude-sonnet-4-5"));
    assert_eq!(known("anthropic", "claude-sonnet-4-5@20250929").as_deref(), Some("claude-sonnet-4-5"));
    assert_eq!(known("openai", "gpt-4o-mini").as_deref(), Some("gpt-4o-mini"));
    assert_eq!(known("mistral", "mistral-large-latest").as_deref(), Some("mistral-large-3"));
    assert_eq!(known("openai", "gpt-4o-audio-preview"), None);
    assert_eq!(known("openai", "gpt-4"), None);
}

#[test]
fn a_model_says_more_than_its_vendor() {
    let catalog = built_in();
    let profile = |vendor, name| catalog.profile(catalog.vendor(vendor).map(|vendor| &**vendor), name);
    let (old, new) = (profile("openai", "gpt-4o"), profile("openai", "gpt-6.1-sol"));
    assert_eq!((old.abilities.sampling, new.abilities.sampling), (Some(true), Some(false)));
    assert_eq!(old.abilities.tools, Some(true));
    assert_eq!(old.quirks.max_tokens_field, Some(MaxTokensField::MaxCompletionTokens));
    assert_eq!(new.quirks.efforts.unwrap().first(), Some(&Effort::Low));
    assert_eq!(profile("openai", "gpt-9").abilities.tools, Some(true));
    // Somebody else's server: the price and size of the model, and nothing about what is understood there.
    let elsewhere = catalog.profile(None, "gpt-4o");
    assert_eq!((elsewhere.price, elsewhere.context), (old.price, old.context));
    assert_eq!(elsewhere.abilities, Abilities::default());
    assert_eq!(profile("ollama", "llama3").cost(Usage::default()), Some(MicroUsd(0)));
}

#[test]
fn a_long_prompt_has_its_own_price() {
    let catalog = built_in();
    let haiku = catalog.profile(catalog.vendor("anthropic").map(|vendor| &**vendor), "claude-haiku-5-5");
    let usage = |input_tokens| Usage { input_tokens, output_tokens: 1_000, ..Usage::default() };
    assert_eq!(haiku.cost(usage(100_000)), Some(MicroUsd(10_000 + 500)));
    assert_eq!(haiku.cost(usage(200_000)), Some(MicroUsd(100_000 + 2_500)));
    // At worst the whole prompt is written to the vendor's cache.
    assert_eq!(haiku.worst_cost(100_000, 1_000), Some(MicroUsd(12_500 + 500)));
    assert_eq!(haiku.worst_cost(200_000, 1_000), Some(MicroUsd(125_000 + 2_500)));
    assert_eq!(Profile::default().worst_cost(1, 1), None);
}

#[test]
fn rows_of_the_users_go_over_ours() {
    let rows = json!([
        { "id": "openai", "base_url": "https://gateway.example.com/v1", "models": [
            { "name": "gpt-4o", "price": { "input": 1, "output": 2 } },
            { "name": "house-model", "context": 4096, "abilities": { "sampling": true } },
        ]},
        { "id": "acme", "base_url": "http://acme.example.com/v1", "option": "acme_api_key", "environment": ["ACME_KEY"],
          "prefixes": ["acme-"], "limits": { "concurrency": 2 }, "models": [{ "name": "acme-large" }] },
        { "id": "anthropic", "default": null },
    ]);
    let catalog = built_in().with_rows(&rows).unwrap();
    let openai = catalog.vendor("openai").unwrap();
    assert_eq!(openai.base_url.as_deref(), Some("https://gateway.example.com/v1"));
    let own = openai.profile("gpt-4o");
    assert_eq!((own.price.unwrap().input, own.price.unwrap().cached_input), (1.0, None));
    assert_eq!(own.context, Some(128_000));
    assert_eq!(openai.profile("house-model").abilities.tools, Some(true));
    assert_eq!(openai.models.len(), built_in().vendor("openai").unwrap().models.len() + 1);
    let acme = catalog.vendor_of("acme-large").unwrap();
    assert_eq!((acme.name.as_str(), acme.protocol), ("acme", Protocol::OpenAiChat));
    assert_eq!(catalog.keys()["acme_api_key"], ["ACME_KEY"]);
    assert_eq!(catalog.vendor("anthropic").unwrap().default, None);
    // A second file goes over the first.
    let again = catalog.with_rows(&json!([{ "id": "acme", "name": "ACME" }])).unwrap();
    assert_eq!(again.vendor("acme").unwrap().name, "ACME");
    assert_eq!(again.vendor("acme").unwrap().models.len(), 1);
}

#[test]
fn what_is_wrong_with_a_row_is_told_with_its_place() {
    let faults = |rows: Value| match built_in().with_rows(&rows) {
        Ok(_) => String::new(),
        Err(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect(),
    };
    insta::assert_snapshot!(faults(json!({ "id": "openai" })), @"`vendors` must be a list of vendors, each with its `id`");
    insta::assert_snapshot!(faults(json!([
        1,
        { "name": "x" },
        { "id": "Open AI" },
        { "id": "acme", "bas_url": "https://acme.example.com" },
        { "id": "groq", "models": [{ "name": "a", "price": { "inptu": 1, "output": 2 } }] },
        { "id": "xai", "protocol": "anthropc" },
        { "id": "mistral", "limits": { "concurrency": 0 } },
        { "id": "together", "models": [{ "name": "openai/gpt-oss-120b", "price": { "input": -1, "output": 2 } }] },
        { "id": "vllm", "base_url": "localhost:8000", "quirks": { "max_temperature": 7 } },
        { "id": "ollama", "base_url": "localhost:8000" },
        { "id": "deepseek", "base_url": "https://user:password@gateway.example.com/v1" },
        { "id": "openai", "aliases": ["google"] },
        { "id": "openai" },
    ])), @"
    `vendors[0]` must be a mapping with the `id` of a vendor
    `vendors[1].id` must be the id of a vendor: small letters, digits, `_`, `-` and `.`
    `vendors[2].id` must be the id of a vendor: small letters, digits, `_`, `-` and `.`
    `vendors[12].id` stands twice; one row says all about a vendor
    `vendors[groq].models[a].price.inptu` is not known; did you mean `input`?
    `vendors[deepseek].base_url` must not hold a user or a password
    `vendors[mistral].limits.concurrency` can't be read: invalid value: integer `0`, expected a nonzero u32
    `vendors[xai].protocol` can't be `anthropc`: expected one of `openai_chat`, `openai_responses`, `anthropic`, `gemini`; did you mean `anthropic`?
    `vendors[together].models[openai/gpt-oss-120b].price` must be US dollars per million tokens, 0 or more
    `vendors[acme].bas_url` is not known; did you mean `base_url`?
    `vendors[ollama].base_url` must be an http or https URL
    `vendors[vllm].quirks.max_temperature` can't be read: a temperature is a number from 0 to 2
    `vendors[gemini].aliases` gives a name, `google`, that another vendor has
    ");
}
