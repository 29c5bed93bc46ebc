//! From a validation error to a place and a sentence about it that a language model can act on.
//! Values are never quoted, except for numbers: they may be long or secret.

use std::collections::HashSet;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Map, Value};

use super::super::fault::{Faults, child};
use super::alternatives;

/// What was checked, for the names that stand around a fault.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) schema: &'a Value,
    pub(super) arguments: &'a Value,
}

/// Adds the faults behind these errors, which are those of one schema and its subschemas.
pub(super) fn explain(scope: Scope<'_>, errors: &[ValidationError<'_>], out: &mut Faults) {
    let chosen: HashSet<_> = errors
        .iter()
        .filter(|error| has_choices(error))
        .map(|error| error.instance_path().as_str())
        .collect();
    for error in errors {
        // `is not one of "a", "b"` says more than `is a number, expected a string`.
        let redundant = matches!(error.kind(), Kind::Type { .. })
            && chosen.contains(error.instance_path().as_str());
        if !redundant {
            one(scope, error, out);
        }
    }
}

fn one(scope: Scope<'_>, error: &ValidationError<'_>, out: &mut Faults) {
    if out.is_full() {
        // Nothing is written that nobody will read.
        return out.leave_out(match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => unexpected.len(),
            _ => 1,
        });
    }
    let here = error.instance_path().as_str();
    let value = error.instance();
    let message = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            return out.push(child(here, name), "is required");
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            return unknown(scope, error, unexpected.iter(), out);
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            return alternatives::explain(scope, error, context, out);
        }
        Kind::OneOfMultipleValid { .. } => "fits more than one of its alternatives".to_owned(),
        Kind::PropertyNames { error } => {
            let mut inner = Faults::default();
            one(scope, error, &mut inner);
            let why = inner.list().first().map_or("", |fault| &fault.message);
            format!("has a property whose name {why}")
        }
        Kind::Type { kind } => wrong_type(value, kind),
        Kind::Enum { .. } | Kind::Constant { .. } => {
            not_one_of(&choices(error).unwrap_or_default())
        }
        Kind::Format { format } => format!("is not a valid {format}"),
        Kind::Pattern { pattern } => format!("does not match the pattern {pattern}"),
        Kind::Maximum { limit } => format!("{value} is greater than the maximum of {limit}"),
        Kind::Minimum { limit } => format!("{value} is less than the minimum of {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{value} is not less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{value} is not greater than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("{value} is not a multiple of {multiple_of}"),
        Kind::MaxLength { limit } => format!("{}, at most {limit} are allowed", size(value)),
        Kind::MinLength { limit } => format!("{}, at least {limit} are needed", size(value)),
        Kind::MaxItems { limit } => format!("{}, at most {limit} are allowed", size(value)),
        Kind::MinItems { limit } => format!("{}, at least {limit} are needed", size(value)),
        Kind::MaxProperties { limit } => format!("{}, at most {limit} are allowed", size(value)),
        Kind::MinProperties { limit } => format!("{}, at least {limit} are needed", size(value)),
        Kind::AdditionalItems { limit } => format!("{}, at most {limit} are allowed", size(value)),
        Kind::UnevaluatedItems { .. } => "has items that are not allowed".to_owned(),
        Kind::UniqueItems => "has equal items, each must be different".to_owned(),
        Kind::Contains => "has not the items that it must contain".to_owned(),
        Kind::Not { .. } => "is one of the values that are not allowed".to_owned(),
        // The engine says no more where an object may have no properties at all.
        Kind::FalseSchema
            if error
                .schema_path()
                .as_str()
                .ends_with("/additionalProperties") =>
        {
            let object = scope.arguments.pointer(here).and_then(Value::as_object);
            return unknown(scope, error, object.into_iter().flat_map(Map::keys), out);
        }
        Kind::FalseSchema => "is not allowed".to_owned(),
        other => format!("does not fit `{}` of the input schema", other.keyword()),
    };
    out.push(here, message);
}

/// Whether the values are listed of which an instance should have been one.
pub(super) fn has_choices(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Enum { .. } | Kind::Constant { .. })
}

/// The values of which an instance should have been one.
pub(super) fn choices(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        Kind::Enum { options } => Some(options.as_array()?.iter().map(Value::to_string).collect()),
        Kind::Constant { expected_value } => Some(vec![expected_value.to_string()]),
        _ => None,
    }
}

/// The types of which an instance should have been, with articles.
pub(super) fn types(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        Kind::Type { kind } => Some(type_names(kind)),
        _ => None,
    }
}

pub(super) fn not_one_of(choices: &[String]) -> String {
    match choices {
        [only] => format!("is not {}", clip(only)),
        _ => format!("is not one of {}", list(choices, "or")),
    }
}

pub(super) fn not_of_type(value: &Value, expected: &[String]) -> String {
    format!("is {}, expected {}", described(value), list(expected, "or"))
}

/// A list of at most about a hundred and twenty characters.
pub(super) fn list(items: &[String], last: &str) -> String {
    let mut text = String::new();
    for (i, item) in items.iter().enumerate() {
        let item = clip(item);
        if i > 0 && text.len() + item.len() > 120 {
            text.push_str(&format!(" {last} {} others", items.len() - i));
            break;
        }
        if i > 0 {
            text.push_str(&if i + 1 == items.len() {
                format!(" {last} ")
            } else {
                ", ".to_owned()
            });
        }
        text.push_str(&item);
    }
    text
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some(_) => text.chars().take(60).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Adds the properties that the object does not know.
fn unknown<'n>(
    scope: Scope<'_>,
    error: &ValidationError<'_>,
    names: impl Iterator<Item = &'n String>,
    out: &mut Faults,
) {
    let keyword = error.schema_path().as_str();
    let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
    let known: Vec<_> = scope
        .schema
        .pointer(parent)
        .and_then(|object| object.get("properties")?.as_object())
        .into_iter()
        .flat_map(Map::keys)
        .map(|name| format!("`{name}`"))
        .collect();
    let message = match known.as_slice() {
        [] => "is unknown, nothing is expected here".to_owned(),
        [only] => format!("is unknown, only {} is expected here", clip(only)),
        _ => format!("is unknown, expected here are {}", list(&known, "and")),
    };
    for name in names {
        if out.is_full() {
            out.leave_out(1);
            continue;
        }
        out.push(child(error.instance_path().as_str(), name), message.clone());
    }
}

fn wrong_type(value: &Value, kind: &TypeKind) -> String {
    not_of_type(value, &type_names(kind))
}

fn type_names(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(one) => vec![type_name(*one).to_owned()],
        TypeKind::Multiple(many) => many.iter().map(|one| type_name(one).to_owned()).collect(),
    }
}

fn type_name(one: JsonType) -> &'static str {
    match one {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn size(value: &Value) -> String {
    let (count, unit) = match value {
        Value::String(text) => (text.chars().count(), "character"),
        Value::Array(items) => (items.len(), "item"),
        Value::Object(items) => (items.len(), "property"),
        _ => (1, "value"),
    };
    match (count, unit) {
        (1, unit) => format!("has 1 {unit}"),
        (n, "property") => format!("has {n} properties"),
        (n, unit) => format!("has {n} {unit}s"),
    }
}
