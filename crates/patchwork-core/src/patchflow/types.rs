//! What kind of value a field takes or gives, read from JSON Schemas as far as wiring needs it.

mod kinds;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use kinds::Kinds;

/// How many `$ref` and `anyOf` levels are followed: schemas may be recursive.
const DEPTH: usize = 12;

/// A kind of value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Nothing is known: everything fits.
    Any,
    /// As a schema says.
    Schema(Schema),
    /// A list of values of one kind.
    List(Box<Type>),
    /// An object that we composed ourselves.
    Record(Record),
}

/// Named values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Record {
    pub(crate) fields: Vec<(String, Type)>,
    /// Whether it may hold other fields too.
    pub(crate) open: bool,
}

/// A place in a JSON Schema document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schema {
    root: Arc<Value>,
    pointer: String,
}

impl Schema {
    pub(crate) fn root(document: Arc<Value>) -> Self {
        Self { root: document, pointer: String::new() }
    }

    /// The schema itself, `$ref` not followed.
    pub(crate) fn here(&self) -> &Value {
        self.root.pointer(&self.pointer).unwrap_or(&Value::Bool(true))
    }

    fn at(&self, pointer: String) -> Option<Self> {
        self.root.pointer(&pointer).is_some().then(|| Self { root: self.root.clone(), pointer })
    }

    fn child(&self, segments: &[&str]) -> Option<Self> {
        let mut pointer = self.pointer.clone();
        for segment in segments {
            pointer.push('/');
            pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        }
        self.at(pointer)
    }

    /// The schemas of which one must hold, with `$ref`, `anyOf`, `oneOf` and a single `allOf` resolved.
    pub(crate) fn alternatives(&self) -> Vec<Self> {
        let mut out = Vec::new();
        self.collect_alternatives(DEPTH, &mut out);
        out
    }

    fn collect_alternatives(&self, depth: usize, out: &mut Vec<Self>) {
        let here = self.here();
        let follow = |schema: Option<Self>, out: &mut Vec<Self>| match schema {
            Some(schema) if depth > 0 => schema.collect_alternatives(depth - 1, out),
            _ => {}
        };
        if let Some(reference) = here.get("$ref").and_then(Value::as_str) {
            let before = out.len();
            follow(reference.strip_prefix('#').and_then(|pointer| self.at(pointer.to_owned())), out);
            if out.len() == before {
                out.push(Self::root(Arc::new(Value::Bool(true))));
            }
            return;
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            let Some(list) = here.get(word).and_then(Value::as_array) else { continue };
            if word == "allOf" && list.len() != 1 {
                continue;
            }
            for index in 0..list.len() {
                follow(self.child(&[word, &index.to_string()]), out);
            }
            return;
        }
        out.push(self.clone());
    }

    /// The JSON types of one alternative.
    fn own_kinds(&self) -> Kinds {
        let here = self.here();
        if here == &Value::Bool(false) {
            return Kinds::NONE;
        }
        match here.get("type") {
            Some(Value::String(name)) => return Kinds::of_name(name),
            Some(Value::Array(names)) => {
                let kinds = names.iter().filter_map(Value::as_str).map(Kinds::of_name);
                return kinds.fold(Kinds::NONE, Kinds::or);
            }
            _ => {}
        }
        if let Some(value) = here.get("const") {
            return Kinds::of_value(value);
        }
        if let Some(values) = here.get("enum").and_then(Value::as_array) {
            return values.iter().map(Kinds::of_value).fold(Kinds::NONE, Kinds::or);
        }
        if here.get("properties").is_some() { Kinds::OBJECT } else { Kinds::ALL }
    }

    /// The values of one alternative when they are listed.
    pub(crate) fn listed(&self) -> Option<Vec<&Value>> {
        let here = self.here();
        if let Some(value) = here.get("const") {
            return Some(vec![value]);
        }
        here.get("enum").and_then(Value::as_array).map(|values| values.iter().collect())
    }

