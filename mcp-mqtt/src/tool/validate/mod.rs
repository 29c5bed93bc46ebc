//! Checking arguments against an input schema. The only module that names `jsonschema`; the words
//! for its errors are in `explain`.

mod alternatives;
mod explain;
mod refs;
mod tags;
mod work;

use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value};

use self::explain::Scope;
use self::work::{Purpose, Work};
use super::ArgumentFault;
use super::fault::{Faults, InvalidArguments};

/// The most JSON values for which every fault is looked for. The engine collects all errors before
/// it gives out the first, a few hundred bytes each, so a large call could make it fill the memory.
const MAX_EXPLAINED: usize = 20_000;

/// Checks arguments against one schema. Built at the first use: building takes a thousand times
/// as long as checking, and most processes call few of their tools.
#[derive(Default)]
pub(super) struct Validator(OnceLock<Result<Compiled, String>>);

struct Compiled {
    engine: jsonschema::Validator,
    /// For a recursive type. The engine then checks the schema that is in here.
    work: Option<Work>,
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
        let work = Work::new(schema);
        let engine = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            // Its time is linear in the text; the default engine backtracks.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .offline()
            .build(work.as_ref().map_or(schema, Work::schema))
            .map_err(|error| {
                let why = match error.kind() {
                    Kind::Format { format } if format == "regex" => {
                        "; look-around and back-references are not supported"
                    }
                    _ => "",
                };
                match error.instance_path().as_str() {
                    "" => format!("{error}{why}"),
                    place => format!("{place}: {error}{why}"),
                }
            })?;
        Ok(Self {
            engine,
            work,
            // Every error holds the whole list of what would have been right.
            explained: MAX_EXPLAINED / (1 + work::longest(schema, &["enum"]) / 64),
        })
    }

    /// What is wrong; `None` if nothing is.
    fn faults(&self, schema: &Value, arguments: &Value) -> Option<Vec<ArgumentFault>> {
        let bounded = |purpose| {
            let work = self.work.as_ref();
            work.is_none_or(|work| work.is_bounded(arguments, purpose))
        };
        if !bounded(Purpose::Decode) {
            return Some(vec![ArgumentFault::new("", TOO_DEEP)]);
        }
        if self.engine.is_valid(arguments) {
            return None;
        }
        let mut faults = Faults::default();
        let mut budget = self.explained;
        if fits(arguments, 0, &mut budget) && bounded(Purpose::Explain) {
            let schema = self.work.as_ref().map_or(schema, Work::schema);
            let errors: Vec<_> = self.engine.iter_errors(arguments).collect();
            explain::explain(Scope { schema, arguments }, &errors, &mut faults);
        }
        if faults.list().is_empty() {
            faults.push("", TOO_LARGE);
        }
        Some(faults.finish())
    }
}

const TOO_DEEP: &str = "are nested too deeply: in a type that contains itself in several of its \
                        alternatives, each level multiplies the work of checking; nest less deeply";

const TOO_LARGE: &str = "do not fit the input schema; they are too large, or nested too deeply, for \
                         looking for each single fault";

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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod derived_tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod bound_tests;
