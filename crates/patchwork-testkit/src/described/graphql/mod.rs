//! GitHub's GraphQL schema, cut to threads of reviews: it judges what our client asks and what our stand-in answers.

mod answer;
mod given;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use graphql_parser::query::{self, Definition, OperationDefinition, TypeCondition};
use serde::Deserialize;
use serde_json::Value;

use self::given::{base, is_required};

type Document = query::Document<'static, String>;
type Field = query::Field<'static, String>;
type Fragment = query::FragmentDefinition<'static, String>;
type Literal = query::Value<'static, String>;
type Selection = query::Selection<'static, String>;
type Selections = query::SelectionSet<'static, String>;
type Variable = query::VariableDefinition<'static, String>;

/// A schema, reduced: `descriptions/forges/github-graphql.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphqlSchema {
    note: String,
    types: BTreeMap<String, Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Kind {
    Object {
        fields: BTreeMap<String, FieldType>,
        /// Of an interface: what may stand for it.
        #[serde(default)]
        possible: Vec<String>,
    },
    Input {
        fields: BTreeMap<String, String>,
    },
    Enum {
        values: Vec<String>,
    },
    Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldType {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    args: BTreeMap<String, String>,
}

static GITHUB: LazyLock<GraphqlSchema> =
    LazyLock::new(|| read(include_str!("../../../descriptions/forges/github-graphql.json")));

#[expect(clippy::expect_used, reason = "the schema is part of this crate and read by its tests")]
fn read(text: &str) -> GraphqlSchema {
    serde_json::from_str(text).expect("a schema of this crate is of the normal form")
}

/// The parts of a document that a judgement of its operation needs.
struct Asked<'d> {
    root: &'static str,
    selection: &'d Selections,
    variables: BTreeMap<&'d str, String>,
    fragments: BTreeMap<&'d str, &'d Fragment>,
}

