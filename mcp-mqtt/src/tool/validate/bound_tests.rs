//! The time a call can cost, whatever is sent: it grows with the size, not with a power of the depth.
#![allow(dead_code)]
use super::*;
use crate::tool::{StateMap, Tool, ToolContext};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::time::Instant;

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Filter {
    And { args: Vec<Filter> },
    Or { args: Vec<Filter> },
    Not { arg: Option<Box<Filter>> },
    Eq { field: String, value: String },
}
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "op", content = "c", rename_all = "snake_case")]
enum Adj {
    And { args: Vec<Adj> },
    Or(Vec<Adj>),
    Not(Box<Adj>),
    Eq { field: String },
}
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Ext {
    And { args: Vec<Ext> },
    Or(Vec<Ext>),
    Not(Box<Ext>),
    Eq { field: String },
    Nothing,
}
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Node {
    A { child: Box<Node>, a: u8 },
    B { child: Box<Node>, b: u8 },
    Leaf(String),
}
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum AnyJson {
    Null(()),
    Bool(bool),
    Num(f64),
    Str(String),
    Arr(Vec<AnyJson>),
    Obj(std::collections::BTreeMap<String, AnyJson>),
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

fn tool<T: JsonSchema + serde::de::DeserializeOwned + Send + 'static>() -> Tool {
    Tool::builder("t")
        .handler(|_: Arguments<T>, _: ToolContext| async { Ok::<_, String>(1) })
        .build()
        .unwrap()
}
fn time(tool: &Tool, name: &str, x: Value) {
    let a = json!({"x": x});
    let size = a.to_string().len();
    let m = a.as_object().unwrap().clone();
    let t = Instant::now();
    let r = tool.invoke(m, ToolContext::detached("x"), &StateMap::default());
    let e = t.elapsed();
    println!(
        "{name}: {size} bytes ok {} {e:?} {}",
        r.is_ok(),
        r.err()
            .map(|e| e.to_string())
            .unwrap_or_default()
            .chars()
            .take(100)
            .collect::<String>()
    );
}
fn nest(n: usize, leaf: Value, f: impl Fn(Value) -> Value) -> Value {
    (0..n).fold(leaf, |v, _| f(v))
}

#[test]
fn explore() {
    let f = tool::<Filter>();
    for d in [16, 50] {
        time(
            &f,
            "filter bad",
            nest(
                d,
                json!({"op":"eq","field":"a","value":1}),
                |v| json!({"op":"and","args":[v]}),
            ),
        );
        time(
            &f,
            "filter good",
            nest(
                d,
                json!({"op":"eq","field":"a","value":"b"}),
                |v| json!({"op":"and","args":[v]}),
            ),
        );
        time(
            &f,
            "filter not bad",
            nest(
                d,
                json!({"op":"eq","field":"a","value":1}),
                |v| json!({"op":"not","arg":v}),
            ),
        );
        let g = tool::<Adj>();
        time(
            &g,
            "adj bad",
            nest(
                d,
                json!({"op":"eq","c":{"field":1}}),
                |v| json!({"op":"or","c":[v]}),
            ),
        );
        let g = tool::<Ext>();
        time(
            &g,
            "ext bad",
            nest(d, json!({"eq":{"field":1}}), |v| json!({"or":[v]})),
        );
        time(
            &g,
            "ext bad",
            nest(d, json!({"nope":{"field":1}}), |v| json!({"or":[v]})),
        );
        time(
            &g,
            "ext both",
            nest(
                d,
                json!({"eq":{"field":1}}),
                |v| json!({"or":[v], "not": 1}),
            ),
        );
        let g = tool::<Tree>();
        time(
            &g,
            "tree bad",
            nest(d, json!({"value": 1000}), |v| json!({"left":v,"value":1})),
        );
    }
    let g = tool::<Node>();
    for d in [4, 8, 10, 11, 12, 13, 14, 15, 16, 22, 120] {
        time(
            &g,
            &format!("untagged good {d}"),
            nest(d, json!("x"), |v| json!({"b":1,"child":v})),
        );
        time(
            &g,
            &format!("untagged bad {d}"),
            nest(d, json!(1), |v| json!({"b":1,"child":v})),
        );
    }
    for (name, kib) in [("64K", 16), ("4M", 1024)] {
        let many = |v: Value| Value::Array(vec![v; kib * 64]);
        time(
            &f,
            &format!("{name} filter wide good"),
            json!({"op":"and","args": vec![json!({"op":"eq","field":"a","value":"b"}); kib * 100]}),
        );
        time(
            &f,
            &format!("{name} filter wide bad"),
            json!({"op":"and","args": vec![json!({"op":"eq","field":"a","value":1}); kib * 100]}),
        );
        time(
            &f,
            &format!("{name} filter wide deep bad"),
            json!({"op":"and","args": vec![nest(40, json!({"op":"eq","field":"a","value":1}), |v| json!({"op":"not","arg":v})); kib * 4]}),
        );
        let g = tool::<AnyJson>();
        time(
            &g,
            &format!("{name} json wide"),
            Value::Array(vec![json!(1); kib * 2000]),
        );
        time(
            &g,
            &format!("{name} json empties"),
            Value::Array(vec![json!([[], [], []]); kib * 400]),
        );
        time(
            &g,
            &format!("{name} json deep"),
            nest(30, many(json!([[1], [2]])), |v| json!([v])),
        );
        time(
            &g,
            &format!("{name} json deep40 many"),
            Value::Array(vec![nest(40, json!(1), |v| json!([v])); kib * 40]),
        );
        let g = tool::<Node>();
        time(
            &g,
            &format!("{name} untagged wide"),
            nest(
                9,
                json!("x".repeat(kib * 4000)),
                |v| json!({"b":1,"child":v}),
            ),
        );
        let g = tool::<Vec<Node>>();
        time(
            &g,
            &format!("{name} vec untagged"),
            Value::Array(vec![
                nest(4, json!("x"), |v| json!({"b":1,"child":v}));
                kib * 40
            ]),
        );
        let g = tool::<Vec<u8>>();
        time(
            &g,
            &format!("{name} plain bad"),
            Value::Array(vec![json!("x"); kib * 1000]),
        );
        time(
            &g,
            &format!("{name} plain good"),
            Value::Array(vec![json!(1); kib * 2000]),
        );
    }
}
