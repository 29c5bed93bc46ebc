//! Where the references of a schema lead.

use std::collections::HashSet;

use serde_json::Value;

/// Whether `#/…` counts from the root everywhere, and every reference within is of that form.
pub(super) fn are_plain(schema: &Value) -> bool {
    let named = ["$dynamicRef", "$anchor", "$dynamicAnchor"];
    let below = |value| mentions(value, &|key, _| key == "$id");
    !mentions(schema, &|key, _| named.contains(&key))
        && !schema
            .as_object()
            .is_some_and(|map| map.values().any(below))
}

/// Whether a reference leads to one of several alternatives, and not to all of them.
pub(super) fn lead_into_alternatives(schema: &Value) -> bool {
    let into = |reference: &str| reference.contains("/oneOf/") || reference.contains("/anyOf/");
    mentions(schema, &|key, value| {
        key == "$ref" && value.as_str().is_some_and(into)
    })
}

/// Whether something in `schema` contains itself.
pub(super) fn meet_themselves(schema: &Value, plain: bool) -> bool {
    let mut walk = Walk {
        root: schema,
        plain,
        open: Vec::new(),
        done: HashSet::new(),
    };
    walk.meets_itself(schema)
}

/// A walk through a schema and all that it refers to.
struct Walk<'a> {
    root: &'a Value,
    plain: bool,
    /// Where the walk stands, from the root.
    open: Vec<*const Value>,
    done: HashSet<*const Value>,
}

impl<'a> Walk<'a> {
    /// Whether `schema` contains itself, or what it contains does.
    fn meets_itself(&mut self, schema: &'a Value) -> bool {
        let place = std::ptr::from_ref(schema);
        if self.open.contains(&place) {
            return true;
        }
        if self.done.contains(&place) {
            return false;
        }
        self.open.push(place);
        let found = match schema {
            Value::Array(items) => items.iter().any(|item| self.meets_itself(item)),
            Value::Object(map) => map.iter().any(|(key, value)| match value {
                Value::String(reference) if key == "$ref" || key == "$dynamicRef" => {
                    // What is not found may be anything.
                    find(self.root, self.plain, reference)
                        .is_none_or(|target| self.meets_itself(target))
                }
                _ => self.meets_itself(value),
            }),
            _ => false,
        };
        self.open.pop();
        self.done.insert(place);
        found
    }
}

/// What a reference refers to, if that is easy to find.
pub(super) fn find<'a>(root: &'a Value, plain: bool, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#').filter(|_| plain)?;
    root.pointer(&decoded(pointer))
}

fn mentions(schema: &Value, wanted: &dyn Fn(&str, &Value) -> bool) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(|item| mentions(item, wanted)),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| wanted(key, value) || mentions(value, wanted)),
        _ => false,
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
