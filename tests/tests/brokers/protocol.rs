//! The whole protocol with the policy in force: the server under its least grants, callers under theirs.

use anyhow::{Context, Result};
use mcp_mqtt::acl::{Policy, Profile};
use mcp_mqtt::client::{CallError, Client, ConnectError, DiscoveryError, Outcome, Refusal};
use mcp_mqtt::server::RunningServer;
use mcp_mqtt::wire::Status;
use mcp_mqtt_tests::Properties;
use mcp_mqtt_tests::raw::Ack;
use serde_json::{Value, json};

use crate::tools::tools;
use crate::world::{Broker, Kind, SERVER, namespace, on_each_broker, scope};

on_each_broker![
    our_client_calls_streams_and_discovers,
    our_client_does_so_under_the_hardened_profile,
    a_reference_client_calls_on_the_plain_topic_and_reads_stream_topics,
    the_hardened_profile_has_no_plain_topic,
    a_caller_is_verified_where_the_broker_vouches_for_it,
    a_refusal_is_told_at_once,
];

/// With the plugin nothing is open, so there is nobody whose name would be a mere claim.
mod dynsec {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn our_client_calls_streams_and_discovers() -> Result<()> {
        super::our_client_calls_streams_and_discovers(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn our_client_does_so_under_the_hardened_profile() -> Result<()> {
        super::our_client_does_so_under_the_hardened_profile(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_reference_client_calls_on_the_plain_topic_and_reads_stream_topics() -> Result<()> {
        super::a_reference_client_calls_on_the_plain_topic_and_reads_stream_topics(Kind::Dynsec)
            .await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_hardened_profile_has_no_plain_topic() -> Result<()> {
        super::the_hardened_profile_has_no_plain_topic(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refusal_is_told_at_once() -> Result<()> {
        super::a_refusal_is_told_at_once(Kind::Dynsec).await
    }
}

/// A broker with the policy of a profile, the server and its caller scout.
pub async fn stage(kind: Kind, profile: Profile) -> Result<(Broker, RunningServer, Client)> {
    let (registry, ..) = tools()?;
    let mut scope = scope();
    scope.profile = profile;
    scope.share_key = Some("s3cret".to_owned());
    let policy = Policy::derive(&scope, &registry)?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    let server = broker.server(registry)?.share_key("s3cret").build()?;
    let running = server.start().await?;
    let scout = broker.client("scout").await?;
    Ok((broker, running, scout))
}

async fn our_client_calls_streams_and_discovers(kind: Kind) -> Result<()> {
    let (_broker, running, scout) = stage(kind, Profile::Reference).await?;
    calls_and_streams(&scout).await?;
    let names: Vec<String> = scout
        .tools()
        .await?
        .into_iter()
        .map(|card| card.tool)
        .collect();
    let all = [
        "block", "count", "fail", "greet", "hang", "hold", "large", "panic", "whoami",
    ];
    assert_eq!(names, all);
    let servers = scout.servers().await?;
    let server = servers.first().context("no server")?;
    assert_eq!(
        (server.server.as_str(), server.status),
        (SERVER, Status::Online)
    );
    assert_eq!(server.tools, all);
    running.stop().await?;
    let servers = scout.servers().await?;
    assert!(
        servers
            .iter()
            .all(|server| server.status == Status::Offline)
    );
    Ok(())
}

async fn our_client_does_so_under_the_hardened_profile(kind: Kind) -> Result<()> {
    let (broker, running, scout) = stage(kind, Profile::Hardened).await?;
    calls_and_streams(&scout).await?;
    let card = scout.tool_card("greet").await?;
    assert_eq!(
        (card.server.as_str(), card.status),
        (SERVER, Status::Online)
    );
    // Analyst may not call `panic`, and so it may not even know of it.
    let analyst = broker.client("analyst").await?;
    let hidden = analyst.tool_card("panic").await;
    match kind {
        Kind::Embedded | Kind::Dynsec => assert!(
            matches!(hidden, Err(DiscoveryError::Unauthorized { .. })),
            "{hidden:?}"
        ),
        Kind::Mosquitto => assert!(
            matches!(hidden, Err(DiscoveryError::NotFound { .. })),
            "{hidden:?}"
        ),
    }
    running.stop().await?;
    // Who looks now; a client that has watched the card may hear of it a moment later.
    let late = broker.client("scout").await?;
    assert_eq!(late.tool_card("greet").await?.status, Status::Offline);
    Ok(())
}

async fn calls_and_streams(scout: &Client) -> Result<()> {
    assert_eq!(
        scout.call("greet", json!({"name": "Ann"})).await?,
        "Hello, Ann!"
    );
    let mut counting = scout.call_streamed("count", json!({"n": 3}));
    let mut steps = Vec::new();
    while let Some(step) = counting.next().await {
        steps.push(step);
    }
    assert_eq!(
        steps,
        [json!({"at": 1}), json!({"at": 2}), json!({"at": 3})]
    );
    assert_eq!(counting.result().await?, 3);
    match scout
        .call("greet", json!({"name": "Ann", "times": 0}))
        .await
    {
        Err(CallError::InvalidArguments { faults, .. }) => assert_eq!(faults[0].pointer, "/times"),
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

async fn a_reference_client_calls_on_the_plain_topic_and_reads_stream_topics(
    kind: Kind,
) -> Result<()> {
    let (broker, running, _) = stage(kind, Profile::Reference).await?;
    let (ns, scout) = (namespace(), broker.raw("scout").await?);
    scout.subscribe(&ns.inbox("scout")).await?;
    scout.subscribe(&ns.stream("count", "+")).await?;
    let call = json!({
        "call_id": "c1", "client": "scout", "arguments": {"n": 2}, "response_topic": ns.inbox("scout"),
    });
    let properties = Properties {
        correlation_data: Some("secret".into()),
        ..Properties::default()
    };
    scout
        .publish_with(&ns.call("count"), call.to_string(), false, properties)
        .await?;
    let mut got = Vec::new();
    for _ in 0..4 {
        let message = scout.message().await?;
        // Every caller of the tool may read the stream topic; with this it could answer in the
        // server's name.
        let correlated = message.properties.correlation_data.is_some();
        assert_eq!(correlated, message.topic == ns.inbox("scout"));
        let mut json = message.json()?;
        json.as_object_mut()
            .context("no object")?
            .remove("elapsed_ms");
        got.push((message.topic, json));
    }
    let partial = |seq, more: Value| {
        let mut json = json!({"call_id": "c1", "seq": seq, "type": "partial", "data": more});
        if more.is_null() {
            json = json!({"call_id": "c1", "seq": seq, "type": "done"});
        }
        (ns.stream("count", "c1"), json)
    };
    assert_eq!(
        got,
        [
            partial(1, json!({"at": 1})),
            partial(2, json!({"at": 2})),
            partial(3, Value::Null),
            (
                ns.inbox("scout"),
                json!({"call_id": "c1", "status": "ok", "result": 2})
            ),
        ]
    );
    Ok(running.stop().await?)
}

async fn the_hardened_profile_has_no_plain_topic(kind: Kind) -> Result<()> {
    let (broker, running, _) = stage(kind, Profile::Hardened).await?;
    let scout = broker.raw("scout").await?;
    let call = json!({"call_id": "c1", "client": "scout", "arguments": {"name": "Ann"}});
    let ack = scout
        .publish(&namespace().call("greet"), call.to_string())
        .await?;
    assert_eq!(ack, Ack::NotAuthorized);
    // Partial results reach the inbox, in order, where a call asks for it.
    scout.subscribe(&namespace().inbox("scout")).await?;
    let call = json!({"call_id": "c1", "arguments": {"n": 1}});
    let properties = Properties {
        user_properties: vec![("mcp-mqtt-inbox".to_owned(), "1".to_owned())],
        ..Properties::default()
    };
    let bound = namespace().bound_call("count", "scout");
    scout
        .publish_with(&bound, call.to_string(), false, properties)
        .await?;
    for (key, value) in [("type", "partial"), ("type", "done"), ("status", "ok")] {
        assert_eq!(scout.message().await?.json()?[key], value);
    }
    Ok(running.stop().await?)
}

async fn a_caller_is_verified_where_the_broker_vouches_for_it(kind: Kind) -> Result<()> {
    let (broker, running, scout) = stage(kind, Profile::Reference).await?;
    let verified = json!({"name": "scout", "verified": true});
    assert_eq!(scout.call("whoami", json!({})).await?, verified);
    // On the plain topic nobody vouches for the name: it is what the payload says.
    let (ns, analyst) = (namespace(), broker.raw("analyst").await?);
    let inbox = broker.raw("scout").await?;
    inbox.subscribe(&ns.inbox("scout")).await?;
    let call = json!({"call_id": "c1", "client": "scout", "arguments": {}});
    analyst
        .publish(&ns.call("whoami"), call.to_string())
        .await?;
    let claimed = json!({"name": "scout", "verified": false});
    assert_eq!(inbox.message().await?.json()?["result"], claimed);
    running.stop().await?;

    let open = Broker::open(kind).await?;
    let running = open.server(tools()?.0)?.build()?.start().await?;
    let scout = open.client("scout").await?;
    assert_eq!(scout.call("whoami", json!({})).await?, claimed);
    Ok(running.stop().await?)
}

async fn a_refusal_is_told_at_once(kind: Kind) -> Result<()> {
    let (broker, running, scout) = stage(kind, Profile::Reference).await?;
    let analyst = broker.client("analyst").await?;
    for (client, tool) in [(&analyst, "panic"), (&scout, "unknown")] {
        match client.call(tool, json!({})).await {
            Err(CallError::Unauthorized {
                refusal: Refusal::Broker { .. },
                ..
            }) => {}
            other => anyhow::bail!("{tool}: {other:?}"),
        }
    }
    // Who may call nothing has no inbox; Mosquitto does not say so, and refuses the calls.
    let mallory = Client::builder("mallory")
        .namespace(crate::world::NAMESPACE)
        .broker(broker.options("mallory")?)
        .connect()
        .await;
    match (kind, mallory) {
        (Kind::Embedded | Kind::Dynsec, Err(ConnectError::Inbox { .. })) => {}
        (Kind::Mosquitto, Ok(mallory)) => {
            let refused = mallory.call("greet", json!({"name": "Eve"})).await;
            let outcome = refused.err().map(|error| error.outcome());
            assert_eq!(outcome, Some(Outcome::NotRun));
        }
        (_, other) => anyhow::bail!("{other:?}"),
    }
    // The server refuses as well, where no broker does.
    running.stop().await?;
    if kind == Kind::Dynsec {
        return Ok(());
    }
    let open = Broker::open(kind).await?;
    let running = open.server(tools()?.0)?.build()?.start().await?;
    let mallory = open.client("mallory").await?;
    match mallory.call("greet", json!({"name": "Eve"})).await {
        Err(CallError::Unauthorized {
            refusal: Refusal::Server { .. },
            ..
        }) => {}
        other => anyhow::bail!("{other:?}"),
    }
    Ok(running.stop().await?)
}