    /// The names and schemas of an object's properties.
    pub(crate) fn properties(&self) -> Vec<(String, Self)> {
        let Some(Value::Object(map)) = self.here().get("properties") else { return Vec::new() };
        map.keys().filter_map(|name| Some((name.clone(), self.child(&["properties", name])?))).collect()
    }

    pub(crate) fn property(&self, name: &str) -> Option<Self> {
        self.child(&["properties", name])
    }

    pub(crate) fn required(&self) -> BTreeSet<&str> {
        let names = self.here().get("required").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The schema of properties that have no name in it; none when there are no others. An object without any
    /// property is a free mapping.
    pub(crate) fn additional(&self) -> Option<Type> {
        match self.here().get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(Type::Any),
            Some(_) => self.child(&["additionalProperties"]).map(Type::Schema),
            None if self.here().get("properties").is_some() => None,
            None => Some(Type::Any),
        }
    }

    pub(crate) fn items(&self) -> Type {
        self.child(&["items"]).map_or(Type::Any, Type::Schema)
    }

    /// Whether this alternative is a reference to a secret.
    fn is_secret(&self) -> bool {
        self.property("$secret").is_some()
    }
}

/// What a name leads to in a value of some type.
pub(crate) enum Field {
    Known(Type),
    /// It has no such field; these it has (none: it has no fields at all).
    Missing(Vec<String>),
}

impl Type {
    /// The type that a schema document says.
    pub(crate) fn of_document(document: &Value) -> Self {
        Self::Schema(Schema::root(Arc::new(document.clone())))
    }

    /// The type of a reference to a secret.
    pub(crate) fn secret() -> Self {
        Self::of_document(&serde_json::json!({
            "type": "object",
            "properties": { "$secret": { "type": "string" } },
            "required": ["$secret"],
            "additionalProperties": false,
        }))
    }

    pub(crate) fn of_kind(kinds: Kinds) -> Self {
        kinds.single().map_or(Self::Any, |name| Self::of_document(&serde_json::json!({ "type": name })))
    }

    pub(crate) fn kinds(&self) -> Kinds {
        match self {
            Self::Any => Kinds::ALL,
            Self::List(_) => Kinds::ARRAY,
            Self::Record(_) => Kinds::OBJECT,
            Self::Schema(schema) => {
                schema.alternatives().iter().map(Schema::own_kinds).fold(Kinds::NONE, Kinds::or)
            }
        }
    }

    /// Whether it is a reference to a secret and nothing else.
    pub(crate) fn is_secret(&self) -> bool {
        let Self::Schema(schema) = self else { return false };
        let mut alternatives = schema.alternatives();
        alternatives.retain(|a| a.own_kinds() != Kinds::NULL);
        !alternatives.is_empty() && alternatives.iter().all(Schema::is_secret)
    }

    /// Whether it may be null or absent.
    pub(crate) fn nullable(&self) -> bool {
        self.kinds().contains(Kinds::NULL)
    }

    /// The type of a field.
    pub(crate) fn field(&self, name: &str) -> Field {
        match self {
            Self::Any => Field::Known(Self::Any),
            Self::List(_) => Field::Missing(Vec::new()),
            Self::Record(record) => match record.fields.iter().find(|(field, _)| field == name) {
                Some((_, ty)) => Field::Known(ty.clone()),
                None if record.open => Field::Known(Self::Any),
                None => Field::Missing(record.fields.iter().map(|(field, _)| field.clone()).collect()),
            },
            Self::Schema(schema) => {
                let mut known = Vec::new();
                for alternative in schema.alternatives() {
                    if !alternative.own_kinds().contains(Kinds::OBJECT) {
                        continue;
                    }
                    if let Some(property) = alternative.property(name) {
                        return Field::Known(Self::Schema(property));
                    }
                    if let Some(other) = alternative.additional() {
                        return Field::Known(other);
                    }
                    known.extend(alternative.properties().into_iter().map(|(name, _)| name));
                }
                Field::Missing(known)
            }
        }
    }

