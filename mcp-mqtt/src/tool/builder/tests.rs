//! Tools made by hand, from the builder to the result of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::json;

use super::super::Tool;
use super::*;
use crate::grammar::NameFault;

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: u32,
    b: u32,
}

fn add() -> ToolBuilder {
    Tool::builder("add").handler(|Add { a, b }, _: ToolContext| async move {
        a.checked_add(b).ok_or("the sum is too large")
    })
}

fn invoke(tool: &Tool, arguments: Value) -> Result<ToolFuture, InvalidArguments> {
    let arguments = arguments.as_object().unwrap().clone();
    let context = ToolContext::detached("scout");
    tool.invoke(arguments, context, &StateMap::default())
}

async fn call(tool: &Tool, arguments: Value) -> Result<Value, ToolError> {
    Ok(invoke(tool, arguments).unwrap().await?.value())
}

fn faults(tool: &Tool, arguments: Value) -> Vec<String> {
    let invalid = invoke(tool, arguments).err().unwrap();
    invalid.faults.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_typed_tool_decodes_runs_and_encodes() {
    let tool = add().build().unwrap();
    assert_eq!(call(&tool, json!({"a": 1, "b": 2})).await.unwrap(), 3);
    let error = call(&tool, json!({"a": u32::MAX, "b": 1})).await;
    assert_eq!(error.unwrap_err().message(), "the sum is too large");
}

#[test]
fn its_schemas_come_from_its_types() {
    let tool = add().build().unwrap();
    assert_eq!(tool.input_schema()["required"], json!(["a", "b"]));
    assert_eq!(tool.input_schema()["additionalProperties"], json!(false));
    assert_eq!(
        tool.output_schema(),
        Some(&json!({"type": "integer", "minimum": 0}))
    );
}

#[test]
fn its_handler_never_sees_arguments_that_do_not_fit() {
    let ran = Arc::new(AtomicUsize::new(0));
    let tool = Tool::builder("count")
        .handler({
            let ran = ran.clone();
            move |_: Add, _| {
                ran.fetch_add(1, Ordering::Relaxed);
                async { Ok::<_, String>(()) }
            }
        })
        .build()
        .unwrap();
    for arguments in [
        json!({}),
        json!({"a": 1, "b": -2}),
        json!({"a": 1, "b": 2, "c": 3}),
        json!({"a": 1, "b": 5_000_000_000_u64}), // fits the schema, not the type
    ] {
        assert!(invoke(&tool, arguments).is_err());
    }
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    assert_eq!(
        faults(&tool, json!({"a": 1, "b": 5_000_000_000_u64})),
        ["arguments: invalid value: integer `5000000000`, expected u32"]
    );
}

#[tokio::test]
async fn unit_is_no_arguments_and_no_result() {
    let tool = Tool::builder("nothing")
        .handler(|(): (), _| async { Ok::<_, String>(()) })
        .build()
        .unwrap();
    assert_eq!(call(&tool, json!({})).await.unwrap(), Value::Null);
    assert_eq!(faults(&tool, json!({"a": 1})).len(), 1);
    assert_eq!(tool.output_schema(), None);
}

#[tokio::test]
async fn a_raw_tool_gets_json_that_fits_its_schema() {
    let tool = Tool::builder("echo")
        .input_schema(json!({"type": "object", "required": ["a"]}))
        .raw_handler(|arguments, _| async move { Ok::<_, String>(arguments.into()) })
        .build()
        .unwrap();
    let arguments = json!({"a": 1, "more": [2]});
    assert_eq!(call(&tool, arguments.clone()).await.unwrap(), arguments);
    assert_eq!(faults(&tool, json!({})), ["/a: is required"]);
}

#[tokio::test]
async fn a_result_that_is_no_json_is_the_tools_error() {
    let tool = Tool::builder("pairs")
        .handler(|(): (), _| async {
            Ok::<_, String>(std::collections::BTreeMap::from([(vec![1], 2)]))
        })
        .build()
        .unwrap();
    let error = call(&tool, json!({})).await.unwrap_err();
    assert_eq!(error.message(), "the result has no JSON form");
}

#[test]
fn what_is_said_of_it_can_be_read_back() {
    let hints = Hints {
        read_only: Some(true),
        ..Hints::default()
    };
    let tool = add()
        .title("Add")
        .description("Adds.")
        .version("2")
        .allowed_callers(["scout"])
        .streaming()
        .timeout(Duration::from_secs(1))
        .hints(hints)
        .build()
        .unwrap();
    assert_eq!((tool.name(), tool.title()), ("add", Some("Add")));
    assert_eq!((tool.description(), tool.version()), ("Adds.", Some("2")));
    assert_eq!(tool.allowed_callers(), Some(&["scout".to_owned()][..]));
    assert!(tool.allows("scout") && !tool.allows("mallory"));
    assert!(tool.is_streaming());
    assert_eq!(tool.timeout(), Some(Duration::from_secs(1)));
    assert_eq!(tool.hints(), hints);
    assert_eq!((tool.source(), tool.module()), (None, ""));
}

#[test]
fn without_a_list_everybody_may_call_and_with_an_empty_one_nobody() {
    assert!(add().build().unwrap().allows("anyone"));
    let nobody: [&str; 0] = [];
    let closed = add().allowed_callers(nobody).build().unwrap();
    assert!(!closed.allows("anyone"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let error = Tool::builder("a b")
        .allowed_callers(["scout", "scout", "all/", "@", "@all"])
        .timeout(Duration::ZERO)
        .concurrency(0)
        .output_schema(json!({"type": "nonsense"}))
        .build()
        .unwrap_err();
    assert!(matches!(
        error.faults.as_slice(),
        [
            ToolFault::Name(NameFault::Character(' ')),
            ToolFault::DuplicateCaller(_),
            ToolFault::Caller { .. },
            ToolFault::Group { .. },
            ToolFault::ZeroTimeout,
            ToolFault::ZeroConcurrency,
            ToolFault::NotAnObject,
            ToolFault::OutputSchema(_),
            ToolFault::NoHandler,
        ]
    ));
    assert!(
        error
            .to_string()
            .starts_with("tool `a b`: its name contains a space")
    );
    assert_eq!(error.to_string().lines().count(), 9);
}

#[test]
fn arguments_must_be_named_and_their_schema_valid() {
    let list = Tool::builder("x").handler(|_: Vec<u8>, _| async { Ok::<_, String>(()) });
    assert_eq!(list.build().unwrap_err().faults, [ToolFault::NotAnObject]);
    let broken = add().input_schema(json!({"type": "object", "required": 1}));
    let faults = broken.build().unwrap_err().faults;
    assert!(
        matches!(faults.as_slice(), [ToolFault::InputSchema(why)] if why.starts_with("/required"))
    );
}
