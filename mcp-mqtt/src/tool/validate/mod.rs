//! Checking arguments against an input schema. The only module that names `jsonschema`; the words
//! for its errors are in `explain`.

mod alternatives;
mod explain;
mod tags;
mod work;

use std::sync::OnceLock;

use serde_json::{Map, Value};

use self::explain::Scope;
use super::ArgumentFault;
use super::fault::{Faults, InvalidArguments};

/// The most JSON values for which every fault is looked for. The engine collects all errors before
/// it gives out the first, a few hundred bytes each, so a large call could make it fill the memory.
const MAX_EXPLAINED: usize = 20_000;

/// The most steps that arguments of a recursive type may take, by the count of `work`. Two
/// alternatives that both contain the type reach it at a depth of about twelve; whatever is told
/// apart by a tag, a type or the name of a property does not.
const MAX_WORK: u64 = 200_000;

/// Checks arguments against one schema. Built at the first use: building takes a thousand times
/// as long as checking, and most processes call few of their tools.
#[derive(Default)]
pub(super) struct Validator(OnceLock<Result<Compiled, String>>);

struct Compiled {
    engine: jsonschema::Validator,
    /// The schema that the engine checks, if it is not the tool's own: that of a recursive type, in
    /// a form of which the work can be bounded.
    recursive: Option<Value>,
    /// The most JSON values for which every fault is looked for.
    explained: usize,
}

/// Why a call does not reach its handler.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The caller's mistake.
    Arguments(InvalidArguments),
    /// The tool's mistake: there is nothing to check against.
    Schema(String),
}

impl Validator {
    /// Whether `schema` is a JSON Schema, and why not.
    pub(super) fn check(&self, schema: &Value) -> Result<(), String> {
        self.compiled(schema).map(drop)
    }

    /// Checks `arguments` against `schema`, which must be the same at every call.
    pub(super) fn validate(
        &self,
        schema: &Value,
        arguments: Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let compiled = self.compiled(schema).map_err(Refusal::Schema)?;
        let instance = Value::Object(arguments);
        match compiled.faults(schema, &instance) {
            Some(faults) => Err(Refusal::Arguments(InvalidArguments { faults })),
            None => match instance {
                Value::Object(arguments) => Ok(arguments),
                _ => Ok(Map::new()),
            },
        }
    }

    fn compiled(&self, schema: &Value) -> Result<&Compiled, String> {
        self.0
            .get_or_init(|| Compiled::new(schema))
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl Compiled {
    fn new(schema: &Value) -> Result<Self, String> {
        let recursive = work::is_recursive(schema).then(|| {
            let mut schema = schema.clone();
            tags::first(&mut schema);
            schema
        });
        let engine = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            // Its time is linear in the text; the default engine backtracks.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .offline()
            .build(recursive.as_ref().unwrap_or(schema))
            .map_err(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                place => format!("{place}: {error}"),
            })?;
        Ok(Self {
            engine,
            recursive,
            // Every error holds the whole list of what would have been right.
            explained: MAX_EXPLAINED / (1 + longest_enum(schema) / 64),
        })
    }

    /// What is wrong; `None` if nothing is.
    fn faults(&self, schema: &Value, arguments: &Value) -> Option<Vec<ArgumentFault>> {
        let work = self
            .recursive
            .as_ref()
            .map_or(0, |schema| work::count(schema, arguments, MAX_WORK));
        if work == u64::MAX {
            return Some(vec![ArgumentFault::new("", TOO_DEEP)]);
        }
        if self.engine.is_valid(arguments) {
            return None;
        }
        let mut faults = Faults::default();
        let mut budget = self.explained;
        if work <= self.explained as u64 && fits(arguments, 0, &mut budget) {
            let schema = self.recursive.as_ref().unwrap_or(schema);
            let errors: Vec<_> = self.engine.iter_errors(arguments).collect();
            explain::explain(Scope { schema, arguments }, &errors, &mut faults);
        }
        if faults.list().is_empty() {
            faults.push(
                "",
                format!(
                    "do not fit the input schema; with more than {} values, no single fault is \
                     looked for",
                    self.explained
                ),
            );
        }
        Some(faults.finish())
    }
}

const TOO_DEEP: &str = "are nested too deeply: in a type that contains itself in several of its \
                        alternatives, each level multiplies the work of checking; nest less deeply";

/// Whether looking for every fault in `value` stays within `budget`. A value whose place has a long
/// pointer counts more, as every error holds it.
fn fits(value: &Value, pointer: usize, budget: &mut usize) -> bool {
    match budget.checked_sub(1 + pointer / 64) {
        Some(left) => *budget = left,
        None => return false,
    }
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, pointer + 4, budget)),
        Value::Object(items) => items
            .iter()
            .all(|(name, item)| fits(item, pointer + 1 + name.len(), budget)),
        _ => true,
    }
}

fn longest_enum(schema: &Value) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(longest_enum).max().unwrap_or(0),
        Value::Object(map) => {
            let own = map
                .get("enum")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            map.values().map(longest_enum).max().unwrap_or(0).max(own)
        }
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod derived_tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod bound_tests;
