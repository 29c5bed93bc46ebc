//! What a caller is told about arguments that do not fit.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The faults of `arguments`, one `pointer: text` each.
fn faults(schema: &Value, arguments: &Value) -> Vec<String> {
    let arguments = arguments.as_object().unwrap().clone();
    match Validator::default().validate(schema, arguments) {
        Ok(_) => Vec::new(),
        Err(Refusal::Arguments(invalid)) => {
            assert!(!invalid.faults.is_empty());
            invalid.faults.iter().map(ToString::to_string).collect()
        }
        Err(Refusal::Schema(reason)) => panic!("{reason}"),
    }
}

/// The faults of one argument `x` with this schema.
fn of_x(schema: Value, x: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"x": schema}});
    faults(&schema, &json!({"x": x}))
}

#[test]
fn arguments_that_fit_come_back_unchanged() {
    let arguments = json!({"a": [1, {"b": null}]});
    let arguments = arguments.as_object().unwrap();
    let validated = Validator::default().validate(&json!({"type": "object"}), arguments.clone());
    assert_eq!(validated.unwrap(), *arguments);
}

#[test]
fn every_fault_is_reported_with_its_place() {
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "n"],
        "properties": {
            "name": {"type": "string"},
            "n": {"type": "integer", "maximum": 5},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    });
    assert_eq!(
        faults(
            &schema,
            &json!({"n": 9, "naem": "Ann", "tags": ["a", 1, null]})
        ),
        [
            "/name: is required",
            "/n: 9 is greater than the maximum of 5",
            "/tags/1: is the number 1, expected a string",
            "/tags/2: is null, expected a string",
            "/naem: is unknown, expected here are `n`, `name` and `tags`",
        ]
    );
}

#[test]
fn names_with_slashes_and_tildes_are_escaped() {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["a/b"]});
    assert_eq!(
        faults(&schema, &json!({"c~d": 1})),
        [
            "/a~1b: is required",
            "/c~0d: is unknown, nothing is expected here",
        ]
    );
}

#[test]
fn an_unknown_name_deep_down_lists_the_names_known_there() {
    let schema = json!({"type": "object", "properties": {"filter": {
        "type": "object", "additionalProperties": false, "properties": {"from": {}},
    }}});
    assert_eq!(
        faults(&schema, &json!({"filter": {"form": 1, "to": 2}})),
        [
            "/filter/form: is unknown, only `from` is expected here",
            "/filter/to: is unknown, only `from` is expected here",
        ]
    );
}

#[test]
fn a_tool_without_arguments_takes_none() {
    let schema = crate::tool::schema::nothing();
    assert_eq!(
        faults(&schema, &json!({"a": 1, "b": {"c": 2}})),
        [
            "/a: is unknown, nothing is expected here",
            "/b: is unknown, nothing is expected here",
        ]
    );
}

