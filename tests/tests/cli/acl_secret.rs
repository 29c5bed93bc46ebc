//! The share key in policies: what `acl convert` is told of it, and who can read a file that holds it.

use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Result;
use expect_test::expect;

use crate::acl_questions::{Desk, is};
use crate::run::mcp_mqtt;

/// A desk with keys, and the policies that are made with and without them.
fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.write("key", "k3y")?;
    desk.write("other", "0ther")?;
    desk.hello("-o callers.json")?.output()?;
    let server = "--server-identity hello";
    desk.hello(&format!("{server} --share-key-file key -o keyed.json"))?
        .output()?;
    desk.hello(&format!("{server} --not-shared -o alone.json"))?
        .output()?;
    Ok(desk)
}

#[test]
fn a_policy_of_callers_alone_is_converted_as_its_server_shares() -> Result<()> {
    let desk = desk()?;
    let strict = |words: &str| {
        desk.acl(&format!(
            "convert callers.json --format mosquitto --strict {words}"
        ))
    };
    assert_eq!(strict("")?.code, 1);
    for option in ["--share-key-file key", "--not-shared"] {
        let converted = strict(option)?.output()?;
        let own = desk
            .hello(&format!("--format mosquitto --strict {option}"))?
            .output()?;
        assert_eq!(converted, own, "{option}");
    }
    let words = "acl convert callers.json --format mosquitto --strict";
    let set = |name, value| desk.end(mcp_mqtt(words)?.env(name, value));
    set("MCP_MQTT_SHARE_KEY_FILE", "key")?.output()?;
    set("MCP_MQTT_NOT_SHARED", "true")?.output()?;
    // Who says the same as the rules of the server is right.
    for (policy, option) in [
        ("keyed.json", "--share-key-file key"),
        ("alone.json", "--not-shared"),
        ("keyed.json", ""),
        ("alone.json", ""),
    ] {
        let words = format!("convert {policy} --format mosquitto --strict {option}");
        desk.acl(&words)?.output()?;
    }
    Ok(())
}

#[test]
fn what_the_rules_of_the_server_contradict_is_refused() -> Result<()> {
    let desk = desk()?;
    let convert = |words: &str| desk.acl(&format!("convert {words} --format mosquitto -o new"));
    is(
        &convert("keyed.json --not-shared")?,
        expect![[r#"
            2

            error: --not-shared (MCP_MQTT_NOT_SHARED) does not fit the policy, where hello may subscribe `$share/mcp-tool-count_to.…/demo/mcp/tools/count_to/call/#`; leave the option out: the server's rules say how it shares"#]],
    );
    is(
        &convert("keyed.json --share-key-file other")?,
        expect![[r#"
            2

            error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE) does not fit the policy, where hello may subscribe `$share/mcp-tool-count_to.…/demo/mcp/tools/count_to/call/#`; leave the option out: the server's rules say how it shares"#]],
    );
    is(
        &convert("hello.json --share-key-file key")?,
        expect![[r#"
            2

            error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE) does not fit the policy, where hello may subscribe `$share/mcp-tool-count_to/demo/mcp/tools/count_to/call/#`; leave the option out: the server's rules say how it shares"#]],
    );
    is(
        &convert("alone.json --share-key-file key")?,
        expect![[r#"
            2

            error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE) does not fit the policy, where hello may subscribe `demo/mcp/tools/count_to/call/#`; leave the option out: the server's rules say how it shares"#]],
    );
    desk.write("key", "a/+")?;
    is(
        &convert("callers.json --share-key-file key")?,
        expect![[r#"
            2

            error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE): the share key must not contain `/`: it becomes part of broker rules and topics"#]],
    );
    is(
        &convert("callers.json --share-key-file missing")?,
        expect![[r#"
            2

            error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE): missing: No such file or directory (os error 2)"#]],
    );
    assert!(!desk.names()?.contains(&"new".to_owned()));
    Ok(())
}

#[test]
fn a_file_with_the_share_key_is_left_to_its_owner() -> Result<()> {
    let desk = desk()?;
    let note = "note: new can now be read by its owner only, because it holds the share key";
    let keyed = "--server-identity hello --share-key-file key";
    for (words, told) in [
        (format!("{keyed} --format json"), true),
        (format!("{keyed} --format mosquitto-dynsec"), true),
        // It names no share groups.
        (format!("{keyed} --format mosquitto"), false),
        ("--server-identity hello".to_owned(), false),
        ("--share-key-file key".to_owned(), false),
    ] {
        desk.write("new", "")?;
        let path = desk.path("new");
        set_permissions(&path, Permissions::from_mode(0o644))?;
        for told in [told, false] {
            let ended = desk.hello(&format!("{words} -o new"))?;
            assert_eq!(ended.code, 0, "{words}: {ended:?}");
            assert_eq!(ended.stderr.contains(note), told, "{words}: {ended:?}");
        }
        let mode = metadata(&path)?.permissions().mode() & 0o777;
        assert_eq!(mode, if told { 0o600 } else { 0o644 }, "{words}");
    }
    Ok(())
}
