//! What can be seen from a place in a patchflow.

use std::collections::HashMap;

use crate::patchflow::document::{Body, Document, Node};
use crate::patchflow::plan::{InputSpec, Source};
use crate::patchflow::types::Type;

/// The inputs and, from the outside in, the levels around a node.
pub(super) struct Scope {
    pub(super) inputs: Vec<InputVariable>,
    input_index: HashMap<String, usize>,
    frames: Vec<Frame>,
    /// Where each id of the document stands, to explain why one can't be seen.
    places: HashMap<String, Vec<Place>>,
}

/// A declared input.
pub(super) struct InputVariable {
    pub(super) name: String,
    pub(super) ty: Type,
    /// Whether it always has a value.
    certain: bool,
    pub(super) read: bool,
}

/// The nodes of one sequence, as far as they were checked, and the variables that its loop adds.
#[derive(Default)]
struct Frame {
    nodes: Vec<Visible>,
    by_id: HashMap<String, usize>,
    by_field: HashMap<String, Vec<usize>>,
    variables: Vec<(String, Type)>,
}

struct Visible {
    id: String,
    ty: Type,
    /// Whether it has completed wherever a later node runs.
    certain: bool,
}

/// Where an id is declared.
struct Place {
    offset: usize,
    /// The ids of the nodes around it, outermost first.
    around: Vec<String>,
}

/// A source that a field may be wired to by its name.
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) ty: Type,
    /// Whether it always has a value: no other needs to stand behind it.
    certain: bool,
}

impl Scope {
    pub(super) fn new(document: &Document) -> Self {
        let mut inputs = Vec::new();
        let mut input_index = HashMap::new();
        for input in &document.inputs {
            input_index.insert(input.spec.name.clone(), inputs.len());
            inputs.push(InputVariable::new(&input.spec));
        }
        let mut places = HashMap::new();
        collect_places(&document.steps, &mut Vec::new(), &mut places);
        collect_places(&document.finally, &mut Vec::new(), &mut places);
        Self { inputs, input_index, frames: vec![Frame::default()], places }
    }

    pub(super) fn enter(&mut self, variables: Vec<(String, Type)>) {
        self.frames.push(Frame { variables, ..Frame::default() });
    }

    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    /// Adds a node that was checked to the innermost level.
    pub(super) fn add(&mut self, id: &str, ty: Type, certain: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        let index = frame.nodes.len();
        for (field, ..) in ty.fields() {
            frame.by_field.entry(field).or_default().push(index);
        }
        frame.by_id.insert(id.to_owned(), index);
        frame.nodes.push(Visible { id: id.to_owned(), ty, certain });
    }

    /// From here on, nodes of the outermost level may not have run: those of `finally` see them like that.
    pub(super) fn doubt_all(&mut self) {
        for frame in &mut self.frames {
            frame.nodes.iter_mut().for_each(|node| node.certain = false);
        }
    }

    /// An input, which is now read.
    pub(super) fn input(&mut self, name: &str) -> Option<&InputVariable> {
        let input = self.inputs.get_mut(*self.input_index.get(name)?)?;
        input.read = true;
        Some(input)
    }

    pub(super) fn has_input(&self, name: &str) -> bool {
        self.input_index.contains_key(name)
    }

    /// All inputs are now read.
    pub(super) fn read_all_inputs(&mut self) {
        self.inputs.iter_mut().for_each(|input| input.read = true);
    }

    /// The outputs of a node that can be seen.
    pub(super) fn node(&self, id: &str) -> Option<&Type> {
        self.frames.iter().rev().find_map(|frame| {
            frame.by_id.get(id).and_then(|index| frame.nodes.get(*index)).map(|node| &node.ty)
        })
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Type> {
        self.frames
            .iter()
            .rev()
            .find_map(|frame| frame.variables.iter().find(|(variable, _)| variable == name).map(|(_, ty)| ty))
    }

    /// The ids that can be seen.
    pub(super) fn node_ids(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().flat_map(|frame| frame.nodes.iter().map(|node| node.id.as_str()))
    }

    /// The variables of the loops around.
    pub(super) fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().flat_map(|frame| frame.variables.iter().map(|(name, _)| name.as_str()))
    }

    /// Why a node that is not visible can't be seen from byte `offset`; nothing when there is no node of this id.
    pub(super) fn why_hidden(&self, id: &str, offset: usize, around: &[String]) -> Option<String> {
        let places = self.places.get(id)?;
        if around.iter().any(|outer| outer == id) {
            return Some(format!("`{id}` is the node itself, or one around it, and has not ended yet"));
        }
        let inside = places.iter().find(|place| !around.starts_with(&place.around));
        match inside {
            Some(Place { around, .. }) => {
                let outer = around.last().map_or("", String::as_str);
                Some(format!(
                    "`{id}` stands inside `{outer}`: from outside, read what `{outer}` gives (its `outputs`)"
                ))
            }
            None if places.iter().any(|place| place.offset >= offset) => {
                Some(format!("`{id}` runs later: a node sees only those before it"))
            }
            None => None,
        }
    }

    /// What a field of this name can be wired to, best first. Ends with the first source that always has a value.
    pub(super) fn candidates(&self, field: &str) -> Vec<Candidate> {
        let mut out = Vec::new();
        if let Some(ty) = self.variable(field).filter(|_| !matches!(field, "index" | "round" | "previous")) {
            out.push(Candidate {
                source: Source::Variable(field.to_owned()),
                ty: ty.clone(),
                certain: !ty.nullable(),
            });
        }
        if let Some(input) = self.input_index.get(field).and_then(|at| self.inputs.get(*at)) {
            let source = Source::Input(field.to_owned());
            out.push(Candidate { source, ty: input.ty.clone(), certain: input.certain });
        }
        let nodes = self.frames.iter().rev().flat_map(|frame| {
            let indexes = frame.by_field.get(field).into_iter().flatten().rev();
            indexes.filter_map(|index| frame.nodes.get(*index))
        });
        let mut seen: Vec<&str> = Vec::new();
        for node in nodes {
            if out.last().is_some_and(|last| last.certain) {
                break;
            }
            // An inner node of the same id hides the outer one.
            if seen.contains(&node.id.as_str()) {
                continue;
            }
            seen.push(&node.id);
            let Some((_, ty, sure)) = node.ty.fields().into_iter().find(|(name, ..)| name == field) else {
                continue;
            };
            let source = Source::Output { node: node.id.clone(), field: field.to_owned() };
            out.push(Candidate { source, ty, certain: sure && node.certain });
        }
        if let Some(certain) = out.iter().position(|candidate| candidate.certain) {
            out.truncate(certain + 1);
        }
        out
    }
}

impl InputVariable {
    fn new(spec: &InputSpec) -> Self {
        let ty = if spec.secret { Type::secret() } else { Type::of_document(&spec.schema) };
        Self { name: spec.name.clone(), ty, certain: spec.required || !spec.default.is_null(), read: false }
    }
}

fn collect_places(nodes: &[Node], around: &mut Vec<String>, out: &mut HashMap<String, Vec<Place>>) {
    for node in nodes {
        let place = Place { offset: node.id.span.start, around: around.clone() };
        out.entry(node.id.text.clone()).or_default().push(place);
        if let Body::Block { steps } | Body::ForEach { steps, .. } | Body::Repeat { steps, .. } = &node.body {
            around.push(node.id.text.clone());
            collect_places(steps, around, out);
            around.pop();
        }
    }
}