#[test]
fn constraints_read_as_sentences() {
    let cases = [
        (
            json!({"minimum": 1}),
            json!(0),
            "0 is less than the minimum of 1",
        ),
        (
            json!({"exclusiveMaximum": 1}),
            json!(1),
            "1 is not less than 1",
        ),
        (
            json!({"exclusiveMinimum": 1}),
            json!(1.0),
            "1.0 is not greater than 1",
        ),
        (
            json!({"multipleOf": 5}),
            json!(7),
            "7 is not a multiple of 5",
        ),
        (
            json!({"maxLength": 3}),
            json!("äöüß"),
            "has 4 characters, at most 3 are allowed",
        ),
        (
            json!({"minLength": 2}),
            json!("a"),
            "has 1 character, at least 2 are needed",
        ),
        (
            json!({"maxItems": 1}),
            json!([1, 2]),
            "has 2 items, at most 1 are allowed",
        ),
        (
            json!({"minItems": 1}),
            json!([]),
            "has 0 items, at least 1 are needed",
        ),
        (
            json!({"maxProperties": 0}),
            json!({"a": 1}),
            "has 1 property, at most 0 are allowed",
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "has equal items, each must be different",
        ),
        (
            json!({"pattern": "^[a-z]+$"}),
            json!("A"),
            "does not match the pattern ^[a-z]+$",
        ),
        (
            json!({"format": "date"}),
            json!("today"),
            "is not a valid date",
        ),
        (
            json!({"format": "ipv4"}),
            json!("1.2.3"),
            "is not a valid ipv4",
        ),
        (json!({"const": "a"}), json!("b"), r#"is not "a""#),
        (
            json!({"enum": ["en", "de", null]}),
            json!("fr"),
            r#"is not one of "en", "de" or null"#,
        ),
        (
            json!({"type": ["integer", "null"]}),
            json!(1.5),
            "is the number 1.5, expected null or an integer",
        ),
        (
            json!({"not": {}}),
            json!(1),
            "is one of the values that are not allowed",
        ),
        (json!(false), json!(1), "is not allowed"),
    ];
    for (schema, x, expected) in cases {
        assert_eq!(of_x(schema, x), [format!("/x: {expected}")]);
    }
}

#[test]
fn an_enum_of_the_wrong_type_is_one_fault() {
    let schema = json!({"type": "string", "enum": ["en", "de"]});
    assert_eq!(
        of_x(schema, json!(1)),
        [r#"/x: is not one of "en" or "de""#]
    );
}

#[test]
fn an_optional_value_has_the_faults_of_the_value() {
    let schema = json!({"anyOf": [
        {"type": "object", "properties": {"from": {"type": "integer"}}, "required": ["from"]},
        {"type": "null"},
    ]});
    assert_eq!(
        of_x(schema.clone(), json!({"from": "x"})),
        ["/x/from: is a string, expected an integer"]
    );
    assert_eq!(of_x(schema.clone(), json!({})), ["/x/from: is required"]);
    assert_eq!(
        of_x(schema, json!(1)),
        ["/x: is the number 1, expected an object or null"]
    );
}

#[test]
fn a_documented_enum_lists_its_values() {
    let schema = json!({"oneOf": [
        {"type": "string", "enum": ["fr"]},
        {"type": "string", "const": "en", "description": "English"},
        {"type": "string", "const": "de", "description": "German"},
    ]});
    assert_eq!(
        of_x(schema.clone(), json!("it")),
        [r#"/x: is not one of "fr", "en" or "de""#]
    );
    let optional = json!({"anyOf": [schema, {"type": "null"}]});
    assert_eq!(
        of_x(optional, json!("it")),
        [r#"/x: is not one of "fr", "en" or "de""#]
    );
}

fn shapes() -> Value {
    json!({"oneOf": [
        {"type": "object", "required": ["kind", "r"], "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}},
        {"type": "object", "required": ["kind", "a"], "properties": {"kind": {"const": "square"}, "a": {"type": "number"}}},
    ]})
}

#[test]
fn of_a_tagged_enum_the_variant_named_by_the_tag_is_meant() {
    assert_eq!(
        of_x(shapes(), json!({"kind": "square", "r": 1})),
        ["/x/a: is required"]
    );
    assert_eq!(
        of_x(shapes(), json!({"kind": "circle", "r": "1"})),
        ["/x/r: is a string, expected a number"]
    );
}

#[test]
fn an_unknown_or_missing_tag_is_the_fault() {
    assert_eq!(
        of_x(shapes(), json!({"kind": "line", "r": 1})),
        [r#"/x/kind: is not one of "circle" or "square""#]
    );
    assert_eq!(of_x(shapes(), json!({"r": 1})), ["/x/kind: is required"]);
}

#[test]
fn of_an_externally_tagged_enum_the_variant_named_by_the_property_is_meant() {
    let variant = |name: &str| {
        json!({
            "type": "object", "required": [name], "additionalProperties": false,
            "properties": {name: {"type": "number"}},
        })
    };
    let schema = json!({"oneOf": [variant("circle"), variant("square"), {"const": "none"}]});
    assert_eq!(
        of_x(schema.clone(), json!({"square": "x"})),
        ["/x/square: is a string, expected a number"]
    );
    assert_eq!(
        of_x(schema, json!({"line": 1})),
        ["/x: must have one of the properties `circle` or `square`"]
    );
}

#[test]
fn where_no_alternative_is_closer_the_whole_is_the_fault() {
    let schema = json!({"anyOf": [{"minimum": 10}, {"multipleOf": 5}]});
    assert_eq!(
        of_x(schema, json!(7)),
        ["/x: fits none of its 2 alternatives"]
    );
}

#[test]
fn strings_are_never_quoted_back() {
    let secret = "hunter2-hunter2";
    for schema in [
        json!({"type": "integer"}),
        json!({"enum": ["a"]}),
        json!({"pattern": "^a$"}),
        json!({"maxLength": 2}),
        json!({"format": "uuid"}),
        json!({"anyOf": [{"const": "a"}, {"pattern": "^b$"}]}),
    ] {
        assert!(!of_x(schema, json!(secret)).concat().contains(secret));
    }
}

#[test]
fn faults_are_bounded_in_number() {
    let schema = json!({"items": {"type": "string"}});
    let list = of_x(schema, vec![0; 1000].into());
    assert_eq!(list.len(), 32);
    assert_eq!(list.last().unwrap(), "arguments: have 969 more faults");
}

#[test]
fn a_huge_unknown_name_is_not_sent_back() {
    let schema = json!({"type": "object", "additionalProperties": false});
    let list = faults(&schema, &json!({"x".repeat(1 << 20): 1}));
    assert_eq!(list, ["arguments: is unknown, nothing is expected here"]);
}

#[test]
fn of_a_huge_call_no_single_fault_is_looked_for() {
    let list = of_x(
        json!({"items": {"type": "string"}}),
        vec![0; MAX_EXPLAINED].into(),
    );
    assert_eq!(list.len(), 1);
    assert!(
        list[0].starts_with("arguments: do not fit the input schema"),
        "{list:?}"
    );
}

#[test]
fn a_schema_that_cannot_be_used_is_the_tools_fault() {
    for schema in [
        json!({"type": "nonsense"}),
        json!({"pattern": "("}),
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
    ] {
        let validator = Validator::default();
        assert!(validator.check(&schema).is_err());
        let refused = validator.validate(&schema, Map::new());
        assert!(matches!(refused, Err(Refusal::Schema(_))), "{schema}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/~]{0,3}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    // Names of the schema below, and others.
    let name = prop_oneof!["[a-f]", Just("kind".to_owned()), any::<String>()];
    prop::collection::btree_map(name, inner, 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn busy_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["a", "b"],
        "properties": {
            "a": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/tree"}},
            "b": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "c": shapes(),
            "d": {"type": "object", "patternProperties": {"^a": {"type": "null"}}, "propertyNames": {"maxLength": 2}},
            "e": {"oneOf": [{"minimum": 0}, {"maximum": 9}, {"enum": ["x"]}]},
            "f": {"type": ["string", "integer"], "minLength": 3, "pattern": "^[a-z]*$", "minimum": 3},
        },
        "$defs": {"tree": {"anyOf": [{"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}, {"type": "boolean"}]}},
    })
}

proptest! {
    #[test]
    fn whatever_is_sent_is_either_fitting_or_faulted_in_places_that_exist(arguments in object(any_json())) {
        let schema = busy_schema();
        let validator = Validator::default();
        let sent = arguments.as_object().unwrap().clone();
        if let Err(refusal) = validator.validate(&schema, sent) {
            let Refusal::Arguments(InvalidArguments { faults }) = refusal else {
                panic!("{refusal:?}")
            };
            prop_assert!((1..=32).contains(&faults.len()));
            for fault in faults {
                let parent = fault.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                prop_assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'));
                prop_assert!(arguments.pointer(parent).is_some(), "{}", fault);
                prop_assert!(fault.message.chars().count() <= 200 && !fault.message.is_empty());
            }
        }
    }
}
