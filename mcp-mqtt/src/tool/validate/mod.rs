//! Checking arguments against an input schema. The only module that names `jsonschema`; the words
//! for its errors are in `explain`.

mod alternatives;
mod explain;

use std::sync::OnceLock;

use serde_json::{Map, Value};

use self::explain::Scope;
use super::fault::{Faults, InvalidArguments};

/// The most JSON values for which every fault is looked for. The engine collects all errors before
/// it gives out the first, a few hundred bytes each, so a large call could make it fill the memory.
const MAX_EXPLAINED: usize = 20_000;

/// Checks arguments against one schema. Built at the first use: building takes a thousand times
/// as long as checking, and most processes call few of their tools.
#[derive(Default)]
pub(super) struct Validator(OnceLock<Result<jsonschema::Validator, String>>);

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
        let validator = self.compiled(schema).map_err(Refusal::Schema)?;
        let instance = Value::Object(arguments);
        if !validator.is_valid(&instance) {
            let mut faults = Faults::default();
            let mut budget = MAX_EXPLAINED;
            if fits(&instance, &mut budget) {
                let errors: Vec<_> = validator.iter_errors(&instance).collect();
                let arguments = &instance;
                explain::explain(Scope { schema, arguments }, &errors, &mut faults);
            }
            if faults.list().is_empty() {
                faults.push(
                    "",
                    format!(
                        "do not fit the input schema; with more than {MAX_EXPLAINED} values, no \
                         single fault is looked for"
                    ),
                );
            }
            let faults = faults.finish();
            return Err(Refusal::Arguments(InvalidArguments { faults }));
        }
        match instance {
            Value::Object(arguments) => Ok(arguments),
            _ => Ok(Map::new()),
        }
    }

    fn compiled(&self, schema: &Value) -> Result<&jsonschema::Validator, String> {
        self.0
            .get_or_init(|| {
                jsonschema::options()
                    .with_draft(jsonschema::Draft::Draft202012)
                    .should_validate_formats(true)
                    .offline()
                    .build(schema)
                    .map_err(|error| match error.instance_path().as_str() {
                        "" => error.to_string(),
                        place => format!("{place}: {error}"),
                    })
            })
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// Whether `value` holds no more values than `budget`.
fn fits(value: &Value, budget: &mut usize) -> bool {
    match budget.checked_sub(1) {
        Some(left) => *budget = left,
        None => return false,
    }
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, budget)),
        Value::Object(items) => items.values().all(|item| fits(item, budget)),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod derived_tests;
