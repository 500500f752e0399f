//! Chance that can be repeated.

use serde_json::{Value, json};

/// A small source of random numbers: the same in each run, so that a failure can be repeated.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Puts something else in the place of some values.
    pub(super) fn shake(&mut self, value: &mut Value) {
        if self.roll(12) == 0 {
            let others = [
                json!(null),
                json!(-1),
                json!(1e300),
                json!(""),
                json!([]),
                json!({}),
                json!(true),
                json!("%"),
                json!([[]]),
                json!("é\u{0}"),
            ];
            *value = others[self.roll(others.len())].clone();
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.shake(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.shake(item)),
            _ => {}
        }
    }
}
