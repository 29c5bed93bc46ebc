//! Definitions as an expansion writes them, as tools.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::tool::output::{PlainReturn as _, Probe, Return, boxed};
use crate::tool::param::{Param, ToolParam};
use crate::tool::{State, ToolError};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    En,
    De,
}

#[derive(Serialize, schemars::JsonSchema)]
struct Greeting {
    text: String,
}

async fn greet(
    name: String,
    language: Option<Language>,
    times: u8,
    ctx: ToolContext,
    state: State<String>,
) -> Greeting {
    let hello = match language {
        Some(Language::De) => "Hallo",
        Some(Language::En) | None => "Hello",
    };
    let text = format!(
        "{hello} {name} x{times} ({}, {})",
        ctx.caller().name(),
        *state
    );
    Greeting { text }
}

const NAME: Param<String> =
    Param::new("name", "Whom to greet.\n", <String as ToolParam>::VTABLE).aliases(&["who"]);
const LANGUAGE: Param<Option<Language>> =
    Param::new("language", "", <Option<Language> as ToolParam>::VTABLE);
const TIMES: Param<u8> = Param::new("times", "", <u8 as ToolParam>::VTABLE).default(|| 3);
const CONTEXT: Param<ToolContext> = Param::new("ctx", "", <ToolContext as ToolParam>::VTABLE);
const STATE: Param<State<String>> = Param::new("s", "", <State<String> as ToolParam>::VTABLE);

fn returns() -> Return<Greeting> {
    Probe::<Greeting>::NEW.returns()
}

static GREET: ToolDef = ToolDef {
    name: "greet",
    description: "Greets a person.\n",
    allowed_callers: Some(&["scout"]),
    timeout_ms: Some(1500),
    module: "app::tools",
    file: "src/tools.rs",
    line: 4,
    params: &[
        NAME.meta(),
        LANGUAGE.meta(),
        TIMES.meta(),
        CONTEXT.meta(),
        STATE.meta(),
    ],
    output: |generator| returns().schema(generator),
    call: |input| {
        let taken = (
            NAME.take(input),
            LANGUAGE.take(input),
            TIMES.take(input),
            CONTEXT.take(input),
            STATE.take(input),
        );
        let (Some(name), Some(language), Some(times), Some(ctx), Some(state)) = taken else {
            return None;
        };
        Some(boxed(greet(name, language, times, ctx, state), returns()))
    },
    ..ToolDef::BLANK
};

fn invoke(arguments: Value) -> Result<ToolFuture, InvalidArguments> {
    let mut state = StateMap::default();
    state.insert("state".to_owned());
    let arguments = arguments.as_object().unwrap().clone();
    tool(&GREET).invoke(arguments, ToolContext::detached("scout"), &state)
}

async fn text(arguments: Value) -> Result<Value, ToolError> {
    let mut greeting = invoke(arguments).unwrap().await?.value();
    Ok(greeting["text"].take())
}

#[test]
fn the_annotation_is_read_back() {
    let tool = tool(&GREET);
    assert_eq!(
        (tool.name(), tool.description()),
        ("greet", "Greets a person.")
    );
    assert_eq!(tool.timeout(), Some(Duration::from_millis(1500)));
    assert_eq!(
        (tool.source(), tool.module()),
        (Some(("src/tools.rs", 4)), "app::tools")
    );
    assert!(tool.allows("scout") && !tool.allows("analyst"));
    let states: Vec<_> = tool.states().map(|need| need.type_name).collect();
    assert_eq!(states, ["alloc::string::String"]);
    tool.check_schema().unwrap();
}

#[test]
fn the_schemas_come_from_parameters_and_result() {
    let tool = tool(&GREET);
    assert_eq!(
        *tool.input_schema(),
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "description": "Whom to greet."},
                "language": {"type": ["string", "null"], "enum": ["en", "de", null]},
                "times": {"type": "integer", "minimum": 0, "maximum": 255},
            },
        })
    );
    assert_eq!(
        tool.output_schema(),
        Some(
            &json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})
        )
    );
}

#[tokio::test]
async fn absent_arguments_have_their_defaults() {
    assert_eq!(
        text(json!({"name": "Ann"})).await.unwrap(),
        "Hello Ann x3 (scout, state)"
    );
    let all = json!({"name": "Ann", "language": "de", "times": 1});
    assert_eq!(text(all).await.unwrap(), "Hallo Ann x1 (scout, state)");
}

#[tokio::test]
async fn an_alias_is_as_good_as_the_name() {
    assert_eq!(
        text(json!({"who": "Ann"})).await.unwrap(),
        "Hello Ann x3 (scout, state)"
    );
}

#[test]
fn arguments_that_do_not_fit_never_reach_the_function() {
    let faults = invoke(json!({"language": "fr", "times": 300, "ctx": 1}))
        .err()
        .unwrap()
        .faults;
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 4);
    for fault in [
        "/name: is required",
        r#"/language: is not one of "en", "de" or null"#,
        "/times: 300 is greater than the maximum of 255",
        "/ctx: is unknown, expected here are `language`, `name` and `times`",
    ] {
        assert!(faults.iter().any(|f| f == fault), "{fault} in {faults:?}");
    }
}

#[test]
fn what_the_schema_lets_through_and_the_type_does_not_is_a_fault_of_its_parameter() {
    const BIG: Param<u32> = Param::new("big", "", <u32 as ToolParam>::VTABLE);
    static DEF: ToolDef = ToolDef {
        name: "big",
        params: &[BIG.meta()],
        call: |input| {
            BIG.take(input)?;
            None
        },
        ..ToolDef::BLANK
    };
    let arguments = json!({"big": 5_000_000_000_u64})
        .as_object()
        .unwrap()
        .clone();
    let context = ToolContext::detached("scout");
    let invalid = tool(&DEF)
        .invoke(arguments, context, &StateMap::default())
        .err()
        .unwrap();
    assert_eq!(
        invalid.to_string(),
        "/big: invalid value: integer `5000000000`, expected u32"
    );
}
