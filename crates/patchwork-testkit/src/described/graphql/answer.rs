//! Whether an answer holds what a query asks for, and nothing else.

use graphql_parser::query::TypeCondition;
use serde_json::Value;

use super::given::{base, is_required};
use super::{Asked, GraphqlSchema, Kind, Selection, Selections, operation, parse};

impl GraphqlSchema {
    /// Judges the `data` of an answer to a query: every field that was asked for is there and of its type. Fragments on other types
    /// than the field's own may be there or not.
    ///
    /// # Errors
    /// One sentence for every fault; each names its place.
    pub fn check_answer(&self, query: &str, data: &Value) -> Result<(), Vec<String>> {
        let document = parse(query)?;
        let (asked, _) = operation(&document)?;
        let mut faults = Vec::new();
        self.object_faults(asked.root, asked.selection, &asked, data, "data", &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn object_faults<'d>(
        &self,
        kind: &str,
        selection: &'d Selections,
        asked: &Asked<'d>,
        value: &Value,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let Some(given) = value.as_object() else {
            faults.push(format!("{place}: {value} is no {kind}"));
            return;
        };
        let mut known = Vec::new();
        Self::names(selection, asked, &mut known);
        for name in given.keys().filter(|name| !known.contains(&name.as_str())) {
            faults.push(format!("{place}: {name} was not asked for"));
        }
        self.part_faults(kind, selection, asked, value, place, faults);
    }

    fn part_faults<'d>(
        &self,
        kind: &str,
        selection: &'d Selections,
        asked: &Asked<'d>,
        value: &Value,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let Some(Kind::Object { fields, .. }) = self.types.get(kind) else { return };
        for item in &selection.items {
            let (on, selection) = match item {
                Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    let place = format!("{place}.{key}");
                    match (value.get(key), fields.get(&field.name)) {
                        (None, _) => faults.push(format!("{place}: is missing")),
                        (Some(value), Some(described)) => {
                            self.value_faults(
                                &described.kind,
                                &field.selection_set,
                                asked,
                                value,
                                &place,
                                faults,
                            );
                        }
                        (Some(_), None) => {}
                    }
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().map_or(kind, |TypeCondition::On(name)| name);
                    (on, &fragment.selection_set)
                }
                Selection::FragmentSpread(spread) => match asked.fragments.get(&*spread.fragment_name) {
                    Some(fragment) => {
                        let TypeCondition::On(on) = &fragment.type_condition;
                        (on.as_str(), &fragment.selection_set)
                    }
                    None => continue,
                },
            };
            if on == kind {
                self.part_faults(kind, selection, asked, value, place, faults);
            }
        }
    }

    fn value_faults<'d>(
        &self,
        kind: &str,
        selection: &'d Selections,
        asked: &Asked<'d>,
        value: &Value,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let plain = kind.trim_end_matches('!');
        match (value, plain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'))) {
            (Value::Null, _) if !is_required(kind) => {}
            (Value::Array(items), Some(kind)) => {
                items.iter().for_each(|one| self.value_faults(kind, selection, asked, one, place, faults));
            }
            (_, None) if matches!(self.types.get(base(plain)), Some(Kind::Object { .. })) => {
                self.object_faults(plain, selection, asked, value, place, faults);
            }
            _ => self.json_faults(kind, value, place, faults),
        }
    }

    /// All keys that may stand in an answer.
    fn names<'d>(selection: &'d Selections, asked: &Asked<'d>, found: &mut Vec<&'d str>) {
        for item in &selection.items {
            match item {
                Selection::Field(field) => found.push(field.alias.as_ref().unwrap_or(&field.name)),
                Selection::InlineFragment(fragment) => Self::names(&fragment.selection_set, asked, found),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = asked.fragments.get(&*spread.fragment_name) {
                        Self::names(&fragment.selection_set, asked, found);
                    }
                }
            }
        }
    }
}
