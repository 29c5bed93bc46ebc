//! Which handling a result type gets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::future::ready;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::*;

async fn run<R: Send + 'static>(value: R, returns: Return<R>) -> Result<Value, ToolError> {
    Ok(boxed(ready(value), returns).await?.value())
}

fn schema<R>(returns: &Return<R>) -> Option<Value> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    returns.schema(&mut generator).map(Schema::to_value)
}

#[tokio::test]
async fn a_plain_value_is_written_as_json() {
    let returns = Probe::<u8>::NEW.returns();
    assert_eq!(schema(&returns).unwrap()["type"], "integer");
    assert_eq!(run(7, returns).await.unwrap(), json!(7));
}

#[tokio::test]
async fn unit_is_null_and_has_no_schema() {
    assert_eq!(schema(&Probe::<()>::NEW.returns()), None);
    assert_eq!(schema(&Probe::<Result<(), String>>::NEW.returns()), None);
    assert_eq!(
        run((), Probe::<()>::NEW.returns()).await.unwrap(),
        Value::Null
    );
}

#[tokio::test]
async fn a_result_has_the_schema_of_its_value_and_fails_with_its_error() {
    type Outcome = Result<u8, std::num::ParseIntError>;
    let returns = Probe::<Outcome>::NEW.returns();
    assert_eq!(schema(&returns).unwrap()["type"], "integer");
    assert_eq!(run("7".parse(), returns).await.unwrap(), json!(7));
    let error = run("x".parse(), Probe::<Outcome>::NEW.returns()).await;
    assert_eq!(
        error.unwrap_err().message(),
        "invalid digit found in string"
    );
}

#[tokio::test]
async fn a_tool_error_keeps_its_code() {
    let failed: Result<(), ToolError> = Err(ToolError::new("gone").code("not_found"));
    let error = run(failed, Probe::<Result<(), ToolError>>::NEW.returns())
        .await
        .unwrap_err();
    assert_eq!(error.code_str(), Some("not_found"));
}

#[tokio::test]
async fn a_result_that_json_cannot_hold_is_an_error_without_internals() {
    let pairs = BTreeMap::from([((1, 2), 3)]);
    let error = ToolOutput::encode(Wrapper(pairs)).unwrap_err();
    assert_eq!(
        error.message(),
        "the result of the tool cannot be written as JSON"
    );
}

/// A map whose keys are no strings, with a schema that does not care.
#[derive(Serialize, JsonSchema)]
struct Wrapper(#[schemars(with = "Value")] BTreeMap<(u8, u8), u8>);
