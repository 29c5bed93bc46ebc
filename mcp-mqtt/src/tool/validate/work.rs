//! How much work a value would make, counted before the work is done.
//!
//! Where a type contains itself below alternatives, as an untagged enum does, whoever tries them one
//! after the other looks at a value once per alternative, at the values in it once more for each of
//! these, and so on: a few hundred bytes keep a processor busy for hours. Both serde, which decodes
//! such a type, and the engine, which collects errors from all alternatives, work like that. Here
//! the same steps are only counted, and no further than to a limit that grows with the value.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{refs, tags};

/// What the steps are counted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Finding out whether the value fits, and decoding it.
    Decode,
    /// Collecting errors from every alternative.
    Explain,
}

/// The steps that may be taken for any value. Two alternatives that both contain the type reach it
/// at a depth of about thirteen; whatever is told apart by a tag, by a type or by the name of a
/// property takes a few steps for each value in it, and never comes near.
const DECODE: usize = 100_000;

/// The same for errors, each of which costs about a hundred times a step of decoding.
const EXPLAIN: usize = 10_000;

/// Counts the steps for values of one schema.
pub(super) struct Work {
    schema: Value,
    /// Whether `#/…` counts from the root everywhere, and every reference is of that form.
    plain: bool,
    /// The most alternatives in one place.
    widest: usize,
}

impl Work {
    /// For a schema that contains itself; `None` for others, of which the work is bounded by their
    /// size.
    pub(super) fn new(schema: &Value) -> Option<Self> {
        let plain = refs::are_plain(schema);
        refs::meet_themselves(schema, plain).then(|| {
            let mut schema = schema.clone();
            if !refs::lead_into_alternatives(&schema) {
                tags::first(&mut schema);
            }
            Self {
                plain,
                widest: longest(&schema, &["allOf", "anyOf", "oneOf"]),
                schema,
            }
        })
    }

    /// The schema in a form that accepts the same values and for which the steps are counted.
    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the steps for `instance` stay within bounds.
    pub(super) fn is_bounded(&self, instance: &Value, purpose: Purpose) -> bool {
        let per_value = 8 + self.widest;
        let limit = match purpose {
            Purpose::Decode => DECODE + per_value * size(instance),
            Purpose::Explain => EXPLAIN + per_value * size(instance),
        };
        let mut count = Count {
            work: self,
            purpose,
            left: limit,
            entered: Vec::new(),
            targets: HashMap::new(),
        };
        count.of(&self.schema, instance).is_some()
    }
}

struct Count<'a> {
    work: &'a Work,
    purpose: Purpose,
    /// The steps until the limit.
    left: usize,
    /// The definitions being counted, each with its value.
    entered: Vec<(*const Value, *const Value)>,
    /// What the references met so far refer to.
    targets: HashMap<&'a str, Option<&'a Value>>,
}

/// The length of the longest array that stands under one of these keywords.
pub(super) fn longest(schema: &Value, keywords: &[&str]) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(|item| longest(item, keywords)).max(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let own = value
                    .as_array()
                    .filter(|_| keywords.contains(&key.as_str()));
                longest(value, keywords).max(own.map_or(0, Vec::len))
            })
            .max(),
        _ => None,
    }
    .unwrap_or(0)
}

/// Each function counts down and gives `None` when the limit is reached.
impl<'a> Count<'a> {
    fn take(&mut self, steps: usize) -> Option<()> {
        self.left = self.left.checked_sub(steps)?;
        Some(())
    }

    fn of(&mut self, schema: &'a Value, instance: &Value) -> Option<()> {
        let leaf = match instance {
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => true,
        };
        self.take(if leaf { size(instance) } else { 1 })?;
        let Some(schema) = schema.as_object().filter(|_| !leaf) else {
            return Some(());
        };
        schema
            .iter()
            .try_for_each(|(keyword, value)| self.keyword(schema, keyword, value, instance))
    }