    /// The fields that are known by name, with whether each is always there and never null.
    pub(crate) fn fields(&self) -> Vec<(String, Type, bool)> {
        match self {
            Self::Any | Self::List(_) => Vec::new(),
            Self::Record(record) => {
                record.fields.iter().map(|(name, ty)| (name.clone(), ty.clone(), false)).collect()
            }
            Self::Schema(schema) => {
                let alternatives = schema.alternatives();
                let single = alternatives.len() == 1;
                let mut out = Vec::new();
                for alternative in &alternatives {
                    let required = alternative.required();
                    for (name, property) in alternative.properties() {
                        let ty = Self::Schema(property);
                        let sure = single && required.contains(name.as_str()) && !ty.nullable();
                        out.push((name, ty, sure));
                    }
                }
                out
            }
        }
    }

    /// Its fields as a record of their own.
    pub(crate) fn into_record(self) -> Record {
        if let Self::Record(record) = self {
            return record;
        }
        let open = match &self {
            Self::Schema(schema) => schema.alternatives().iter().any(|a| a.additional().is_some()),
            Self::Any | Self::List(_) | Self::Record(_) => true,
        };
        Record { fields: self.fields().into_iter().map(|(name, ty, _)| (name, ty)).collect(), open }
    }

    /// The type of the items of a list; any when it may be something else.
    pub(crate) fn item(&self) -> Self {
        match self {
            Self::List(item) => (**item).clone(),
            Self::Schema(schema) => {
                let alternatives = schema.alternatives();
                let mut lists = alternatives.iter().filter(|a| a.own_kinds().contains(Kinds::ARRAY));
                match (lists.next(), lists.next()) {
                    (Some(list), None) => list.items(),
                    _ => Self::Any,
                }
            }
            Self::Any | Self::Record(_) => Self::Any,
        }
    }

    /// Whether a value of this type can ever be taken where `target` is wanted.
    pub(crate) fn can_fit(&self, target: &Self) -> bool {
        self.fits_within(target, DEPTH)
    }

    fn fits_within(&self, target: &Self, depth: usize) -> bool {
        // Any object could hold a reference to a secret, but nothing there would resolve it.
        if self.is_secret() && !target.is_secret() {
            return false;
        }
        if depth == 0 || *self == Self::Any || *target == Self::Any {
            return true;
        }
        if target.is_secret() && !self.is_secret() {
            return self.kinds() == Kinds::ALL;
        }
        let (source, wanted) = (self.kinds(), target.kinds());
        if !source.can_fit(wanted) {
            return false;
        }
        if source.without(Kinds::NULL) == Kinds::ARRAY && wanted.without(Kinds::NULL) == Kinds::ARRAY {
            return self.item().fits_within(&target.item(), depth - 1);
        }
        match (self.listed(), target.listed()) {
            (Some(have), Some(take)) => have.iter().any(|value| take.contains(value)),
            _ => true,
        }
    }

    /// All values, when each alternative lists its own.
    pub(crate) fn listed(&self) -> Option<Vec<Value>> {
        let Self::Schema(schema) = self else { return None };
        let mut out = Vec::new();
        for alternative in schema.alternatives() {
            if alternative.own_kinds() == Kinds::NULL {
                continue;
            }
            out.extend(alternative.listed()?.into_iter().cloned());
        }
        (!out.is_empty()).then_some(out)
    }

    /// In words: `an integer`, `a list`, `one of low, high`, `a secret`.
    pub(crate) fn describe(&self) -> String {
        if self.is_secret() {
            return "a secret".to_owned();
        }
        if let Some(values) = self.listed() {
            let words: Vec<String> = values.iter().map(plain).collect();
            return match words.as_slice() {
                [word] => format!("`{word}`"),
                words => format!("one of {}", words.join(", ")),
            };
        }
        let kinds = self.kinds();
        let kinds = if kinds == Kinds::ALL { kinds } else { kinds.without(Kinds::NULL) };
        if kinds == Kinds::ARRAY {
            let item = self.item().kinds();
            return match item.without(Kinds::NULL).single() {
                Some(name) => format!("a list of {name}s"),
                None => "a list".to_owned(),
            };
        }
        kinds.describe()
    }
}

/// A value as a person would write it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
