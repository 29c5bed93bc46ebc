//! What to say of a value that fits none of several alternatives: an `Option`, an enum, a union.
//!
//! The alternative that was meant is found by ruling the others out: by type, by value, by the
//! `const` of a tag, by the name of a variant. If one is left, its faults are the faults.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::super::fault::Faults;
use super::explain::{
    Scope, choices, explain as faults_of, has_choices, list, not_of_type, not_one_of, types,
};

type Branch = Vec<ValidationError<'static>>;

/// Adds the faults of `error`, whose alternatives failed with `branches`.
pub(super) fn explain(
    scope: Scope<'_>,
    error: &ValidationError<'_>,
    branches: &[Branch],
    out: &mut Faults,
) {
    let here = error.instance_path().as_str();
    let open: Vec<&Branch> = branches
        .iter()
        .filter(|branch| !branch.iter().any(|e| at(e, here) && closes(e)))
        .collect();
    if open.is_empty() {
        return out.push(here, closed(error.instance(), here, branches));
    }
    let tagged: Vec<&Branch> = open
        .iter()
        .copied()
        .filter(|branch| wrong_tag(branch, here).is_none())
        .collect();
    if tagged.is_empty() {
        return unknown_tag(here, &open, out);
    }
    let named: Vec<&Branch> = tagged
        .iter()
        .copied()
        .filter(|branch| !branch.iter().any(|e| at(e, here) && misses_or_exceeds(e)))
        .collect();
    if let ([one], _) | (_, [one]) = (tagged.as_slice(), named.as_slice()) {
        return faults_of(scope, one, out);
    }
    if common(scope, &tagged, out) {
        return;
    }
    let names: Vec<_> = tagged
        .iter()
        .filter_map(|b| only_missing(b, here))
        .collect();
    let message = if names.len() == tagged.len() {
        format!("must have one of the properties {}", list(&names, "or"))
    } else {
        format!("fits none of its {} alternatives", branches.len())
    };
    out.push(here, message);
}

fn at(error: &ValidationError<'_>, place: &str) -> bool {
    error.instance_path().as_str() == place
}

/// Whether an error shows that another alternative was meant, whatever is inside the value.
fn closes(error: &ValidationError<'_>) -> bool {
    has_choices(error) || types(error).is_some()
}

fn misses_or_exceeds(error: &ValidationError<'_>) -> bool {
    matches!(
        error.kind(),
        Kind::Required { .. } | Kind::AdditionalProperties { .. }
    )
}

/// Every alternative asks for another value or another type.
fn closed(value: &Value, here: &str, branches: &[Branch]) -> String {
    let (mut values, mut kinds) = (Vec::new(), Vec::new());
    for branch in branches {
        let mut own = branch.iter().filter(|e| at(e, here));
        match own.clone().find_map(choices) {
            Some(found) => values.extend(found),
            None => kinds.extend(own.find_map(types).unwrap_or_default()),
        }
    }
    kinds.dedup();
    if values.is_empty() {
        return not_of_type(value, &kinds);
    }
    if kinds.is_empty() {
        return not_one_of(&values);
    }
    values.append(&mut kinds);
    format!("must be {}", list(&values, "or"))
}

/// The pointer and the value of a tag that rules this alternative out.
fn wrong_tag<'b>(branch: &'b Branch, here: &str) -> Option<(&'b str, String)> {
    branch.iter().find_map(|error| {
        let place = error.instance_path().as_str();
        let inside = place.strip_prefix(here)?.strip_prefix('/')?;
        match choices(error)?.as_slice() {
            [value] if !inside.contains('/') => Some((place, value.clone())),
            _ => None,
        }
    })
}

fn unknown_tag(here: &str, branches: &[&Branch], out: &mut Faults) {
    let tags: Vec<_> = branches.iter().filter_map(|b| wrong_tag(b, here)).collect();
    let values: Vec<_> = tags.iter().map(|(_, value)| value.clone()).collect();
    match tags.split_first() {
        Some(((place, _), rest)) if rest.iter().all(|(other, _)| other == place) => {
            out.push(*place, not_one_of(&values));
        }
        _ => out.push(
            here,
            format!("fits none of its {} alternatives", branches.len()),
        ),
    }
}

/// Adds the faults that all alternatives have; whether there are any.
fn common(scope: Scope<'_>, branches: &[&Branch], out: &mut Faults) -> bool {
    let mut each = branches.iter().map(|branch| {
        let mut faults = Faults::default();
        faults_of(scope, branch, &mut faults);
        faults.finish()
    });
    let mut shared = each.next().unwrap_or_default();
    for faults in each {
        shared.retain(|fault| faults.contains(fault));
    }
    for fault in &shared {
        out.push(fault.pointer.clone(), fault.message.clone());
    }
    !shared.is_empty()
}

/// The one property that this alternative misses, as the variant of an enum does.
fn only_missing(branch: &Branch, here: &str) -> Option<String> {
    let mut missing = branch.iter().filter_map(|error| match error.kind() {
        Kind::Required { property } if at(error, here) => property.as_str(),
        _ => None,
    });
    match (missing.next(), missing.next()) {
        (Some(name), None) => Some(format!("`{name}`")),
        _ => None,
    }
}
