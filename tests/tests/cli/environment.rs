//! The environment in the place of options.

use anyhow::Result;

use crate::run::{broker, fixture, hello};

#[test]
fn the_command_line_goes_before_the_environment() -> Result<()> {
    let namespace = |words: &str| -> Result<_> {
        let run = hello(words)?.env("MCP_MQTT_NAMESPACE", "from/env");
        Ok(run.end()?.json()?[0]["namespace"].clone())
    };
    assert_eq!(namespace("tools --json")?, "from/env");
    assert_eq!(namespace("--namespace cli tools --json")?, "cli");
    assert_eq!(namespace("tools --json --namespace cli")?, "cli");
    Ok(())
}

#[test]
fn an_empty_variable_is_none() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = hello(&format!("--broker {url}"))?.serving()?;
    let mut call = hello("call greet --arg name=Ann")?
        .env("MQTT_URL", &url)
        .env("MCP_MQTT_CALLER", "scout");
    for name in [
        "MQTT_USERNAME",
        "MQTT_PASSWORD",
        "MQTT_PASSWORD_FILE",
        "MQTT_CLIENT_ID",
        "MQTT_CONNECTIONS",
        "MQTT_CA_FILE",
        "MCP_MQTT_NAMESPACE",
        "MCP_MQTT_TIMEOUT",
        "RUST_LOG",
    ] {
        call = call.env(name, "");
    }
    assert_eq!(call.end()?.json()?["text"], "Hello, Ann!");
    Ok(())
}

#[test]
fn switches_are_turned_on_by_1_and_off_by_0() -> Result<()> {
    let strict = |value| -> Result<_> {
        let run = fixture("acl")?.env("MCP_MQTT_ACL_STRICT", value);
        Ok(run.end()?.code)
    };
    // The tool `echo` is open, which is a warning.
    for (value, code) in [
        ("1", 1),
        ("true", 1),
        ("0", 0),
        ("no", 0),
        ("", 0),
        ("perhaps", 2),
    ] {
        assert_eq!(strict(value)?, code, "{value}");
    }
    Ok(())
}

#[test]
fn variables_of_the_broker_do_not_disturb_commands_without_one() -> Result<()> {
    for words in ["acl", "tools"] {
        let run = hello(words)?
            .env("MQTT_URL", "no url")
            .env("MQTT_PASSWORD_FILE", "/no/such/file")
            .env("MCP_MQTT_DEV", "1");
        assert_eq!(run.end()?.code, 0, "{words}");
    }
    Ok(())
}
