//! How single parameters are taken and described.
#![allow(clippy::unwrap_used)]

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::*;
use crate::tool::StateMap;

fn input(arguments: &Value) -> Input {
    Input {
        arguments: arguments.as_object().unwrap().clone(),
        context: ToolContext::detached("scout"),
        state: StateMap::default(),
        faults: Vec::new(),
    }
}

fn pointers(input: &Input) -> Vec<&str> {
    input.faults.iter().map(|f| f.pointer.as_str()).collect()
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

const NUMBER: Param<u8> = Param::new("n", "How many", <u8 as ToolParam>::VTABLE);
const MAYBE: Param<Option<u8>> = Param::new("n", "", <Option<u8> as ToolParam>::VTABLE);

#[test]
fn an_argument_is_decoded_and_taken_away() {
    let mut input = input(&json!({"n": 7, "m": 1}));
    assert_eq!(NUMBER.take(&mut input), Some(7));
    assert_eq!(Value::Object(input.arguments), json!({"m": 1}));
}

#[test]
fn a_bad_or_absent_argument_is_a_fault_at_its_pointer() {
    let mut bad = input(&json!({"n": "seven"}));
    assert_eq!(NUMBER.take(&mut bad), None);
    assert_eq!(pointers(&bad), ["/n"]);

    let mut absent = input(&json!({}));
    assert_eq!(NUMBER.take(&mut absent), None);
    assert_eq!(absent.faults[0].message, "is required");
}

#[test]
fn pointers_escape_the_name() {
    const P: Param<u8> = Param::new("a/b~c", "", <u8 as ToolParam>::VTABLE);
    let mut input = input(&json!({}));
    P.take(&mut input);
    assert_eq!(pointers(&input), ["/a~1b~0c"]);
}

#[test]
fn an_option_is_optional_and_a_default_makes_optional() {
    assert_eq!(MAYBE.take(&mut input(&json!({}))), Some(None));
    assert!(!MAYBE.meta().is_required());
    assert!(NUMBER.meta().is_required());
    let with_default = NUMBER.default(|| 3);
    assert_eq!(with_default.take(&mut input(&json!({}))), Some(3));
    assert!(!with_default.meta().is_required());
}

#[test]
fn a_custom_decoder_makes_even_an_option_required_as_in_serde() {
    let custom = MAYBE.with(|value| Ok(value.as_u64().map(|n| n as u8 + 1)));
    assert_eq!(custom.take(&mut input(&json!({"n": 1}))), Some(Some(2)));
    assert_eq!(custom.take(&mut input(&json!({}))), None);
    assert!(custom.meta().is_required());
}

#[test]
fn state_is_found_by_type_and_is_no_argument() {
    const STATE: Param<State<String>> = Param::new("s", "", <State<String> as ToolParam>::VTABLE);
    let mut given = input(&json!({"s": 1}));
    given.state.insert("shared".to_owned());
    assert_eq!(STATE.take(&mut given).unwrap().as_str(), "shared");
    assert!(given.arguments.contains_key("s"));
    assert_eq!(STATE.take(&mut input(&json!({}))).map(|s| s.0), None);

    let meta = STATE.meta();
    assert!(meta.schema(&mut generator()).is_none());
    assert_eq!(meta.state().unwrap().type_id, TypeId::of::<String>());
}

#[test]
fn the_context_is_no_argument() {
    const CONTEXT: Param<ToolContext> = Param::new("ctx", "", <ToolContext as ToolParam>::VTABLE);
    let context = CONTEXT.take(&mut input(&json!({}))).unwrap();
    assert_eq!(context.caller().name(), "scout");
    assert!(CONTEXT.meta().schema(&mut generator()).is_none());
}

#[test]
fn schemars_attributes_are_laid_over_the_schema() {
    #[derive(schemars::JsonSchema)]
    struct Carrier {
        #[schemars(range(min = 1, max = 9))]
        #[expect(dead_code, reason = "read by the derive")]
        n: constrain::Hole,
    }
    let limited = NUMBER.schemars(|g| constrain::Constrain::<Carrier>::NEW.schema(g));
    let schema = limited.meta().schema(&mut generator()).unwrap();
    assert_eq!(schema.get("maximum"), Some(&json!(9)));
    assert_eq!(schema.get("type"), Some(&json!("integer")));
}

#[test]
fn an_alias_stands_for_the_name_unless_both_are_given() {
    let params = [NUMBER.aliases(&["count", "number"]).meta()];
    let unaliased = |value: Value| {
        let mut arguments: Map<String, Value> = value.as_object().unwrap().clone();
        unalias(&params, &mut arguments);
        Value::Object(arguments)
    };
    assert_eq!(unaliased(json!({"number": 1})), json!({"n": 1}));
    assert_eq!(
        unaliased(json!({"n": 1, "count": 2})),
        json!({"n": 1, "count": 2})
    );
    assert_eq!(unaliased(json!({"m": 1})), json!({"m": 1}));
}
