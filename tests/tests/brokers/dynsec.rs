//! The exported state of Mosquitto's dynamic-security plugin, loaded as it is.

use anyhow::Result;
use futures_util::future::try_join_all;
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::acl::{ExportOptions, Format, Policy};
use mcp_mqtt::client::Client;
use mcp_mqtt::server::Server;
use mcp_mqtt::wire::Namespace;
use mcp_mqtt_tests::raw::Grant;
use mcp_mqtt_tests::{Mosquitto, RawOptions};
use serde_json::json;

use crate::tools::tools;
use crate::world::{NAMESPACE, SERVER, SERVICE, namespace, scope};

/// So many that a thief of a fair share would take some for certain.
const CALLS: usize = 60;

/// Everybody of `people` has a password in the `password_file`, as the export's notes advise.
fn broker(people: &[&str]) -> Result<Mosquitto> {
    let policy = Policy::derive(&scope(), &tools()?.0)?;
    let export = policy.export(Format::MosquittoDynsec, &ExportOptions::of(&scope()))?;
    assert_eq!(export.warnings, Vec::<String>::new());
    let broker = Mosquitto::builder().users(people.iter().copied());
    broker.dynamic_security(&export.text).start()
}

fn options(broker: &Mosquitto, name: &str) -> Result<ConnectOptions> {
    Ok(ConnectOptions::new(broker.url_as(name).parse()?))
}

#[tokio::test]
async fn who_has_no_password_cannot_connect() -> Result<()> {
    let broker = broker(&["scout"])?;
    let port = broker.port();
    let connect = |options: RawOptions| async { options.connect().await.err() };
    assert!(
        connect(RawOptions::new(port).user("scout", "scout"))
            .await
            .is_none()
    );
    for options in [
        RawOptions::new(port),
        RawOptions::new(port).user("scout", "wrong"),
        RawOptions::new(port).user("analyst", ""),
        RawOptions::new(port).user("analyst", "analyst"),
    ] {
        let refusal = connect(options).await.map(|error| error.to_string());
        assert_eq!(refusal.as_deref(), Some("refused: NotAuthorized"));
    }
    Ok(())
}

#[tokio::test]
async fn a_group_without_a_key_is_joined_by_the_server_alone() -> Result<()> {
    let people = ["scout", "analyst", "mallory", SERVICE];
    let broker = broker(&people)?;
    let (registry, ..) = tools()?;
    let server = Server::builder().name(SERVER).namespace(NAMESPACE);
    let server = server.registry(registry).broker(options(&broker, SERVICE)?);
    let running = server.build()?.start().await?;

    let group = Namespace::share_group("greet", None);
    let mut thieves = Vec::new();
    for name in ["mallory", "analyst", "scout"] {
        let options = RawOptions::new(broker.port()).user(name, name);
        let thief = options.connect().await?;
        for filter in [
            namespace().calls("greet"),
            namespace().call("greet"),
            "#".to_owned(),
        ] {
            let answer = thief.subscribe(&format!("$share/{group}/{filter}")).await?;
            assert_eq!(answer, Grant::NotAuthorized, "{name} joins for {filter}");
        }
        thieves.push(thief);
    }

    let scout = Client::builder("scout").namespace(NAMESPACE);
    let scout = scout.broker(options(&broker, "scout")?).connect().await?;
    let calls = (0..CALLS).map(|n| scout.call("greet", json!({"name": format!("n{n}")})));
    let answers = try_join_all(calls.map(IntoFuture::into_future)).await?;
    assert_eq!(answers.len(), CALLS);
    for thief in &thieves {
        assert!(thief.arrived().await?.is_empty());
    }
    Ok(running.stop().await?)
}
