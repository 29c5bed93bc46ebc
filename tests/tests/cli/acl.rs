//! `acl`, and the policies it writes at work in real brokers.

use std::fs;

use anyhow::Result;
use expect_test::expect;
use mcp_mqtt_tests::raw::Ack;
use mcp_mqtt_tests::{Mosquitto, RawClient};

use crate::run::{broker, fixture, hello};

#[test]
fn weaknesses_are_told_on_standard_error_and_in_the_text() -> Result<()> {
    let json = hello("acl")?.end()?;
    expect![[r#"
        note: what this policy leaves open:
          - on a plain call topic the caller is a claim: any caller of a tool can pose
            as another caller of that tool (profile `hardened` has no plain topics)
          - partial results on a stream topic can be read by every caller of that tool
            (profile `hardened` keeps them in the caller's inbox)
          - every caller sees the cards of all servers and tools of the namespace
          - callers can set the retain flag; servers refuse a retained call
          - programs that connect with one identity can read each other's responses"#]]
    .assert_eq(&json.stderr);
    let mosquitto = hello("acl --format mosquitto")?.end()?;
    expect![[r#"
        note: what this policy leaves open:
          - on a plain call topic the caller is a claim: any caller of a tool can pose
            as another caller of that tool (profile `hardened` has no plain topics)
          - partial results on a stream topic can be read by every caller of that tool
            (profile `hardened` keeps them in the caller's inbox)
          - every caller sees the cards of all servers and tools of the namespace
          - callers can set the retain flag; servers refuse a retained call
          - programs that connect with one identity can read each other's responses
          - a subscription that is not granted succeeds and delivers nothing; a
            publisher cannot tell it from a server's
        warning: an acl_file never checks SUBSCRIBE: anyone can join the server's share
          groups and swallow calls; set a share key or turn shared subscriptions off"#]]
    .assert_eq(&mosquitto.stderr);
    for note in ["the caller is a claim", "set the retain flag"] {
        assert_eq!(mosquitto.stdout.matches(note).count(), 1, "{note}");
    }
    Ok(())
}

#[test]
fn an_open_tool_is_a_warning_and_with_strict_an_error() -> Result<()> {
    let open = fixture("acl")?.end()?;
    assert_eq!(open.code, 0);
    assert!(
        open.stderr.contains("warning: tool `echo` is open"),
        "{open:?}"
    );
    let strict = fixture("acl --strict")?.end()?;
    assert_eq!((strict.code, strict.stdout.as_str()), (1, ""));
    let end = "error: nothing was written: with --strict every warning is an error";
    assert!(strict.stderr.ends_with(end), "{strict:?}");
    // Nothing is open here, and JSON has no weakness of its own.
    assert_eq!(hello("acl --strict")?.end()?.code, 0);
    Ok(())
}

#[test]
fn the_policy_is_the_same_whoever_asks() -> Result<()> {
    let policy = || hello("acl --server-identity hello")?.end()?.output();
    assert_eq!(policy()?, policy()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_with_the_exported_policy_serves_exactly_the_named_callers() -> Result<()> {
    let policy = hello("acl --format mosquitto --server-identity hello")?.end()?;
    let broker = Mosquitto::builder()
        .users(["hello", "scout", "analyst", "mallory"])
        .acl(&format!("{}\n", policy.stdout))
        .start()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    fs::write(&file, "hello\n")?;
    let server = hello("--username hello --password-file")?
        .word(&file)
        .env("MQTT_URL", broker.url())
        .serving()?;
    assert!(server.stdout.text().contains("callers    verified"));

    for (caller, tool, code) in [
        ("scout", "greet --arg name=Ann", 0),
        ("scout", "count_to --arg n=2", 0),
        ("analyst", "greet --arg name=Ann", 0),
        ("analyst", "count_to --arg n=2", 3),
        ("mallory", "greet --arg name=Ann", 3),
    ] {
        let call = hello(&format!("call {tool} --as {caller}"))?
            .env("MQTT_URL", broker.url())
            .env("MQTT_PASSWORD", caller)
            .end()?;
        assert_eq!(call.code, code, "{caller} {tool}: {call:?}");
    }
    let mallory = RawClient::connect(broker.port(), "mallory").await?;
    let ack = mallory
        .publish("demo/mcp/tools/greet/call/scout", "{}")
        .await?;
    assert_eq!(ack, Ack::NotAuthorized);
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}

#[test]
fn the_broker_of_mcp_mqtt_enforces_the_policy_of_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("policy.json");
    hello("acl --server-identity hello -o")?
        .word(&file)
        .end()?
        .output()?;
    let (broker, url) = broker(&format!("--policy {}", file.display()))?;
    assert!(broker.stdout.text().contains(&file.display().to_string()));
    let server = hello("")?.env("MQTT_URL", &url).serving()?;
    assert!(server.stdout.text().contains("callers    verified"));
    for (caller, code) in [("scout", 0), ("analyst", 3), ("mallory", 3)] {
        let words = format!("call count_to --arg n=2 --as {caller} --broker {url}");
        let call = hello(&words)?.end()?;
        assert_eq!(call.code, code, "{caller}: {call:?}");
    }
    assert_eq!(server.stop()?.code, 0);
    assert_eq!(broker.stop()?.code, 0);
    Ok(())
}
