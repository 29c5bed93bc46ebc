//! The work a call can cost, whatever is sent: it grows with the size, not with a power of the depth.
//!
//! Time is only compared with a limit that no machine needs, where trying all alternatives would
//! take longer than anybody waits.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::tool::schema::of_arguments;
use crate::tool::{StateMap, Tool, ToolContext};

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Internal {
    And { args: Vec<Internal> },
    Or { args: Vec<Internal> },
    Not { arg: Option<Box<Internal>> },
    Eq { value: String },
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "op", content = "of", rename_all = "snake_case")]
enum Adjacent {
    Or(Vec<Adjacent>),
    Not(Box<Adjacent>),
    Eq { value: String },
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum External {
    Or(Vec<External>),
    Not(Box<External>),
    Eq { value: String },
    Nothing,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    A { a: u8, child: Box<Untagged> },
    B { b: u8, child: Box<Untagged> },
    Leaf(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Anything {
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Anything>),
    Map(BTreeMap<String, Anything>),
}

#[derive(Deserialize, JsonSchema)]
struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    value: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Arguments<T> {
    x: T,
}

/// What a call of a tool that takes a `T` ends in, where it ends within a minute.
fn call<T: JsonSchema + DeserializeOwned + 'static>(x: Value) -> Result<(), String> {
    let tool = Tool::builder("t")
        .handler(|_: Arguments<T>, _: ToolContext| async { Ok::<_, String>(1) })
        .build()
        .unwrap();
    in_time(move || invoke(&tool, x))
}

fn call_with(schema: Value, x: Value) -> Result<(), String> {
    let tool = Tool::builder("t")
        .input_schema(json!({"type": "object", "properties": {"x": schema}}))
        .raw_handler(|_, _| async { Ok::<_, String>(Value::Null) })
        .build()
        .unwrap();
    in_time(move || invoke(&tool, x))
}

fn invoke(tool: &Tool, x: Value) -> Result<(), String> {
    let arguments = [("x".to_owned(), x)].into_iter().collect();
    let running = tool.invoke(arguments, ToolContext::detached("a"), &StateMap::default());
    running.map(drop).map_err(|invalid| invalid.to_string())
}

fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    waiting.recv_timeout(Duration::from_secs(60)).unwrap()
}

fn nested(levels: usize, leaf: Value, level: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(leaf, |inner, _| level(inner))
}

#[test]
fn an_internally_tagged_type_is_checked_and_explained_at_any_depth() {
    let x = |levels, leaf| nested(levels, leaf, |inner| json!({"op": "and", "args": [inner]}));
    let good = json!({"op": "eq", "value": "a"});
    assert_eq!(call::<Internal>(x(60, good)), Ok(()));
    // Beyond thirty levels, the pointer of a fault is cut.
    let bad = json!({"op": "eq", "value": 1});
    let place = format!("/x{}/value", "/args/0".repeat(20));
    let expected = format!("{place}: is the number 1, expected a string");
    assert_eq!(call::<Internal>(x(20, bad.clone())), Err(expected));
    let fault = call::<Internal>(x(60, bad)).unwrap_err();
    assert!(
        fault.ends_with(": is the number 1, expected a string"),
        "{fault}"
    );
}

