//! Options of every run that calls models, without its patchflow declaring them: the keys of all vendors, and what the calls may
//! take.

use patchwork::models::Catalog;
use patchwork_core::budget::Limits;
use patchwork_core::config::{Effective, Setting};
use patchwork_core::patchflow::plan::{InputSpec, Plan};
use patchwork_core::registry::Registry;
use patchwork_core::step::Effects;
use patchwork_core::usage::MicroUsd;
use serde_json::{Value, json};

/// The options for what model calls may take.
pub(crate) const LIMITS: [&str; 4] = ["max_cost", "max_tokens", "max_llm_calls", "allow_unknown_price"];

/// What [`LIMITS`] stand below in `--help`.
const LIMITS_HEADING: &str = "Limits of the run; `patchwork resume` can raise them";

/// What the keys stand below that no patchflow declares.
const KEYS_HEADING: &str = "Keys of other vendors";

/// Whether an option is one of [`LIMITS`].
pub(crate) fn is_limit(option: &str) -> bool {
    LIMITS.contains(&option)
}

/// The variables that set [`LIMITS`].
pub(crate) const LIMIT_VARIABLES: [(&str, &str); 4] = [
    ("PATCHWORK_MAX_COST", "max_cost"),
    ("PATCHWORK_MAX_TOKENS", "max_tokens"),
    ("PATCHWORK_MAX_LLM_CALLS", "max_llm_calls"),
    ("PATCHWORK_ALLOW_UNKNOWN_PRICE", "allow_unknown_price"),
];

/// The inputs of a patchflow with those options of every run that it does not declare itself.
pub(crate) fn widened(plan: &Plan, registry: &Registry, catalog: &Catalog) -> Plan {
    let asks =
        |id: &&str| registry.step(id).is_some_and(|step| step.effects().contains(Effects::CALLS_MODEL));
    let mut plan = plan.clone();
    if !plan.uses().iter().any(asks) {
        return plan;
    }
    let keys: Vec<String> = catalog.keys().into_keys().collect();
    for input in &mut plan.inputs {
        // An endpoint that is sent one key may be sent any: whose place it is decides.
        if input.receives.iter().any(|name| keys.contains(name)) {
            input
                .receives
                .extend(keys.iter().filter(|key| !input.receives.contains(key)).cloned().collect::<Vec<_>>());
        }
    }
    for spec in specs(catalog) {
        if plan.input(&spec.name).is_none() {
            plan.inputs.push(spec);
        }
    }
    plan
}

/// The options themselves.
pub(crate) fn specs(catalog: &Catalog) -> Vec<InputSpec> {
    let option = |heading: &str, name: &str, schema: Value, help: String| InputSpec {
        name: name.to_owned(),
        schema,
        default: Value::Null,
        required: false,
        secret: false,
        path: false,
        receives: Vec::new(),
        user_only: false,
        foreign: false,
        heading: heading.to_owned(),
        help,
    };
    let number = |name, kind, least: i32, help: &str| {
        option(LIMITS_HEADING, name, json!({"type": kind, "minimum": least}), help.to_owned())
    };
    let mut out = vec![
        number(
            "max_cost",
            "number",
            0,
            "US dollars that the model calls of the run may cost; no limit when absent.",
        ),
        number("max_tokens", "integer", 0, "Tokens of prompts and answers of the whole run at most."),
        number("max_llm_calls", "integer", -1, "Model calls of the whole run at most; -1 for no limit."),
        InputSpec {
            default: Value::Bool(false),
            // Whoever pays decides.
            user_only: true,
            ..option(
                LIMITS_HEADING,
                "allow_unknown_price",
                json!({"type": "boolean"}),
                "Make calls whose price is unknown under `max_cost`, counting nothing.".to_owned(),
            )
        },
    ];
    for name in catalog.keys().into_keys() {
        let sellers = catalog.vendors().iter().filter(|vendor| vendor.option.as_ref() == Some(&name));
        let sellers = sellers.map(|vendor| vendor.name.as_str()).collect::<Vec<_>>().join(" and ");
        let help = format!("Key for {sellers}.");
        out.push(InputSpec { secret: true, ..option(KEYS_HEADING, &name, json!({"type": "string"}), help) });
    }
    out
}

/// The limits among the options in effect.
pub(crate) fn limits(chosen: &Effective) -> Limits {
    let value = |name: &str| chosen.values.get(name).map(|setting: &Setting| &setting.value);
    Limits {
        cost: value("max_cost").and_then(Value::as_f64).map(micros),
        tokens: value("max_tokens").and_then(Value::as_u64),
        // Below zero is no limit.
        calls: value("max_llm_calls").and_then(Value::as_u64),
        allow_unknown_price: value("allow_unknown_price") == Some(&Value::Bool(true)),
    }
}

/// Dollars as they are counted. A part of a millionth is cut off: a limit is never passed.
fn micros(dollars: f64) -> MicroUsd {
    // 0.29 × 10⁶ is a little less than 290 000: what is so near to a whole number is meant to be one.
    let exact = dollars * 1e6;
    let near = if (exact - exact.round()).abs() < 1e-3 { exact.round() } else { exact.floor() };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is 0 or more, and a cast keeps to the bounds"
    )]
    MicroUsd(near.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_counted_to_the_millionth() {
        for (dollars, expected) in [
            (0.0, 0),
            (0.29, 290_000),
            (1.1, 1_100_000),
            (0.000_001_5, 1),
            (1e30, u64::MAX),
            (2.5, 2_500_000),
        ] {
            assert_eq!(micros(dollars), MicroUsd(expected), "{dollars}");
        }
    }

    #[test]
    fn a_patchflow_that_asks_no_model_takes_none_of_them() {
        let (registry, catalog) = (patchwork::registry(), Catalog::built_in());
        let mut plan = Plan {
            name: "Mine".to_owned(),
            summary: String::new(),
            inputs: Vec::new(),
            steps: Vec::new(),
            finally: Vec::new(),
            outputs: Vec::new(),
            prompts: std::collections::BTreeMap::new(),
        };
        assert_eq!(widened(&plan, &registry, &catalog), plan);
        let node = json!({"id": "ask", "kind": {"step": {"uses": "CallLLM", "input": []}}});
        plan.steps.push(serde_json::from_value(node).unwrap());
        let wide = widened(&plan, &registry, &catalog);
        for name in LIMITS.into_iter().chain(["groq_api_key", "huggingface_api_key", "azure_openai_api_key"])
        {
            assert!(wide.input(name).is_some(), "{name}");
        }
    }
}
