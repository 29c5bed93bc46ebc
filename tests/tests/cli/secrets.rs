//! Nothing that is printed holds a password or a share key.

use std::fs;

use anyhow::{Context, Result};
use mcp_mqtt_tests::Mosquitto;

use crate::run::{Run, hello, mcp_mqtt};

const PASSWORD: &str = "hunter2";

fn keeps_the_secret(what: &str, run: Run) -> Result<()> {
    let ended = run.end()?;
    let printed = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!printed.contains(PASSWORD), "{what}: {printed}");
    Ok(())
}

#[test]
fn help_shows_no_values_of_variables() -> Result<()> {
    for words in ["--help", "serve --help", "call --help", "acl --help"] {
        let run = hello(words)?
            .env("MQTT_URL", format!("mqtt://hello:{PASSWORD}@h"))
            .env("MQTT_USERNAME", PASSWORD)
            .env("MQTT_PASSWORD", PASSWORD)
            .env("MQTT_PASSWORD_FILE", PASSWORD);
        keeps_the_secret(words, run)?;
    }
    Ok(())
}

#[test]
fn errors_show_no_password() -> Result<()> {
    for url in [
        format!("mqtt://hello:{PASSWORD}@127.0.0.1:1"),
        format!("mqtt://hello:{PASSWORD}@127.0.0.1:port"),
        format!("mqtt://hello:{PASSWORD}@[h]"),
        format!("http://hello:{PASSWORD}@h"),
        format!("mqtt://:{PASSWORD}@h"),
    ] {
        for words in [
            "call greet --as a --log trace",
            "serve --exit-on-disconnect --log trace",
        ] {
            let run = hello(words)?.env("MQTT_URL", &url);
            keeps_the_secret(&url, run)?;
        }
    }
    Ok(())
}

#[test]
fn a_server_with_a_password_shows_it_nowhere() -> Result<()> {
    let broker = Mosquitto::builder()
        .user("hello", PASSWORD)
        .user("scout", "scout")
        .start()?;
    let url = format!("mqtt://hello:{PASSWORD}@127.0.0.1:{}", broker.port());
    let server = hello("--log trace")?.env("MQTT_URL", url).serving()?;
    let block = server.stdout.text();
    assert!(block.contains(&format!("mqtt://hello@127.0.0.1:{}", broker.port())));
    // Who calls is not the server.
    let call = block
        .lines()
        .find(|line| line.contains("call one"))
        .unwrap_or_default();
    assert!(
        call.ends_with(&format!("--broker {}", broker.url())),
        "{call}"
    );
    let call = hello("call greet --arg name=Ann --as scout --log trace")?
        .env("MQTT_URL", broker.url())
        .env("MQTT_PASSWORD", "scout");
    assert_eq!(call.end()?.code, 0);
    let ended = server.stop()?;
    let printed = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!printed.contains(PASSWORD), "{printed}");
    Ok(())
}

#[test]
fn a_password_on_the_command_line_is_warned_of() -> Result<()> {
    let words = format!("call greet --as a --broker mqtt://a:{PASSWORD}@127.0.0.1:1");
    let ended = mcp_mqtt(&words)?.end()?;
    assert!(
        ended
            .stderr
            .starts_with("warning: everybody on this machine"),
        "{ended:?}"
    );
    assert!(!ended.stderr.contains(PASSWORD), "{ended:?}");
    let quiet = mcp_mqtt("call greet --as a")?.env("MQTT_URL", "mqtt://a:b@127.0.0.1:1");
    assert!(!quiet.end()?.stderr.contains("warning"));
    Ok(())
}

#[test]
fn the_share_key_is_shown_only_in_the_policy() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    fs::write(&key, format!("{PASSWORD}\n"))?;
    let acl = hello("acl --format mosquitto --server-identity hello --share-key-file")?.word(&key);
    let ended = acl.end()?;
    assert!(ended.stdout.contains(&format!("mcp-tool-greet.{PASSWORD}")) || ended.code == 0);
    assert!(!ended.stderr.contains(PASSWORD), "{ended:?}");

    fs::write(&key, format!("{PASSWORD}/+\n"))?;
    for words in ["acl", "serve"] {
        let run = hello(words)?.word("--share-key-file").word(&key);
        let ended = run.end().context(words)?;
        assert_eq!(ended.code, 2, "{words}");
        assert!(!ended.stderr.contains(PASSWORD), "{words}: {ended:?}");
    }
    Ok(())
}
