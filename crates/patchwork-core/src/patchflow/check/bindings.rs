//! The input of a node: what `with` says, else what the scope has under the field's name, else nothing.

use super::flow::Checker;
use super::scope::Candidate;
use super::wires::{Origin, WireField, WireReport};
use crate::diagnostic::Diagnostic;
use crate::failure::nearest;
use crate::patchflow::document::{Value, ValueKind};
use crate::patchflow::plan::{Binding, Source};
use crate::patchflow::types::{Schema, Type};
use crate::patchflow::yaml::{Name, shortened};

/// A field that a step or patchflow takes.
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) required: bool,
    pub(super) default: Option<serde_json::Value>,
}

/// All that a step or patchflow takes.
pub(super) struct Slots {
    pub(super) fields: Vec<Slot>,
    /// The type of fields that are not among them, when there may be others.
    pub(super) others: Option<Type>,
}

impl Slots {
    /// Those of a step, by its input schema.
    pub(super) fn of_schema(input: &Type) -> Self {
        let Type::Schema(schema) = input else { return Self { fields: Vec::new(), others: Some(Type::Any) } };
        let mut slots = Self { fields: Vec::new(), others: None };
        let alternatives = schema.alternatives();
        let single = alternatives.len() == 1;
        for alternative in &alternatives {
            if let Some(others) = alternative.additional() {
                slots.others = Some(others);
            }
            slots.add_properties(alternative, single);
        }
        slots
    }

    fn add_properties(&mut self, object: &Schema, single: bool) {
        let required = object.required();
        for (name, schema) in object.properties() {
            if self.fields.iter().any(|slot| slot.name == name) {
                continue;
            }
            let default = schema.here().get("default").cloned();
            let required = single && required.contains(name.as_str());
            self.fields.push(Slot { name, ty: Type::Schema(schema), required, default });
        }
    }
}

impl Checker<'_, '_> {
    /// Binds every field of a node; `uses` is where the node names its step.
    pub(super) fn bind(
        &mut self,
        id: &str,
        uses: &Name,
        with: &[(Name, Value)],
        slots: &Slots,
    ) -> Vec<(String, Binding)> {
        let mut bindings = Vec::new();
        let mut fields = Vec::new();
        let mut meant = Vec::new();
        for (key, value) in with {
            let slot = slots.fields.iter().find(|slot| slot.name == key.text);
            match slot.map(|slot| &slot.ty).or(slots.others.as_ref()) {
                Some(ty) => self.fit(value, ty, &key.text),
                None => meant.extend(self.unknown_field(uses, key, slots)),
            }
            self.read_value(value);
            bindings.push((key.text.clone(), Binding::With(value.to_template())));
            if slot.is_none() {
                fields.push(WireField { field: key.text.clone(), origin: self.as_written(value) });
            }
        }
        for slot in &slots.fields {
            let written = with.iter().find(|(key, _)| key.text == slot.name).map(|(_, value)| value);
            let origin = match written {
                Some(value) => {
                    if slot.required && matches!(value.kind, ValueKind::Const(serde_json::Value::Null)) {
                        self.missing(uses, slot);
                    }
                    self.as_written(value)
                }
                None => {
                    let sources = self.wire(uses, slot);
                    if sources.is_empty() {
                        // A misspelt field is one fault, not two.
                        if slot.required && !meant.contains(&slot.name) {
                            self.missing(uses, slot);
                        }
                        Origin::Default(slot.default.clone().filter(|value| !value.is_null()))
                    } else {
                        bindings.push((slot.name.clone(), Binding::Wire(sources.clone())));
                        Origin::Wire(sources)
                    }
                }
            };
            fields.push(WireField { field: slot.name.clone(), origin });
        }
        self.wires.push(WireReport { node: self.node_path(id), uses: uses.text.clone(), fields });
        bindings
    }

    /// The sources of a field by its name.
    fn wire(&mut self, uses: &Name, slot: &Slot) -> Vec<Source> {
        let mut sources = Vec::new();
        for Candidate { source, ty, .. } in self.scope.candidates(&slot.name) {
            if let Source::Input(name) = &source {
                self.scope.input(name);
            }
            if ty.can_fit(&slot.ty) {
                sources.push(source);
                continue;
            }
            let field = &slot.name;
            let from = Origin::Wire(vec![source]).to_string();
            let message = format!(
                "`{field}` of {} must be {}, but `{from}` of the same name is {}",
                uses.text,
                slot.ty.describe(),
                ty.describe()
            );
            let fault = Diagnostic::error("wire", &self.file, uses.span.clone(), message)
                .label(format!("takes `{field}` from `{from}` by its name"));
            let fault = if slot.ty.is_secret() {
                fault.help(format!("declare the input `{field}` with `secret: true`"))
            } else {
                fault.help(format!(
                    "say what it is: `with: {{ {field}: … }}`, or `with: {{ {field}: null }}` for the default"
                ))
            };
            self.fault(fault);
            break;
        }
        sources
    }

    fn missing(&mut self, uses: &Name, slot: &Slot) {
        let field = &slot.name;
        let message = format!("{} needs `{field}` ({}), and nothing gives it", uses.text, slot.ty.describe());
        let mut givers: Vec<&str> = self
            .session
            .registry
            .steps()
            .filter(|step| step.output_schema().get("properties").and_then(|p| p.get(field)).is_some())
            .map(|step| step.id())
            .collect();
        givers.truncate(4);
        let declared = if slot.ty.is_secret() { "secret: true" } else { "type: …" };
        let mut fault = Diagnostic::error("missing-input", &self.file, uses.span.clone(), message).help(
            format!("write it in `with`, or declare an input: `inputs: {{ {field}: {{ {declared} }} }}`"),
        );
        if !givers.is_empty() {
            fault = fault.help(format!("a node before this one could give it: {}", givers.join(", ")));
        }
        self.fault(fault);
    }

    /// Reports a field that does not exist; answers the one that was probably meant.
    fn unknown_field(&mut self, uses: &Name, key: &Name, slots: &Slots) -> Option<String> {
        let known = slots.fields.iter().map(|slot| slot.name.as_str());
        let near = nearest(&key.text, known.clone());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => match known.collect::<Vec<_>>().as_slice() {
                [] => format!("{} takes no input", uses.text),
                known => format!("{} takes {}", uses.text, known.join(", ")),
            },
        };
        let message = format!("{} has no input {}", uses.text, shortened(&key.text));
        self.fault(Diagnostic::error("unknown-field", &self.file, key.span.clone(), message).help(help));
        near.map(str::to_owned)
    }

    /// A value of `with` in a few words.
    fn as_written(&self, value: &Value) -> Origin {
        Origin::With(match &value.kind {
            ValueKind::Const(constant) => constant.to_string(),
            ValueKind::Expr(expr) => format!("${{{{ {} }}}}", expr.source().trim()),
            ValueKind::Text(_) => {
                shortened(self.file.text.get(value.span.clone()).unwrap_or_default().trim()).replace('`', "")
            }
            ValueKind::List(items) => format!("a list of {}", items.len()),
            ValueKind::Map(entries) => {
                let keys: Vec<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
                format!("{{ {} }}", keys.join(", "))
            }
            ValueKind::Broken => "…".to_owned(),
        })
    }
}
