//! Values that are given to arguments: as literals in the text of a query, or as variables beside it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{GraphqlSchema, Kind, Literal};

/// Whether a type takes no null.
pub(super) fn is_required(kind: &str) -> bool {
    kind.ends_with('!')
}

/// The name in a type: `ID` of `[ID!]!`.
pub(super) fn base(kind: &str) -> &str {
    kind.trim_matches(['[', ']', '!'])
}

/// Whether a variable of one type may stand where another type is wanted.
pub(super) fn fits(declared: &str, wanted: &str) -> bool {
    let (plain, plain_wanted) = (declared.trim_end_matches('!'), wanted.trim_end_matches('!'));
    if is_required(wanted) && !is_required(declared) {
        return false;
    }
    match (item(plain), item(plain_wanted)) {
        (Some(declared), Some(wanted)) => fits(declared, wanted),
        (None, None) => plain == plain_wanted,
        _ => false,
    }
}

/// The type of a list's items.
fn item(kind: &str) -> Option<&str> {
    kind.strip_prefix('[')?.strip_suffix(']')
}

/// The fault of a number of items that GitHub does not list at once.
pub(super) fn too_many(count: &Literal, place: &str) -> Option<String> {
    let Literal::Int(count) = count else { return None };
    let count = count.as_i64()?;
    (!(1..=100).contains(&count)).then(|| format!("{place}: {count} is not between 1 and 100"))
}

impl GraphqlSchema {
    pub(super) fn literal_faults(
        &self,
        kind: &str,
        value: &Literal,
        variables: &BTreeMap<&str, String>,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let plain = kind.trim_end_matches('!');
        match (value, item(plain), self.types.get(plain)) {
            (Literal::Variable(name), ..) => match variables.get(name.as_str()) {
                Some(declared) if fits(declared, kind) => {}
                Some(declared) => faults.push(format!("{place}: ${name} is {declared}, not {kind}")),
                None => faults.push(format!("{place}: ${name} is not declared")),
            },
            (Literal::Null, ..) if is_required(kind) => faults.push(format!("{place}: is null, not {kind}")),
            (Literal::Null, ..) => {}
            (Literal::List(items), Some(kind), _) => {
                items.iter().for_each(|one| self.literal_faults(kind, one, variables, place, faults));
            }
            (Literal::Object(given), None, Some(Kind::Input { fields })) => {
                for (name, value) in given {
                    match fields.get(name) {
                        Some(kind) => {
                            self.literal_faults(kind, value, variables, &format!("{place}.{name}"), faults)
                        }
                        None => faults.push(format!("{place}: {name} is no field of {plain}")),
                    }
                }
                for (name, _) in fields.iter().filter(|(_, kind)| is_required(kind)) {
                    if !given.contains_key(name) {
                        faults.push(format!("{place}.{name}: is missing"));
                    }
                }
            }
            (Literal::Enum(word), None, Some(Kind::Enum { values }))
                if values.iter().any(|one| one == word) => {}
            (_, None, Some(Kind::Scalar)) => {
                let fine = match value {
                    // A GraphQL integer has 32 bits.
                    Literal::Int(one) if plain == "Int" => {
                        one.as_i64().is_some_and(|one| i32::try_from(one).is_ok())
                    }
                    Literal::Int(_) => ["Float", "ID", "BigInt"].contains(&plain),
                    Literal::Float(_) => plain == "Float",
                    Literal::Boolean(_) => plain == "Boolean",
                    Literal::String(_) => !["Int", "Float", "Boolean"].contains(&plain),
                    _ => false,
                };
                if !fine {
                    faults.push(format!("{place}: {value} is no {plain}"));
                }
            }
            _ => faults.push(format!("{place}: {value} is no {plain}")),
        }
    }

    /// The faults of a value in JSON: a variable's, or (with `place` in an answer) a leaf's.
    pub(super) fn json_faults(&self, kind: &str, value: &Value, place: &str, faults: &mut Vec<String>) {
        let plain = kind.trim_end_matches('!');
        match (value, item(plain), self.types.get(plain)) {
            (Value::Null, ..) if is_required(kind) => faults.push(format!("{place}: is null, not {kind}")),
            (Value::Null, ..) => {}
            (Value::Array(items), Some(kind), _) => {
                items.iter().for_each(|one| self.json_faults(kind, one, place, faults));
            }
            (Value::Object(given), None, Some(Kind::Input { fields })) => {
                for (name, value) in given {
                    match fields.get(name) {
                        Some(kind) => self.json_faults(kind, value, &format!("{place}.{name}"), faults),
                        None => faults.push(format!("{place}: {name} is no field of {plain}")),
                    }
                }
                for (name, _) in fields.iter().filter(|(_, kind)| is_required(kind)) {
                    if !given.contains_key(name) {
                        faults.push(format!("{place}.{name}: is missing"));
                    }
                }
            }
            (Value::String(word), None, Some(Kind::Enum { values })) if values.contains(word) => {}
            (_, None, Some(Kind::Scalar)) => {
                let whole = value.as_i64();
                let fine = match value {
                    Value::Number(_) if plain == "Int" => whole.is_some_and(|one| i32::try_from(one).is_ok()),
                    Value::Number(_) => {
                        plain == "Float" || whole.is_some() && ["ID", "BigInt"].contains(&plain)
                    }
                    Value::Bool(_) => plain == "Boolean",
                    Value::String(_) => !["Int", "Float", "Boolean"].contains(&plain),
                    _ => false,
                };
                if !fine {
                    faults.push(format!("{place}: {value} is no {plain}"));
                }
            }
            _ => faults.push(format!("{place}: {value} is no {plain}")),
        }
    }
}