#[test]
fn an_optional_tagged_type_is_explained_too() {
    let x = nested(
        30,
        json!({"op": "equal"}),
        |inner| json!({"op": "not", "arg": inner}),
    );
    let fault = call::<Internal>(x).unwrap_err();
    assert!(
        fault.ends_with(r#"/arg/op: is not one of "and", "or", "not" or "eq""#),
        "{fault}"
    );
}

#[test]
fn an_adjacently_tagged_type_is_checked_and_explained_at_any_depth() {
    let x = |leaf| nested(50, leaf, |inner| json!({"op": "or", "of": [inner]}));
    let good = json!({"op": "eq", "of": {"value": "a"}});
    assert_eq!(call::<Adjacent>(x(good)), Ok(()));
    let fault = call::<Adjacent>(x(json!({"op": "eq"}))).unwrap_err();
    assert!(fault.ends_with("/0/of: is required"), "{fault}");
}

#[test]
fn an_externally_tagged_type_is_checked_at_any_depth_and_explained_at_usual_ones() {
    let x = |depth, leaf| nested(depth, leaf, |inner| json!({"not": inner}));
    assert_eq!(call::<External>(x(110, json!("nothing"))), Ok(()));
    let fault = call::<External>(x(16, json!({"eq": {}}))).unwrap_err();
    assert!(fault.ends_with("/not/eq/value: is required"), "{fault}");
    let fault = call::<External>(x(110, json!({"eq": {}}))).unwrap_err();
    assert_eq!(fault, format!("arguments: {TOO_LARGE}"));
}

#[test]
fn a_recursive_struct_is_checked_at_any_depth_and_explained_at_usual_ones() {
    let x = |depth, value: i32| {
        nested(
            depth,
            json!({"value": value}),
            |inner| json!({"left": inner, "value": 1}),
        )
    };
    assert_eq!(call::<Tree>(x(110, 1)), Ok(()));
    let fault = call::<Tree>(x(30, -1)).unwrap_err();
    assert!(
        fault.ends_with("/value: -1 is less than the minimum of 0"),
        "{fault}"
    );
}

#[test]
fn an_untagged_type_is_refused_where_decoding_it_would_not_end() {
    let x = |depth, leaf: Value| nested(depth, leaf, |inner| json!({"b": 1, "child": inner}));
    assert_eq!(call::<Untagged>(x(10, json!("a"))), Ok(()));
    let fault = call::<Untagged>(x(6, json!(1))).unwrap_err();
    assert!(
        fault.ends_with("/child: is the number 1, expected an object or a string"),
        "{fault}"
    );
    for leaf in [json!("a"), json!(1)] {
        for depth in [22, 100] {
            let fault = call::<Untagged>(x(depth, leaf.clone())).unwrap_err();
            assert_eq!(fault, format!("arguments: {TOO_DEEP}"));
        }
    }
}

#[test]
fn many_values_and_long_ones_are_no_reason_to_refuse() {
    let wide = Value::from(vec![json!({"a": [1, "b", [], true]}); 2000]);
    assert_eq!(call::<Anything>(wide), Ok(()));
    let text = json!({"a": "x".repeat(1 << 20)});
    assert_eq!(call::<Anything>(text), Ok(()));
    let filters = vec![json!({"op": "eq", "value": "a"}); 2000];
    assert_eq!(
        call::<Internal>(json!({"op": "and", "args": filters})),
        Ok(())
    );
}

#[test]
fn schemas_by_hand_are_bounded_however_they_refer() {
    let deep = nested(100, json!(1), |inner| json!([inner]));
    for (target, extra) in [
        ("#/properties/x", json!({})),
        ("#x", json!({"$anchor": "x"})),
    ] {
        let mut schema = json!({"anyOf": [
            {"type": "array", "items": {"$ref": target}, "maxItems": 3},
            {"type": "array", "items": {"$ref": target}, "maxItems": 4},
            {"type": "string"},
        ]});
        let (map, extra) = (schema.as_object_mut().unwrap(), extra.as_object().unwrap());
        map.extend(extra.clone());
        let fault = call_with(schema.clone(), deep.clone()).unwrap_err();
        assert_eq!(fault, format!("arguments: {TOO_DEEP}"));
        assert_eq!(call_with(schema, json!([["a"]])), Ok(()));
    }
}

#[test]
fn tagged_alternatives_may_be_referred_to_one_by_one() {
    let variant = |tag: &str, of: &str| {
        json!({
            "type": "object", "required": ["op"],
            "properties": {"op": {"const": tag}, "of": {"$ref": of}},
        })
    };
    let x = "#/properties/x";
    let schema = json!({"oneOf": [variant("a", x), variant("b", &format!("{x}/oneOf/0"))]});
    let good = json!({"op": "b", "of": {"op": "a", "of": {"op": "b"}}});
    assert_eq!(call_with(schema.clone(), good), Ok(()));
    let bad = json!({"op": "b", "of": {"op": "b"}});
    let fault = call_with(schema, bad).unwrap_err();
    assert_eq!(fault, r#"/x/of/op: is not "a""#);
}

#[test]
fn references_alone_do_not_make_a_schema_recursive() {
    let mut schema = json!({"$defs": {"a": {"minimum": 1}}, "$ref": "#/$defs/a"});
    assert!(Work::new(&schema).is_none());
    schema["$defs"]["a"]["items"] = json!({"$ref": "#/$defs/a"});
    assert!(Work::new(&schema).is_some());
    assert!(Work::new(&json!({"items": {"$ref": "#"}})).is_some());
}

#[test]
fn many_variants_are_no_reason_to_refuse() {
    let variant = |i| {
        json!({
            "type": "object", "required": ["op"],
            "properties": {"op": {"const": format!("v{i}")}, "of": {"$ref": "#/properties/x"}},
        })
    };
    let variants: Vec<_> = (0..80).map(variant).collect();
    let list = json!({"type": "array", "items": {"$ref": "#/properties/x"}});
    let schema = json!({"anyOf": [{"oneOf": variants}, list]});
    let x = vec![json!({"op": "v79"}); 5000];
    assert_eq!(call_with(schema, x.into()), Ok(()));
}

#[test]
fn looking_for_unevaluated_properties_is_bounded() {
    let part = json!({"properties": {"child": {"$ref": "#/properties/x"}}, "required": ["child"]});
    let leaf = json!({"properties": {"leaf": {"const": 1}}, "required": ["leaf"]});
    for parts in [json!({"allOf": [part]}), json!({"anyOf": [part, leaf]})] {
        let mut schema = json!({"type": ["object", "null"], "unevaluatedProperties": false});
        let (map, parts) = (schema.as_object_mut().unwrap(), parts.as_object().unwrap());
        map.extend(parts.clone());
        for leaf in [json!({"leaf": 1}), json!(2), json!(null), json!({"no": 1})] {
            let x = nested(60, leaf, |inner| json!({"child": inner}));
            drop(call_with(schema.clone(), x));
        }
    }
}

#[test]
fn a_definition_that_refers_to_itself_alone_is_no_trap() {
    let schema = json!({"allOf": [{"anyOf": [{"$ref": "#/properties/x"}, {"type": "array"}]}]});
    assert_eq!(call_with(schema, json!([1])), Ok(()));
}

#[test]
fn a_long_name_is_not_repeated_in_every_place_below_it() {
    let schema = json!({"additionalProperties": {"items": {"type": "string"}}});
    let x = json!({"k".repeat(1 << 21): vec![0; 15_000]});
    let fault = call_with(schema, x).unwrap_err();
    assert_eq!(fault, format!("arguments: {TOO_LARGE}"));
}

#[test]
fn many_values_with_two_faults_each_are_explained_in_one_pass() {
    let schema = json!({"items": {"type": "string", "enum": ["a", "b"]}});
    let fault = call_with(schema, vec![0; 15_000].into()).unwrap_err();
    assert!(fault.ends_with("have 14969 more faults"), "{fault}");
}

#[test]
fn many_unknown_names_are_counted() {
    let schema = json!({"type": "object", "additionalProperties": false});
    let x: Map<String, Value> = (0..15_000).map(|i| (i.to_string(), Value::Null)).collect();
    let fault = call_with(schema, x.into()).unwrap_err();
    assert!(fault.ends_with("have 14969 more faults"), "{fault}");
}

#[test]
fn patterns_take_time_linear_in_the_text() {
    let schema = json!({"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"});
    let fault = call_with(schema, "a".repeat(1 << 16).into()).unwrap_err();
    assert!(fault.starts_with("/x: does not match"), "{fault}");
}

#[test]
fn patterns_that_need_backtracking_are_the_tools_fault() {
    let reason = Validator::default()
        .check(&json!({"pattern": "^(?=.*a)b"}))
        .unwrap_err();
    assert!(reason.contains("look-around"), "{reason}");
}

#[test]
fn large_arrays_of_different_items_are_compared_by_hash() {
    let x: Value = (0..100_000).map(|i| json!([i, "a"])).collect();
    assert_eq!(call_with(json!({"uniqueItems": true}), x), Ok(()));
}

#[test]
fn extreme_numbers_are_checked_like_others() {
    let schema = json!({"type": "number", "multipleOf": 0.01});
    for x in [f64::MAX, f64::MIN_POSITIVE, -0.0, 1e-300] {
        drop(call_with(schema.clone(), json!(x)));
    }
    assert!(serde_json::from_str::<Value>("1e400").is_err());
}

fn filter() -> impl Strategy<Value = Value> {
    let op = || prop_oneof![Just("and"), Just("or"), Just("not"), Just("eq"), Just("?")];
    let leaf = prop_oneof![
        Just(json!("a")),
        Just(json!(1)),
        op().prop_map(|op| json!({"op": op, "value": "a"})),
        op().prop_map(|op| json!({ "op": op })),
    ];
    leaf.prop_recursive(4, 16, 3, move |inner| {
        let args = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            (op(), args.clone()).prop_map(|(op, args)| json!({"op": op, "args": args})),
            (op(), inner).prop_map(|(op, arg)| json!({"op": op, "arg": arg})),
            args.prop_map(|args| json!({ "args": args })),
        ]
    })
}

proptest! {
    #[test]
    fn looking_at_the_tag_first_accepts_the_same_values(x in filter()) {
        let schema = of_arguments::<Arguments<Internal>>();
        let mut rewritten = schema.clone();
        tags::first(&mut rewritten);
        prop_assert_ne!(&schema, &rewritten);
        let x = json!({"x": x});
        prop_assert_eq!(
            jsonschema::is_valid(&schema, &x),
            jsonschema::is_valid(&rewritten, &x)
        );
    }
}
