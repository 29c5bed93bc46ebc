//! Tools of another crate belong to every program that names that crate.

use anyhow::Result;
use mcp_mqtt::tool::Registry;
use mcp_mqtt_tests_second as _;
use serde_json::json;

use crate::world::{Broker, Kind, on_each_broker};

on_each_broker![tools_of_another_crate_are_served];

async fn tools_of_another_crate_are_served(kind: Kind) -> Result<()> {
    let registry = Registry::linked()?.module("mcp_mqtt_tests_second");
    let tools: Vec<_> = registry
        .iter()
        .map(|tool| (tool.name(), tool.module()))
        .collect();
    assert_eq!(
        tools,
        [
            ("double", "mcp_mqtt_tests_second"),
            ("halve", "mcp_mqtt_tests_second::inner"),
        ]
    );
    let broker = Broker::open(kind).await?;
    let server = broker.server(registry)?.build()?.start().await?;
    let scout = broker.client("scout").await?;
    assert_eq!(scout.call("double", json!({"n": 4})).await?, 8);
    assert_eq!(scout.call("halve", json!({"n": 4})).await?, 2);
    Ok(server.stop().await?)
}
