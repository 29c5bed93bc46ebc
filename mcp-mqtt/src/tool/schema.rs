//! JSON Schemas as this crate writes them: draft 2020-12, subschemas inlined (so that a fault has an
//! exact place), no `$schema`, no formats of Rust's number types, unknown arguments refused.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// One argument of a tool.
pub(super) struct Property {
    pub(super) name: &'static str,
    /// Empty for none, which leaves the description of the type.
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

/// A generator for what a tool takes.
pub(super) fn for_input() -> SchemaGenerator {
    settings().into_generator()
}

/// A generator for what a tool gives.
pub(super) fn for_output() -> SchemaGenerator {
    settings().for_serialize().into_generator()
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    })
}

/// The schema of a tool without arguments.
pub(super) fn nothing() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

/// The input schema of a tool with these arguments, made with `generator`.
pub(super) fn object(
    properties: impl IntoIterator<Item = Property>,
    generator: &mut SchemaGenerator,
) -> Value {
    let (mut map, mut required) = (Map::new(), Vec::new());
    for mut property in properties {
        if !property.description.is_empty() {
            property
                .schema
                .insert("description".to_owned(), property.description.into());
        }
        if property.required {
            required.push(Value::from(property.name));
        }
        map.insert(property.name.to_owned(), property.schema.to_value());
    }
    let mut root = nothing();
    if let Some(root) = root.as_object_mut()
        && !map.is_empty()
    {
        root.insert("properties".to_owned(), map.into());
        if !required.is_empty() {
            root.insert("required".to_owned(), required.into());
        }
    }
    finish(root, generator)
}

/// The input schema of a tool whose arguments are the fields of `T`; `()` takes none.
pub(super) fn of_arguments<T: JsonSchema>() -> Value {
    let mut generator = for_input();
    let mut schema = T::json_schema(&mut generator);
    if schema.get("type") == Some(&"null".into()) {
        return nothing();
    }
    if let Some(root) = schema.as_object_mut()
        && root.contains_key("properties")
        && !ELSEWHERE.iter().any(|key| root.contains_key(*key))
    {
        root.insert("additionalProperties".to_owned(), false.into());
    }
    finish(schema.to_value(), &mut generator)
}

/// Where an object may say more of its properties, so that `additionalProperties` would be wrong.
const ELSEWHERE: [&str; 7] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
];

/// The output schema of `T`; `None` for `()`, and for types that can be anything.
pub(super) fn of_output<T: JsonSchema>() -> Option<Value> {
    let mut generator = for_output();
    let schema = T::json_schema(&mut generator);
    output(Some(schema), &mut generator)
}

/// The finished form of an output schema made with `generator`.
pub(super) fn output(schema: Option<Schema>, generator: &mut SchemaGenerator) -> Option<Value> {
    let schema = schema?;
    let says_nothing = schema.as_bool() == Some(true)
        || schema.as_object().is_some_and(Map::is_empty)
        || schema.get("type") == Some(&"null".into());
    (!says_nothing).then(|| finish(schema.to_value(), generator))
}

/// Adds the definitions of recursive types and takes off the formats of Rust's number types.
fn finish(schema: Value, generator: &mut SchemaGenerator) -> Value {
    let Ok(mut schema) = Schema::try_from(schema) else {
        return nothing();
    };
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    RecursiveTransform(|schema: &mut Schema| {
        let format = schema.get("format").and_then(Value::as_str);
        if format.is_some_and(|format| NUMBERS.contains(&format)) {
            schema.remove("format");
        }
    })
    .transform(&mut schema);
    schema.to_value()
}

/// What schemars writes as `format` of numbers. JSON Schema knows none of them.
const NUMBERS: [&str; 14] = [
    "int", "int8", "int16", "int32", "int64", "int128", "uint", "uint8", "uint16", "uint32",
    "uint64", "uint128", "float", "double",
];

