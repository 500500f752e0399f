//! What may happen to a run: its questions, its limits, what the vendor does, when processes die.

use patchwork_core::budget::Limits;
use patchwork_core::usage::MicroUsd;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Models that are known to the catalogue, with the vendor's own price list: thousandths of a millionth of a dollar for a
/// token sent, one taken from the cache, and one received.
pub(crate) const MODELS: [(&str, [u64; 3]); 2] =
    [("gpt-4o", [2500, 1250, 10_000]), ("gpt-4o-mini", [150, 75, 600])];

/// Tokens that a vendor may add to a request: instructions of its own.
pub(crate) const ADDED: u64 = 500;

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Bytes of each prompt.
    pub(crate) prompts: Vec<usize>,
    /// Prompts that one node asks.
    pub(crate) group: usize,
    /// Nodes at work at the same time.
    pub(crate) parallel: usize,
    /// Calls of one node at the same time.
    pub(crate) concurrency: usize,
    /// The first of [`MODELS`] that is asked; when there is another it is the fallback.
    pub(crate) model: usize,
    pub(crate) max_tokens: Option<u32>,
    /// Whether the run goes on behind a node that failed.
    pub(crate) go_on: bool,
    /// What each node may take.
    pub(crate) node: Share,
    /// What the vendor does with the requests of each prompt in turn; then it answers.
    pub(crate) deeds: Vec<Vec<Deed>>,
    /// Seeds what the vendor bills.
    pub(crate) seed: u64,
    /// The processes that work on the run; the last one without limits.
    pub(crate) lives: Vec<Life>,
}

/// One process.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) run: Share,
    pub(crate) death: Option<Death>,
}

/// When a process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    /// When its n-th record is written and before it knows.
    Record(u64),
    /// When its n-th request arrives.
    Request(usize),
}

/// Limits, in thousandths of what all prompts take at worst; calls in tenths of the number of prompts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) cost: Option<u64>,
    pub(crate) tokens: Option<u64>,
    pub(crate) calls: Option<u64>,
}

/// What a vendor does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Answers, after so many milliseconds.
    Answer(u64),
    /// Answers, but the connection is cut when all is said but the last word.
    AnswerCut,
    /// Refuses with this status; nothing is billed.
    Refuse(u16),
    /// A gateway lost the answer.
    Gateway,
    /// The connection is cut before anything is said.
    Cut,
    /// The stream is cut in the middle.
    CutInText,
    /// The stream fails when all is said and the usage told.
    FailTold,
    /// The stream fails in the middle.
    FailInText,
    /// Success, with something else than an answer.
    Garbage,
}

impl Deed {
    /// Whether there is an answer.
    pub(crate) fn answers(self) -> bool {
        matches!(self, Self::Answer(_) | Self::AnswerCut)
    }

    /// Whether the vendor wants money for it.
    pub(crate) fn bills(self) -> bool {
        !matches!(self, Self::Refuse(_))
    }

    /// Whether nobody but the vendor knows what was billed.
    pub(crate) fn is_untold(self) -> bool {
        self.bills() && !self.answers() && self != Self::FailTold
    }
}

impl Case {
    /// Cases in which so many processes at most go before the last two, which do not die.
    pub(crate) fn any(lives: usize) -> impl Strategy<Value = Self> {
        let asked = (
            vec(0usize..1500, 1..=12),
            prop_oneof![Just(1usize), Just(1), 2usize..=4, Just(12)],
            1usize..=16,
            1usize..=16,
            0usize..2,
            option::weighted(0.8, prop_oneof![Just(1u32), 2u32..400]),
            any::<bool>(),
            Share::any(0.2),
        );
        (
            asked,
            vec(vec(Deed::any(), 0..=3), 12),
            any::<u64>(),
            vec(Life::any(lives > 0), 0..=lives),
            Share::any(0.5),
        )
            .prop_map(|(asked, deeds, seed, mut lives, last)| {
                let (prompts, group, parallel, concurrency, model, max_tokens, go_on, node) = asked;
                lives.push(Life { run: last, death: None });
                lives.push(Life { run: Share::default(), death: None });
                Self {
                    prompts,
                    group,
                    parallel,
                    concurrency,
                    model,
                    max_tokens,
                    go_on,
                    node,
                    deeds,
                    seed,
                    lives,
                }
            })
    }

    /// The models that are asked, one after the other.
    pub(crate) fn models(&self) -> Vec<&'static str> {
        MODELS[self.model..].iter().map(|(name, _)| *name).collect()
    }

    /// What each node may take: measured by the first one.
    pub(crate) fn node_limits(&self) -> Limits {
        self.limits(self.node, &self.prompts[..self.group.min(self.prompts.len())])
    }

    /// What a share is for these prompts.
    pub(crate) fn limits(&self, share: Share, prompts: &[usize]) -> Limits {
        let bytes: usize = prompts.iter().map(|bytes| bytes + 40).sum();
        let output = u64::from(self.max_tokens.unwrap_or(1000)) * prompts.len() as u64;
        let input = bytes as u64 + 600 * prompts.len() as u64;
        let [per_input, _, per_output] = MODELS[self.model].1;
        let cost = (input * per_input + output * per_output) / 1000;
        Limits {
            cost: share.cost.map(|share| MicroUsd(cost * share / 1000)),
            tokens: share.tokens.map(|share| (input + output) * share / 1000),
            calls: share.calls.map(|share| prompts.len() as u64 * share / 10),
            allow_unknown_price: false,
        }
    }
}

impl Life {
    fn any(dies: bool) -> BoxedStrategy<Self> {
        let death = prop_oneof![(1u64..60).prop_map(Death::Record), (1usize..16).prop_map(Death::Request)];
        let death = if dies { option::weighted(0.8, death).boxed() } else { Just(None).boxed() };
        (Share::any(0.5), death).prop_map(|(run, death)| Self { run, death }).boxed()
    }
}

impl Share {
    fn any(likely: f64) -> impl Strategy<Value = Self> {
        let limit = || option::weighted(likely, 0u64..1800);
        (limit(), limit(), option::weighted(likely / 2.0, 0u64..20)).prop_map(|(cost, tokens, calls)| Self {
            cost,
            tokens,
            calls,
        })
    }
}

impl Deed {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            6 => (0u64..12).prop_map(Self::Answer),
            1 => Just(Self::AnswerCut),
            2 => prop_oneof![Just(429u16), Just(500), Just(503), Just(404)].prop_map(Self::Refuse),
            1 => Just(Self::Refuse(400)),
            1 => Just(Self::Gateway),
            1 => Just(Self::Cut),
            2 => Just(Self::CutInText),
            1 => Just(Self::FailTold),
            1 => Just(Self::FailInText),
            1 => Just(Self::Garbage),
        ]
    }
}
