//! Alternatives told apart by a tag, rewritten so that the tag is looked at first.
//!
//! The engine looks for errors in every alternative. Where a type contains itself, that doubles the
//! errors at every level, although the tag leaves one alternative. So, for checking only,
//! `{"oneOf": [A, B]}` becomes `{"allOf": [tags, {"if": tag of A, "then": A}, …]}`, which accepts
//! the same values. What is published stays as it is.

use serde_json::{Map, Value, json};

/// Rewrites all tagged alternatives in `schema`.
pub(super) fn first(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(first),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                // Data, not schemas.
                if !matches!(key.as_str(), "const" | "enum" | "default" | "examples") {
                    first(value);
                }
            }
            ["oneOf", "anyOf"]
                .into_iter()
                .for_each(|key| rewrite(map, key));
        }
        _ => {}
    }
}

fn rewrite(map: &mut Map<String, Value>, key: &str) {
    let Some((tag, values)) = map.get(key).and_then(Value::as_array).and_then(tag_of) else {
        return;
    };
    let Some(Value::Array(branches)) = map.remove(key) else {
        return;
    };
    let mut all = vec![json!({
        "type": "object", "required": [tag], "properties": {&tag: {"enum": values}},
    })];
    all.extend(branches.into_iter().zip(values).map(|(branch, value)| {
        json!({
            "if": {"required": [tag], "properties": {&tag: {"const": value}}},
            "then": branch,
        })
    }));
    match map.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(present) => present.append(&mut all),
        None => drop(map.insert("allOf".to_owned(), all.into())),
    }
}

/// The property that tells these alternatives apart, and its value in each.
fn tag_of(branches: &Vec<Value>) -> Option<(String, Vec<String>)> {
    let properties = branches.first()?.get("properties")?.as_object()?;
    properties.keys().find_map(|tag| {
        let mut values = Vec::new();
        for branch in branches {
            let value = value_of(branch, tag)?;
            if values.iter().any(|other| other == value) {
                return None;
            }
            values.push(value.to_owned());
        }
        (values.len() > 1).then(|| (tag.clone(), values))
    })
}

/// The one value that `tag` has in the objects of this alternative.
fn value_of<'s>(branch: &'s Value, tag: &str) -> Option<&'s str> {
    let required = branch.get("required")?.as_array()?;
    let is_object = branch.get("type")?.as_str()? == "object";
    let property = branch.get("properties")?.get(tag)?;
    let value = match (property.get("const"), property.get("enum")) {
        (Some(value), _) => value,
        (None, Some(Value::Array(values))) if values.len() == 1 => values.first()?,
        _ => return None,
    };
    (is_object && required.iter().any(|name| name == tag)).then(|| value.as_str())?
}

/// Whether `condition`, as written above, holds; `None` if it is another one.
pub(super) fn holds(condition: &Value, instance: &Value) -> Option<bool> {
    let condition = condition.as_object().filter(|map| map.len() == 2)?;
    let properties = condition.get("properties")?.as_object()?;
    let required = condition.get("required")?.as_array()?;
    let ([name], Some((tag, property))) = (required.as_slice(), properties.iter().next()) else {
        return None;
    };
    let constant = property.as_object().filter(|map| map.len() == 1)?;
    let constant = constant.get("const")?;
    (properties.len() == 1 && name == tag)
        .then(|| !instance.is_object() || instance.get(tag) == Some(constant))
}