/// Whether a schema describes an object, as MCP demands of arguments.
pub(super) fn is_object(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

/// SHA-256 of the schema with its keys sorted and without white space, in hexadecimal.
pub(super) fn hash(schema: &Value) -> String {
    let text = sorted(schema).to_string();
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The same value with sorted keys, whether or not serde_json keeps the order of insertion.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries = entries.into_iter();
            Value::Object(
                entries
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    /// A search.
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[allow(dead_code)]
    struct Search {
        /// The words.
        text: String,
        #[serde(default)]
        #[schemars(range(max = 50))]
        limit: u8,
        within: Option<Range>,
        format: Option<f64>,
    }

    #[derive(Deserialize, Serialize, JsonSchema)]
    #[allow(dead_code)]
    struct Range {
        from: u64,
    }

    #[derive(Deserialize, Serialize, JsonSchema)]
    #[allow(dead_code)]
    struct Tree {
        leaves: Vec<Tree>,
        #[serde(skip_serializing)]
        secret: u8,
    }

    #[test]
    fn a_struct_is_inlined_closed_and_free_of_rusts_formats() {
        assert_eq!(
            of_arguments::<Search>(),
            json!({
                "type": "object",
                "description": "A search.",
                "additionalProperties": false,
                "required": ["text"],
                "properties": {
                    "text": {"type": "string", "description": "The words."},
                    "limit": {"type": "integer", "minimum": 0, "maximum": 50, "default": 0},
                    "format": {"type": ["number", "null"]},
                    "within": {
                        "type": ["object", "null"],
                        "required": ["from"],
                        "properties": {"from": {"type": "integer", "minimum": 0}},
                    },
                },
            })
        );
    }

    #[test]
    fn without_arguments_the_schema_is_the_shortest() {
        let expected = json!({"type": "object", "additionalProperties": false});
        assert_eq!(of_arguments::<()>(), expected);
        assert_eq!(object([], &mut for_input()), expected);
    }

    #[test]
    fn a_map_stays_open() {
        let schema = of_arguments::<HashMap<String, u8>>();
        assert!(is_object(&schema));
        assert_eq!(schema["additionalProperties"]["maximum"], json!(255));
    }

    #[test]
    fn recursive_types_have_definitions_that_resolve() {
        let schema = of_arguments::<Tree>();
        assert!(jsonschema_accepts(
            &schema,
            &json!({"secret": 1, "leaves": [{"secret": 2, "leaves": []}]})
        ));
        assert!(!jsonschema_accepts(
            &schema,
            &json!({"secret": 1, "leaves": [{"secret": 2, "leaves": 3}]})
        ));
    }

    fn jsonschema_accepts(schema: &Value, arguments: &Value) -> bool {
        super::super::validate::Validator::default()
            .validate(schema, arguments.as_object().unwrap().clone())
            .is_ok()
    }

    #[test]
    fn an_output_is_described_as_it_is_written() {
        let schema = of_output::<Tree>().unwrap();
        assert_eq!(schema["required"], json!(["leaves"]));
    }

    #[test]
    fn what_can_be_anything_or_nothing_has_no_output_schema() {
        assert_eq!(of_output::<()>(), None);
        assert_eq!(of_output::<Value>(), None);
        assert_eq!(of_output::<bool>(), Some(json!({"type": "boolean"})));
    }

    #[test]
    fn arguments_keep_their_own_description_over_that_of_the_type() {
        let mut generator = for_input();
        let property = |name, description: &str, required, g: &mut SchemaGenerator| Property {
            name,
            description: description.to_owned(),
            required,
            schema: g.subschema_for::<Search>(),
        };
        let properties = [
            property("a", "Mine.", true, &mut generator),
            property("b", "", false, &mut generator),
        ];
        let schema = object(properties, &mut generator);
        assert_eq!(schema["properties"]["a"]["description"], "Mine.");
        assert_eq!(schema["properties"]["b"]["description"], "A search.");
        assert_eq!(schema["required"], json!(["a"]));
    }

    #[test]
    fn the_hash_depends_on_the_content_and_not_on_the_order() {
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#).unwrap();
        assert_eq!(hash(&one), hash(&two));
        assert_ne!(hash(&one), hash(&json!({"a": 1})));
        assert_eq!(
            hash(&json!({})),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
