//! What is kept of a JSON document while it is read: the rest is skipped without ever being held.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::rules::shortened;

/// What is expected at a place. What is of another kind is kept when it is small (so that errors can name it), and else
/// empty: nothing that a tool writes is refused here.
#[derive(Debug)]
pub(super) enum Shape {
    /// A number, a truth value or a short text.
    Scalar,
    /// A text, of which so many characters are kept.
    Text(usize),
    /// An object, of which these keys are kept.
    Object(&'static [(&'static str, Shape)]),
    /// An object with any keys, of which the first so many are kept.
    Named(usize, &'static Shape),
    /// A list, of which the first so many items are kept.
    List(usize, &'static Shape),
    /// A list of at most so many items: with more the document is refused.
    All(usize, &'static Shape),
    /// An object, of which these keys are kept and of a few others that they are there.
    Open(&'static [(&'static str, Shape)]),
    /// A list, of which so many items are kept: half of them from its beginning, half from its end.
    Ends(usize, &'static Shape),
    /// What is read as the other shape and made shorter.
    Made(&'static Shape, fn(&Value) -> Value),
    /// Something, whatever it is: null.
    Presence,
}

/// Characters kept of a text that is no message.
const SCALAR: usize = 1_000;

/// Other keys that [`Shape::Open`] notes.
const OTHERS: usize = 5;

impl<'de> DeserializeSeed<'de> for &Shape {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Shape::Presence => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null),
            Shape::Made(shape, make) => shape.deserialize(deserializer).map(|value| make(&value)),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for &Shape {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        let most = if let Shape::Text(most) = self { *most } else { SCALAR };
        Ok(Value::String(shortened(value, most)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let (most, shape) = match self {
            Shape::List(most, shape) | Shape::All(most, shape) => (*most, *shape),
            Shape::Ends(most, shape) => return ends(seq, *most, shape),
            _ => (0, &Shape::Presence),
        };
        let mut items = Vec::new();
        while items.len() < most {
            match seq.next_element_seed(shape)? {
                Some(item) => items.push(item),
                None => {
                    items.shrink_to_fit();
                    return Ok(Value::Array(items));
                }
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            if matches!(self, Shape::All(..)) {
                return Err(A::Error::custom(format!("a list in it has more than {most} items")));
            }
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        // The map is made when its size is known: one that grows keeps room for more, and there are many of them.
        let mut out: Vec<(Cow<'static, str>, Value)> = Vec::with_capacity(8);
        match self {
            Shape::Open(keys) => {
                let mut others = 0;
                while let Some(name) = map.next_key::<String>()? {
                    match keys.iter().find(|(key, _)| *key == name) {
                        Some((key, shape)) => out.push((Cow::Borrowed(*key), map.next_value_seed(shape)?)),
                        None => {
                            map.next_value::<IgnoredAny>()?;
                            if others < OTHERS {
                                others += 1;
                                out.push((name.into(), Value::Null));
                            }
                        }
                    }
                }
            }
            Shape::Object(keys) => {
                while let Some(key) = map.next_key_seed(Key(keys))? {
                    match key {
                        Some((name, shape)) => out.push((Cow::Borrowed(*name), map.next_value_seed(shape)?)),
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
            }
            Shape::Named(most, shape) => {
                while let Some(name) = map.next_key::<String>()? {
                    if out.len() < *most {
                        out.push((name.into(), map.next_value_seed(*shape)?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            _ => while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {},
        }
        let mut made = Map::with_capacity(out.len());
        made.extend(out.into_iter().map(|(name, value)| (name.into_owned(), value)));
        Ok(Value::Object(made))
    }
}

fn ends<'de, A: SeqAccess<'de>>(mut seq: A, most: usize, shape: &'static Shape) -> Result<Value, A::Error> {
    let mut items = Vec::new();
    let mut last = VecDeque::new();
    while let Some(item) = seq.next_element_seed(shape)? {
        if items.len() < most / 2 {
            items.push(item);
        } else {
            last.push_back(item);
            if last.len() > most - most / 2 {
                last.pop_front();
            }
        }
    }
    items.extend(last);
    Ok(Value::Array(items))
}

/// The key of an object, found among those that are kept.
struct Key(&'static [(&'static str, Shape)]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static (&'static str, Shape)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static (&'static str, Shape)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(name, _)| *name == key))
    }
}
