//! The harness itself, against the real Mosquitto: what the other tests take for granted.

use std::collections::BTreeSet;

use anyhow::Result;
use mcp_mqtt_tests::raw::{Ack, Grant};
use mcp_mqtt_tests::{Mosquitto, Properties, RawClient, RawOptions};
use rumqttc::v5::mqttbytes::QoS;

const GRANTED: Grant = Grant::Success(QoS::AtLeastOnce);

const SCOUT_MAY_WRITE: &str =
    "user scout\ntopic write room/door\nuser analyst\ntopic read room/#\n";

fn guarded() -> Result<Mosquitto> {
    Mosquitto::builder()
        .users(["scout", "analyst"])
        .acl(SCOUT_MAY_WRITE)
        .start()
}

#[tokio::test]
async fn a_message_arrives_with_its_properties() -> Result<()> {
    let broker = Mosquitto::open()?;
    let client = RawOptions::new(broker.port()).connect().await?;
    assert_eq!(client.subscribe("a/+").await?, GRANTED);
    let properties = Properties {
        response_topic: Some("back".to_owned()),
        ..Properties::default()
    };
    assert_eq!(
        client
            .publish_with("a/b", "{\"n\":1}", false, properties)
            .await?,
        Ack::Success
    );
    let message = client.message().await?;
    assert_eq!(message.topic, "a/b");
    assert_eq!(message.json()?["n"], 1);
    assert_eq!(message.properties.response_topic.as_deref(), Some("back"));
    client.disconnect().await
}

#[tokio::test]
async fn a_publish_without_subscriber_says_so() -> Result<()> {
    let broker = Mosquitto::open()?;
    let client = RawOptions::new(broker.port()).connect().await?;
    assert_eq!(
        client.publish("nobody/here", "").await?,
        Ack::NoMatchingSubscribers
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_no_name_at_all_are_refused() -> Result<()> {
    let broker = guarded()?;
    for options in [
        RawOptions::new(broker.port()),
        RawOptions::new(broker.port()).user("scout", "wrong"),
    ] {
        let refusal = options.connect().await.err().map(|error| error.to_string());
        assert_eq!(refusal.as_deref(), Some("refused: NotAuthorized"));
    }
    Ok(())
}

#[tokio::test]
async fn the_acl_file_refuses_a_publish_and_the_connection_lives_on() -> Result<()> {
    let broker = guarded()?;
    let analyst = RawClient::connect(broker.port(), "analyst").await?;
    let scout = RawClient::connect(broker.port(), "scout").await?;
    assert_eq!(analyst.subscribe("room/#").await?, GRANTED);
    assert_eq!(
        analyst.publish("room/door", "open").await?,
        Ack::NotAuthorized
    );
    assert_eq!(scout.publish("room/door", "open").await?, Ack::Success);
    assert_eq!(analyst.message().await?.payload, "open");
    Ok(())
}

#[tokio::test]
async fn a_denied_subscription_delivers_nothing() -> Result<()> {
    let broker = guarded()?;
    let analyst = RawClient::connect(broker.port(), "analyst").await?;
    let scout = RawClient::connect(broker.port(), "scout").await?;
    analyst.subscribe("room/door").await?;
    scout.subscribe("room/door").await?;
    scout.publish("room/door", "open").await?;
    assert_eq!(scout.arrived().await?.len(), 0);
    assert_eq!(analyst.arrived().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_message_marks_the_end_of_those_before_it() -> Result<()> {
    let broker = Mosquitto::open()?;
    let reader = RawOptions::new(broker.port()).connect().await?;
    let writer = RawOptions::new(broker.port()).connect().await?;
    reader.subscribe("room/#").await?;
    for topic in ["room/door", "hall/door", "room/window", "room/end"] {
        writer.publish(topic, "").await?;
    }
    let before = reader.messages_until("room/end").await?;
    let topics: Vec<&str> = before
        .iter()
        .map(|message| message.topic.as_str())
        .collect();
    assert_eq!(topics, ["room/door", "room/window"]);
    Ok(())
}

#[tokio::test]
async fn a_reloaded_acl_judges_the_next_publish() -> Result<()> {
    let mut broker = guarded()?;
    let scout = RawClient::connect(broker.port(), "scout").await?;
    assert_eq!(
        scout.publish("room/door", "open").await?,
        Ack::NoMatchingSubscribers
    );
    broker.reload_acl("user scout\ntopic write room/window\n")?;
    assert_eq!(
        scout.publish("room/door", "open").await?,
        Ack::NotAuthorized
    );
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_port_and_forgets_the_rest() -> Result<()> {
    let mut broker = Mosquitto::open()?;
    let before = RawOptions::new(broker.port()).connect().await?;
    before
        .publish_with("kept", "1", true, Properties::default())
        .await?;
    broker.restart()?;
    before.ended().await?;
    let after = RawOptions::new(broker.port()).connect().await?;
    after.subscribe("kept").await?;
    assert_eq!(after.arrived().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_will_fires_for_who_vanishes_but_not_for_who_leaves() -> Result<()> {
    let broker = Mosquitto::open()?;
    let witness = RawOptions::new(broker.port()).connect().await?;
    witness.subscribe("will/+").await?;
    let mortal =
        |name: &str| RawOptions::new(broker.port()).will(&format!("will/{name}"), name, false);
    mortal("leaves").connect().await?.disconnect().await?;
    drop(mortal("vanishes").connect().await?);
    assert_eq!(witness.message().await?.topic, "will/vanishes");
    Ok(())
}

#[tokio::test]
async fn a_stopped_broker_is_gone_for_its_clients() -> Result<()> {
    let mut broker = Mosquitto::open()?;
    let client = RawOptions::new(broker.port()).connect().await?;
    broker.stop()?;
    client.ended().await?;
    assert!(RawOptions::new(broker.port()).connect().await.is_err());
    Ok(())
}

#[test]
fn a_setting_that_mosquitto_does_not_know_fails_the_start_with_its_words() {
    let error = Mosquitto::builder()
        .setting("no_such_setting 1")
        .start()
        .err();
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("no_such_setting"), "{text}");
}

#[test]
fn brokers_beside_each_other_have_ports_of_their_own() -> Result<()> {
    let brokers = (0..5)
        .map(|_| Mosquitto::open())
        .collect::<Result<Vec<_>>>()?;
    let ports: BTreeSet<u16> = brokers.iter().map(Mosquitto::port).collect();
    assert_eq!(ports.len(), brokers.len());
    Ok(())
}