    fn keyword(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        value: &'a Value,
        instance: &Value,
    ) -> Option<()> {
        match (keyword, value) {
            ("$ref" | "$dynamicRef", Value::String(target)) => self.reference(target, instance),
            ("anyOf" | "oneOf", Value::Array(branches)) => self.alternatives(branches, instance),
            ("allOf", Value::Array(parts)) => parts.iter().try_for_each(|s| self.of(s, instance)),
            ("dependentSchemas", Value::Object(parts)) => {
                parts.values().try_for_each(|s| self.of(s, instance))
            }
            ("if", condition) if tags::holds(condition, instance).is_some() => Some(()),
            ("then", _) if ruled_out(schema, instance) => Some(()),
            ("not" | "if" | "then" | "else", _) => self.of(value, instance),
            _ => match instance {
                Value::Object(object) => self.properties(schema, keyword, value, object),
                Value::Array(items) => self.items(schema, keyword, value, items),
                _ => Some(()),
            },
        }
    }

    fn properties(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        value: &'a Value,
        object: &Map<String, Value>,
    ) -> Option<()> {
        match (keyword, value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .filter_map(|(name, property)| Some((property, object.get(name)?)))
                .try_for_each(|(property, value)| self.of(property, value)),
            ("patternProperties", Value::Object(patterns)) => patterns
                .values()
                .try_for_each(|s| object.values().try_for_each(|value| self.of(s, value))),
            ("additionalProperties" | "unevaluatedProperties", _) => {
                let named = schema.get("properties").and_then(Value::as_object);
                object
                    .iter()
                    .filter(|(name, _)| !named.is_some_and(|named| named.contains_key(*name)))
                    .try_for_each(|(_, other)| self.of(value, other))
            }
            _ => Some(()),
        }
    }

    fn items(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        value: &'a Value,
        items: &[Value],
    ) -> Option<()> {
        match (keyword, value) {
            ("prefixItems", Value::Array(schemas)) => schemas
                .iter()
                .zip(items)
                .try_for_each(|(schema, item)| self.of(schema, item)),
            ("items", _) => {
                let before = schema.get("prefixItems").and_then(Value::as_array);
                let mut rest = items.iter().skip(before.map_or(0, Vec::len));
                rest.try_for_each(|item| self.of(value, item))
            }
            ("contains" | "unevaluatedItems", _) => {
                items.iter().try_for_each(|item| self.of(value, item))
            }
            _ => Some(()),
        }
    }

    fn alternatives(&mut self, branches: &'a [Value], instance: &Value) -> Option<()> {
        // Serde tries untagged alternatives on a copy; each error has a copy too.
        let copies = match self.purpose {
            Purpose::Decode => branches.iter().filter(|s| !is_told_apart(s)).count().min(2) / 2,
            Purpose::Explain => branches.len(),
        };
        if copies > 0 {
            self.take(copies.saturating_mul(size(instance)))?;
        }
        branches.iter().try_for_each(|s| self.of(s, instance))
    }

    fn reference(&mut self, reference: &'a str, instance: &Value) -> Option<()> {
        let work = self.work;
        let target = self.targets.entry(reference);
        let target = *target.or_insert_with(|| refs::find(&work.schema, work.plain, reference));
        let Some(target) = target else {
            // What stands there is not known: it may double the work at every level.
            let levels = u32::try_from(depth(instance)).ok()?;
            return self.take(2_usize.checked_pow(levels)?.checked_mul(size(instance))?);
        };
        let key = (std::ptr::from_ref(target), std::ptr::from_ref(instance));
        let mut same = self.entered.iter().rev().take_while(|e| e.1 == key.1);
        if same.any(|entry| *entry == key) {
            // A definition that refers to itself without going deeper: nothing more to do.
            return Some(());
        }
        self.entered.push(key);
        self.of(target, instance)?;
        self.entered.pop();
        Some(())
    }
}

/// Whether serde sees without trying that an alternative is not meant: null in an `Option`, a variant
/// in the form `{"name": …}`.
fn is_told_apart(branch: &Value) -> bool {
    let is_null = branch.get("type").and_then(Value::as_str) == Some("null");
    let names = |key| branch.get(key).and_then(Value::as_object).map(Map::len);
    let is_closed = branch.get("additionalProperties") == Some(&Value::Bool(false));
    is_null || (is_closed && names("properties") == Some(1))
}

/// How many values there are in this one, itself included, where a long string is like many.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(items) => items.iter().map(|(k, v)| k.len() / 64 + size(v)).sum(),
        Value::String(text) => text.len() / 64,
        _ => 0,
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