impl GraphqlSchema {
    /// GitHub's.
    pub fn github() -> &'static Self {
        &GITHUB
    }

    /// What it was made from.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Judges the body of a request: `query`, perhaps `variables`. Documents hold one operation.
    ///
    /// # Errors
    /// One sentence for every fault; each names its place.
    pub fn judge(&self, body: &Value) -> Result<(), Vec<String>> {
        let Some(query) = body["query"].as_str() else {
            return Err(vec!["body: query is missing".to_owned()]);
        };
        let document = parse(query)?;
        let (asked, declared) = operation(&document)?;
        let mut faults: Vec<_> = body
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
            .filter(|name| !["query", "variables", "operationName"].contains(&name.as_str()))
            .map(|name| format!("body: {name} is not described"))
            .collect();
        self.variable_faults(&asked, declared, &body["variables"], &mut faults);
        self.selection_faults(asked.root, asked.selection, &asked, asked.root, &mut faults);
        for name in asked.variables.keys() {
            // The name stands where it is declared already.
            if query.matches(&format!("${name}")).count() < 2 {
                faults.push(format!("${name}: is not used"));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn variable_faults(
        &self,
        asked: &Asked<'_>,
        declared: &[Variable],
        given: &Value,
        faults: &mut Vec<String>,
    ) {
        let empty = serde_json::Map::new();
        let given = given.as_object().unwrap_or(&empty);
        for variable in declared {
            let Some(kind) = asked.variables.get(&*variable.name) else { continue };
            if !matches!(
                self.types.get(base(kind)),
                Some(Kind::Input { .. } | Kind::Enum { .. } | Kind::Scalar)
            ) {
                faults.push(format!("${}: {kind} is no type of a variable", variable.name));
            }
            match given.get(&variable.name) {
                Some(value) => self.json_faults(kind, value, &format!("variables.{}", variable.name), faults),
                None if is_required(kind) && variable.default_value.is_none() => {
                    faults.push(format!("variables.{}: is missing", variable.name));
                }
                None => {}
            }
        }
        for name in given.keys().filter(|name| !asked.variables.contains_key(name.as_str())) {
            faults.push(format!("variables.{name}: is not declared"));
        }
    }

    fn selection_faults(
        &self,
        kind: &str,
        selection: &Selections,
        asked: &Asked<'_>,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let Some(Kind::Object { fields, possible }) = self.types.get(kind) else {
            faults.push(format!("{place}: {kind} is not described"));
            return;
        };
        for item in &selection.items {
            match item {
                Selection::Field(field) if field.name == "__typename" => {}
                Selection::Field(field) => match fields.get(&field.name) {
                    Some(described) => self.field_faults(described, field, asked, place, faults),
                    None => faults.push(format!("{place}: {} is no field of {kind}", field.name)),
                },
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().map_or(kind, |TypeCondition::On(name)| name);
                    self.fragment_faults(kind, possible, on, &fragment.selection_set, asked, place, faults);
                }
                Selection::FragmentSpread(spread) => match asked.fragments.get(&*spread.fragment_name) {
                    Some(fragment) => {
                        let TypeCondition::On(on) = &fragment.type_condition;
                        self.fragment_faults(
                            kind,
                            possible,
                            on,
                            &fragment.selection_set,
                            asked,
                            place,
                            faults,
                        );
                    }
                    None => faults.push(format!("{place}: there is no fragment {}", spread.fragment_name)),
                },
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one recursion over a selection")]
    fn fragment_faults(
        &self,
        kind: &str,
        possible: &[String],
        on: &str,
        selection: &Selections,
        asked: &Asked<'_>,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let implements = matches!(self.types.get(on), Some(Kind::Object { possible, .. }) if possible.iter().any(|one| one == kind));
        if on == kind || implements || possible.iter().any(|one| one == on) {
            self.selection_faults(on, selection, asked, &format!("{place} on {on}"), faults);
        } else {
            faults.push(format!("{place}: a {kind} is never a {on}"));
        }
    }

    fn field_faults(
        &self,
        described: &FieldType,
        field: &Field,
        asked: &Asked<'_>,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let place = format!("{place}.{}", field.name);
        for (name, value) in &field.arguments {
            match described.args.get(name) {
                Some(kind) => {
                    self.literal_faults(kind, value, &asked.variables, &format!("{place}({name})"), faults)
                }
                None => faults.push(format!("{place}: {name} is no argument of it")),
            }
        }
        let given = |name: &str| field.arguments.iter().find(|(one, _)| one == name).map(|(_, value)| value);
        for (name, kind) in &described.args {
            if is_required(kind) && given(name).is_none() {
                faults.push(format!("{place}({name}): is missing"));
            }
        }
        if described.args.contains_key("first") && described.args.contains_key("last") {
            // GitHub refuses to list without a number, and more than a hundred.
            match (given("first"), given("last")) {
                (Some(count), None) | (None, Some(count)) => faults.extend(given::too_many(count, &place)),
                _ => faults.push(format!("{place}: needs one of first and last")),
            }
        }
        let leaf = matches!(self.types.get(base(&described.kind)), Some(Kind::Scalar | Kind::Enum { .. }));
        match (leaf, field.selection_set.items.is_empty()) {
            (true, false) => faults.push(format!("{place}: {} has no fields", described.kind)),
            (false, true) => faults.push(format!("{place}: no fields of it are asked for")),
            (false, false) => {
                self.selection_faults(base(&described.kind), &field.selection_set, asked, &place, faults)
            }
            (true, true) => {}
        }
    }
}

fn parse(query: &str) -> Result<Document, Vec<String>> {
    let document = graphql_parser::parse_query::<String>(query)
        .map_err(|error| vec![error.to_string().trim().replace('\n', "; ")])?;
    Ok(document.into_static())
}

/// The one operation of a document, and the variables that it declares.
fn operation(document: &Document) -> Result<(Asked<'_>, &[Variable]), Vec<String>> {
    let mut fragments = BTreeMap::new();
    let mut operations = Vec::new();
    for definition in &document.definitions {
        match definition {
            Definition::Fragment(fragment) => drop(fragments.insert(fragment.name.as_str(), fragment)),
            Definition::Operation(operation) => operations.push(operation),
        }
    }
    let (root, selection, declared): (_, _, &[_]) = match operations.as_slice() {
        [OperationDefinition::SelectionSet(selection)] => ("Query", selection, &[]),
        [OperationDefinition::Query(query)] => ("Query", &query.selection_set, &query.variable_definitions),
        [OperationDefinition::Mutation(change)] => {
            ("Mutation", &change.selection_set, &change.variable_definitions)
        }
        _ => return Err(vec!["query: holds not exactly one query or mutation".to_owned()]),
    };
    let variables = declared.iter().map(|one| (one.name.as_str(), one.var_type.to_string())).collect();
    Ok((Asked { root, selection, variables, fragments }, declared))
}

#[cfg(test)]
mod tests;
