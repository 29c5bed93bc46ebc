//! How much work a value would make, counted before the work is done.
//!
//! Where a type contains itself below alternatives, as an untagged enum does, whoever tries them one
//! after the other looks at a value once per alternative, at the values in it once more for each of
//! these, and so on: a few hundred bytes keep a processor busy for hours. Both serde, which decodes
//! such a type, and the engine, which collects errors from all alternatives, work like that. The
//! *number* of their steps is found in time linear in the value, as it is the same wherever one
//! value meets one definition.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::tags;

/// Counts the steps for values of one schema.
pub(super) struct Work<'a> {
    root: &'a Value,
    /// Whether `#/…` counts from the root everywhere, and every reference is of that form.
    plain: bool,
    limit: u64,
    /// What was done to find the number; never more than the number itself.
    visits: u64,
    /// By definition and value; `None` while it is being counted.
    known: HashMap<(*const Value, *const Value), Option<u64>>,
    sizes: HashMap<*const Value, u64>,
}

/// What costs less is rather counted again than remembered.
const WORTH_KEEPING: u64 = 16;

/// Whether values of this schema are worth counting: it refers to parts of itself.
pub(super) fn is_recursive(schema: &Value) -> bool {
    mentions(schema, &|key| key == "$ref" || key == "$dynamicRef")
}

fn mentions(schema: &Value, wanted: &dyn Fn(&str) -> bool) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(|item| mentions(item, wanted)),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| wanted(key) || mentions(value, wanted)),
        _ => false,
    }
}

/// The steps that checking `instance` against `schema` takes; `u64::MAX` if there are more than
/// `limit`.
pub(super) fn count(schema: &Value, instance: &Value, limit: u64) -> u64 {
    let elsewhere = ["$dynamicRef", "$anchor", "$dynamicAnchor"];
    let below = |value| mentions(value, &|key| key == "$id");
    let mut work = Work {
        root: schema,
        plain: !mentions(schema, &|key| elsewhere.contains(&key))
            && !schema
                .as_object()
                .is_some_and(|map| map.values().any(below)),
        limit,
        visits: 0,
        known: HashMap::new(),
        sizes: HashMap::new(),
    };
    match work.of(schema, instance) {
        steps if steps <= limit && work.visits <= limit => steps,
        _ => u64::MAX,
    }
}

impl<'a> Work<'a> {
    fn of(&mut self, schema: &'a Value, instance: &'a Value) -> u64 {
        self.visits += 1;
        let Some(schema) = schema.as_object() else {
            return 1;
        };
        let mut steps: u64 = 1;
        for (keyword, value) in schema {
            if self.visits > self.limit || steps > self.limit {
                return u64::MAX;
            }
            steps = steps.saturating_add(self.keyword(schema, keyword, value, instance));
        }
        steps
    }

    fn keyword(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        value: &'a Value,
        instance: &'a Value,
    ) -> u64 {
        match (keyword, value, instance) {
            ("$ref" | "$dynamicRef", Value::String(reference), _) => {
                self.reference(reference, instance)
            }
            ("anyOf" | "oneOf", Value::Array(branches), _) => self.alternatives(branches, instance),
            ("allOf", Value::Array(parts), _) => {
                self.sum(parts.iter().map(|part| (part, instance)))
            }
            ("then", _, _) if ruled_out(schema, instance) => 0,
            ("not" | "if" | "then" | "else", _, _) => self.of(value, instance),
            ("properties", Value::Object(properties), Value::Object(object)) => self.sum(
                properties
                    .iter()
                    .filter_map(|(name, property)| Some((property, object.get(name)?))),
            ),
            (
                "patternProperties" | "dependentSchemas",
                Value::Object(schemas),
                Value::Object(object),
            ) => {
                let schemas = schemas.values();
                if keyword == "dependentSchemas" {
                    return self.sum(schemas.map(|schema| (schema, instance)));
                }
                self.sum(schemas.flat_map(|schema| object.values().map(move |v| (schema, v))))
            }
            ("additionalProperties" | "unevaluatedProperties", _, Value::Object(object)) => {
                let named = schema.get("properties").and_then(Value::as_object);
                let others = object
                    .iter()
                    .filter(|(name, _)| !named.is_some_and(|named| named.contains_key(*name)));
                self.sum(others.map(|(_, other)| (value, other)))
            }
            ("items", _, Value::Array(items)) => {
                let before = schema.get("prefixItems").and_then(Value::as_array);
                let before = before.map_or(0, Vec::len);
                self.sum(items.iter().skip(before).map(|item| (value, item)))
            }
            ("contains" | "unevaluatedItems", _, Value::Array(items)) => {
                self.sum(items.iter().map(|item| (value, item)))
            }
            ("prefixItems", Value::Array(schemas), Value::Array(items)) => {
                self.sum(schemas.iter().zip(items))
            }
            _ => 0,
        }
    }

    fn sum(&mut self, pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> u64 {
        let mut steps: u64 = 0;
        for (schema, instance) in pairs {
            if self.visits > self.limit || steps > self.limit {
                return u64::MAX;
            }
            steps = steps.saturating_add(self.of(schema, instance));
        }
        steps
    }

    /// The steps of all alternatives. If several of them look into the value, it is copied for each,
    /// by serde and into the errors of the engine.
    fn alternatives(&mut self, branches: &'a [Value], instance: &'a Value) -> u64 {
        let (mut steps, mut deep): (u64, u64) = (0, 0);
        for branch in branches {
            let own = self.of(branch, instance);
            steps = steps.saturating_add(own);
            deep += u64::from(own > WORTH_KEEPING);
        }
        match deep {
            0 | 1 => steps,
            _ => steps.saturating_add(deep.saturating_mul(self.size(instance))),
        }
    }

    fn reference(&mut self, reference: &str, instance: &'a Value) -> u64 {
        let target = reference
            .strip_prefix('#')
            .filter(|_| self.plain)
            .and_then(|pointer| self.root.pointer(&decoded(pointer)));
        let Some(target) = target else {
            // What stands there is not known: at every level there may be a few alternatives.
            let levels = u32::try_from(depth(instance)).unwrap_or(u32::MAX);
            return 4_u64
                .saturating_pow(levels)
                .saturating_mul(self.size(instance));
        };
        let key = (std::ptr::from_ref(target), std::ptr::from_ref(instance));
        match self.known.get(&key) {
            Some(Some(steps)) => return *steps,
            // A definition that refers to itself without going deeper: nothing more to do.
            Some(None) => return 0,
            None => {}
        }
        self.known.insert(key, None);
        let steps = self.of(target, instance);
        if steps < WORTH_KEEPING {
            self.known.remove(&key);
        } else {
            self.known.insert(key, Some(steps));
        }
        steps
    }

    /// How many values there are in this one, itself included.
    fn size(&mut self, value: &Value) -> u64 {
        let key = std::ptr::from_ref(value);
        if let Some(size) = self.sizes.get(&key) {
            return *size;
        }
        self.visits += 1;
        let size = 1 + match value {
            Value::Array(items) => items.iter().map(|item| self.size(item)).sum(),
            Value::Object(items) => items.values().map(|item| self.size(item)).sum(),
            _ => 0,
        };
        if size >= WORTH_KEEPING {
            self.sizes.insert(key, size);
        }
        size
    }
}

/// Whether a tag shows that `then` does not apply.
fn ruled_out(schema: &Map<String, Value>, instance: &Value) -> bool {
    let condition = schema.get("if");
    condition.and_then(|condition| tags::holds(condition, instance)) == Some(false)
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(items) => items.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A JSON pointer as it stands in the fragment of a reference, percent-decoded.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) if *first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
