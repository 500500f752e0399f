//! A checked patchflow, ready to run: what the machine executes and the journal keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::prompt::Prompt;
use crate::template::{Expr, Template};

/// A checked patchflow. Every name in it is resolved; it holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The patchflow's name.
    pub name: String,
    /// One sentence.
    #[serde(default)]
    pub summary: String,
    /// The inputs it takes, in order.
    pub inputs: Vec<InputSpec>,
    /// What runs.
    pub steps: Vec<Node>,
    /// What runs at the end, whether `steps` succeeded or not.
    #[serde(default)]
    pub finally: Vec<Node>,
    /// The patchflow's own outputs; without any, those of its last node.
    #[serde(default)]
    pub outputs: Vec<(String, Template)>,
    /// Prompts by id.
    #[serde(default)]
    pub prompts: BTreeMap<String, Prompt>,
}

/// An input of a patchflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Its name, snake_case.
    pub name: String,
    /// JSON Schema of a value (`{"type": "integer", "minimum": 0}`).
    pub schema: Value,
    /// The value when none is given; null when it may stay absent.
    #[serde(default)]
    pub default: Value,
    /// Whether a value must be given.
    #[serde(default)]
    pub required: bool,
    /// Whether it is a secret: kept out of journals and plans, passed as a reference.
    #[serde(default)]
    pub secret: bool,
    /// Whether it is a path on the user's machine: made absolute from where the command was typed.
    #[serde(default)]
    pub path: bool,
    /// The secrets that are sent to the address it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receives: Vec<String>,
    /// Whether only the user may set it, not the configuration file that a repository brings.
    #[serde(default)]
    pub user_only: bool,
    /// Whether a value makes the run one about somebody else's text, such as a pull request: configuration and prompts then come
    /// from the base branch, not from what is checked out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// What this input and those after it stand below in `--help`; empty when that is what the one before stands below.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// One sentence for `--help`.
    #[serde(default)]
    pub help: String,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its id, unique among its siblings and the nodes around them.
    pub id: String,
    /// What it does.
    pub kind: NodeKind,
    /// It is skipped unless this holds.
    #[serde(default)]
    pub condition: Option<Expr>,
    /// Tries of a step.
    #[serde(default)]
    pub retry: Retry,
    /// Limit of one try, milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Whether the run goes on when it failed; `steps.<id>.error` then says why.
    #[serde(default)]
    pub continue_on_error: bool,
    /// What a block answers for each iteration; without any, the outputs of its last node.
    #[serde(default)]
    pub outputs: Vec<(String, Template)>,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Runs a step.
    Step {
        /// The step's id; aliases are resolved.
        uses: String,
        /// Its input, by field.
        input: Vec<(String, Binding)>,
    },
    /// Runs another patchflow, with a scope of its own.
    Flow {
        /// Its plan.
        plan: Box<Plan>,
        /// Its inputs.
        input: Vec<(String, Binding)>,
    },
    /// Runs nodes in sequence.
    Block {
        /// The nodes.
        steps: Vec<Node>,
    },
    /// Runs nodes for each item of a list. Answers `items`, a list with the outputs of each iteration in order.
    ForEach {
        /// The list.
        items: Expr,
        /// The name of the item in the scope (`index` is its position).
        var: String,
        /// Iterations at the same time; 1 when absent.
        max_parallel: Option<Template>,
        /// The nodes.
        steps: Vec<Node>,
    },
    /// Runs nodes again and again. In the scope, `round` counts from 0 and `previous` holds the outputs of the round
    /// before (null in the first). Answers the outputs of the last round, and `rounds`, their number.
    Repeat {
        /// Rounds at most.
        times: Template,
        /// Ends after a round in which this holds.
        until: Option<Expr>,
        /// The nodes.
        steps: Vec<Node>,
    },
}

/// Where the value of an input field comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Written in `with`.
    With(Template),
    /// Found by name in the scope: the first of these that is not null. None of them: the field is left out.
    Wire(Vec<Source>),
}

/// A place in the scope that a wire leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An input of the patchflow.
    Input(String),
    /// An output field of an earlier node.
    Output {
        /// The node's id.
        node: String,
        /// The field.
        field: String,
    },
    /// A variable of a loop around it.
    Variable(String),
}

/// Tries of a step whose failure may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// All tries, the first included.
    pub attempts: u32,
    /// Wait before the second, milliseconds; doubled each time.
    pub delay_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, delay_ms: 1_000 }
    }
}

impl Plan {
    /// The input of this name.
    pub fn input(&self, name: &str) -> Option<&InputSpec> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// All step ids that the plan may run, sorted, each once.
    pub fn uses(&self) -> Vec<&str> {
        fn walk<'a>(nodes: &'a [Node], out: &mut Vec<&'a str>) {
            for node in nodes {
                match &node.kind {
                    NodeKind::Step { uses, .. } => out.push(uses),
                    NodeKind::Flow { plan, .. } => {
                        walk(&plan.steps, out);
                        walk(&plan.finally, out);
                    }
                    NodeKind::Block { steps }
                    | NodeKind::ForEach { steps, .. }
                    | NodeKind::Repeat { steps, .. } => {
                        walk(steps, out);
                    }
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.steps, &mut out);
        walk(&self.finally, &mut out);
        out.sort_unstable();
        out.dedup();
        out
    }
}
