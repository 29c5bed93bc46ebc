//! The reference client and the reference server with each other: proves that the peers we are
//! compared with work as such, before our side stands in for one of them.

use anyhow::Result;
use mcp_mqtt_tests::{Mosquitto, Npm, RawClient};
use serde_json::{Value, json};

const NAMESPACE: &str = "gtm/v1";

struct Pair {
    broker: Mosquitto,
    server: Npm,
    client: Npm,
}

async fn pair() -> Result<Pair> {
    let broker = Mosquitto::builder()
        .users(["npm-server", "scout", "witness"])
        .start()?;
    let server = Npm::start("server.mjs", settings(&broker, "npm-server", "calculator")).await?;
    let client = Npm::start("client.mjs", settings(&broker, "scout", "scout")).await?;
    Ok(Pair {
        broker,
        server,
        client,
    })
}

fn settings(broker: &Mosquitto, user: &str, name: &str) -> Value {
    json!({
        "url": broker.url(), "username": user, "password": user,
        "clientId": user, "name": name, "namespace": NAMESPACE,
    })
}

#[tokio::test]
async fn a_plain_call_returns_its_result_and_names_its_caller() -> Result<()> {
    let mut pair = pair().await?;
    let answer = pair
        .client
        .ask(json!({"do": "call", "tool": "add", "arguments": {"a": 2, "b": 40}}))
        .await?;
    assert_eq!(
        answer,
        json!({"ok": true, "result": {"sum": 42}, "partials": []})
    );
    let seen = pair.server.ask(json!({"do": "seen"})).await?;
    assert_eq!(
        seen["calls"],
        json!([{"tool": "add", "client": "scout", "arguments": {"a": 2, "b": 40}}])
    );
    pair.client.stop().await?;
    pair.server.stop().await
}

#[tokio::test]
async fn a_streamed_call_returns_its_partials_too() -> Result<()> {
    let mut pair = pair().await?;
    let call = json!({"do": "call", "tool": "count_to", "arguments": {"n": 3}, "stream": true});
    let answer = pair.client.ask(call).await?;
    let partials = json!(["counting", {"at": 1}, {"at": 2}, {"at": 3}]);
    assert_eq!(
        answer,
        json!({"ok": true, "result": 3, "partials": partials})
    );
    Ok(())
}

#[tokio::test]
async fn a_failing_call_is_a_tool_error() -> Result<()> {
    let mut pair = pair().await?;
    let answer = pair
        .client
        .ask(json!({"do": "call", "tool": "fail"}))
        .await?;
    let text = "MCP tool \"fail\" failed (tool_error): the tank is empty";
    assert_eq!(answer, json!({"ok": false, "error": text, "partials": []}));
    Ok(())
}

#[tokio::test]
async fn cards_are_found_by_name_and_by_wildcard() -> Result<()> {
    let mut pair = pair().await?;
    let card = pair
        .client
        .ask(json!({"do": "card", "tool": "add"}))
        .await?;
    assert_eq!(card["card"]["status"], "online");
    assert_eq!(card["card"]["version_info"]["tool"], "1.2.3");
    let tools = pair
        .client
        .ask(json!({"do": "cards", "of": "tools"}))
        .await?;
    assert_eq!(tools["cards"].as_array().map(Vec::len), Some(3));
    let servers = pair
        .client
        .ask(json!({"do": "cards", "of": "servers"}))
        .await?;
    assert_eq!(
        servers["cards"][0]["tools"],
        json!(["add", "count_to", "fail"])
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_server_leaves_its_card_offline_by_its_will() -> Result<()> {
    let pair = pair().await?;
    let witness = RawClient::connect(pair.broker.port(), "witness").await?;
    witness
        .subscribe(&format!("{NAMESPACE}/mcp/servers/calculator/card"))
        .await?;
    assert_eq!(witness.message().await?.json()?["status"], "online");
    pair.server.kill().await?;
    assert_eq!(witness.message().await?.json()?["status"], "offline");
    Ok(())
}

#[tokio::test]
async fn a_call_that_the_broker_refuses_fails_at_once_and_the_client_lives_on() -> Result<()> {
    let acl = "user scout\ntopic read gtm/v1/mcp/clients/scout/responses\n";
    let broker = Mosquitto::builder().users(["scout"]).acl(acl).start()?;
    let mut client = Npm::start("client.mjs", settings(&broker, "scout", "scout")).await?;
    for _ in 0..2 {
        let answer = client
            .ask(json!({"do": "call", "tool": "add", "timeoutMs": 100}))
            .await?;
        assert_eq!(answer["ok"], false);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains("Not authorized"), "{error}");
    }
    client.stop().await
}

#[tokio::test]
async fn a_script_that_cannot_connect_says_why() -> Result<()> {
    let broker = Mosquitto::builder().users(["scout"]).start()?;
    let stranger = Npm::start("client.mjs", settings(&broker, "stranger", "stranger")).await;
    let text = stranger
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(text.contains("Not authorized"), "{text}");
    Ok(())
}
