//! What a caller is told about enums, with the schemas that schemars really derives for them.
#![allow(dead_code)]

use schemars::JsonSchema;
use serde_json::json;

use super::*;
use crate::tool::schema::of_arguments;

/// The faults of the one argument `x` of type `T`.
fn of_x<T: JsonSchema>(x: Value) -> Vec<String> {
    #[derive(JsonSchema)]
    struct Arguments<T> {
        x: T,
    }
    let schema = of_arguments::<Arguments<T>>();
    let arguments = json!({"x": x}).as_object().unwrap().clone();
    match Validator::default().validate(&schema, arguments) {
        Err(Refusal::Arguments(invalid)) => {
            invalid.faults.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[derive(JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Internal {
    /// Round.
    Circle {
        r: f64,
    },
    Square(Square),
    Point,
}

#[derive(JsonSchema)]
struct Square {
    a: f64,
}

#[derive(JsonSchema)]
#[serde(tag = "kind", content = "data", rename_all = "lowercase")]
enum Adjacent {
    Circle { r: f64 },
    Square(Square),
    Point,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum External {
    Circle { r: f64 },
    Square(Square),
    Point,
}

#[derive(JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Square(Square),
}

/// A tree.
#[derive(JsonSchema)]
struct Tree {
    left: Option<Box<Tree>>,
    value: u8,
}

fn expect<T: JsonSchema>(cases: &[(Value, &str)]) {
    for (x, expected) in cases {
        assert_eq!(of_x::<T>(x.clone()), [*expected], "for {x}");
    }
}

#[test]
fn an_internally_tagged_enum() {
    expect::<Internal>(&[
        (json!({"kind": "circle", "a": 1}), "/x/r: is required"),
        (
            json!({"kind": "square", "a": "1"}),
            "/x/a: is a string, expected a number",
        ),
        (
            json!({"kind": "line"}),
            r#"/x/kind: is not one of "circle", "square" or "point""#,
        ),
        (json!({"r": 1}), "/x/kind: is required"),
        (json!("circle"), "/x: is a string, expected an object"),
    ]);
    expect::<Option<Internal>>(&[
        (
            json!({"kind": "circle", "r": "1"}),
            "/x/r: is a string, expected a number",
        ),
        (
            json!({"kind": "line"}),
            r#"/x/kind: is not one of "circle", "square" or "point""#,
        ),
    ]);
    expect::<Vec<Internal>>(&[(
        json!([{"kind": "point"}, {"kind": "circle"}]),
        "/x/1/r: is required",
    )]);
}

#[test]
fn an_adjacently_tagged_enum() {
    expect::<Adjacent>(&[
        (
            json!({"kind": "circle", "data": {}}),
            "/x/data/r: is required",
        ),
        (json!({"kind": "square"}), "/x/data: is required"),
        (
            json!({"kind": "line"}),
            r#"/x/kind: is not one of "circle", "square" or "point""#,
        ),
    ]);
}

#[test]
fn an_externally_tagged_enum() {
    expect::<External>(&[
        (
            json!({"circle": {"r": "1"}}),
            "/x/circle/r: is a string, expected a number",
        ),
        (json!({"square": {}}), "/x/square/a: is required"),
        (
            json!({"line": {}}),
            "/x: must have one of the properties `circle` or `square`",
        ),
        (json!("line"), r#"/x: must be "point" or an object"#),
        (json!(1), r#"/x: must be "point" or an object"#),
    ]);
    expect::<Option<External>>(&[
        (json!({"circle": {}}), "/x/circle/r: is required"),
        (json!("line"), r#"/x: must be "point" or an object"#),
    ]);
}

#[test]
fn an_untagged_enum() {
    expect::<Untagged>(&[
        (json!({"a": "1"}), "/x/a: is a string, expected a number"),
        (
            json!("1"),
            "/x: is a string, expected a number or an object",
        ),
    ]);
}

#[test]
fn a_recursive_type() {
    expect::<Tree>(&[(
        json!({"value": 1, "left": {"value": 2, "left": {"value": 999}}}),
        "/x/left/left/value: 999 is greater than the maximum of 255",
    )]);
}
