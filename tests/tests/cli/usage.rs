//! Help, and what is said to somebody who mistypes.

use anyhow::Result;
use expect_test::expect;

use crate::run::{hello, mcp_mqtt};

#[test]
fn help_fits_in_80_columns_and_ends_well() -> Result<()> {
    for words in [
        "--help",
        "help",
        "help call",
        "serve --help",
        "acl --help",
        "tools --help",
        "call --help",
    ] {
        let help = hello(words)?.end()?.output()?;
        let wide: Vec<_> = help.lines().filter(|l| l.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{words}: {wide:?}");
    }
    for words in [
        "--help",
        "tools --help",
        "call --help",
        "bench --help",
        "broker --help",
    ] {
        mcp_mqtt(words)?.end()?.output()?;
    }
    Ok(())
}

#[test]
fn help_of_call_is_enough_to_call() -> Result<()> {
    let help = hello("call --help")?.end()?.output()?;
    let (_, end) = help.split_once("Common:").unwrap_or_default();
    expect![[r#"

              --namespace <NAME>  Namespace of all topics [default: that of the server,
                                  else a2a/v1] [env: MCP_MQTT_NAMESPACE]
              --log <FILTER>      Log on standard error: off, warn, debug,
                                  mcp_mqtt=trace, … [default: info of what serves, else
                                  off] [env: RUST_LOG]

        The result is printed on standard output as JSON; partial results as they come,
        and errors, on standard error. Without --broker it calls at
        mqtt://127.0.0.1:1883.

        Exit codes: 0 a result, 2 wrong usage, 3 unauthorized, 4 unavailable or timeout,
        5 invalid arguments or an error of the tool.

        Examples:
          hello call greet --arg name=Ann --as scout
          hello call greet '{"name": "Ann"}' --as scout --timeout 5s"#]]
    .assert_eq(end);
    Ok(())
}

#[test]
fn each_option_names_its_variable() -> Result<()> {
    for (command, exceptions) in [
        ("serve", &["--help"][..]),
        ("acl", &["--help", "--output"]),
        ("tools", &["--help", "--json"]),
        ("call", &["--help", "--arg"]),
    ] {
        let help = hello(&format!("{command} --help"))?.end()?.output()?;
        let mut entries: Vec<String> = Vec::new();
        for line in help.lines() {
            let words = line.trim_start();
            if words.starts_with("--") || words.starts_with("-h") || words.starts_with("-o") {
                entries.push(String::new());
            }
            // A text may be wrapped anywhere.
            if let Some(entry) = entries.last_mut() {
                *entry += words;
                *entry += " ";
            }
        }
        for entry in entries {
            assert!(
                entry.contains("[env: ") || exceptions.iter().any(|option| entry.contains(option)),
                "{command}: {entry}"
            );
        }
    }
    Ok(())
}

#[test]
fn global_options_stand_before_and_behind_the_command() -> Result<()> {
    for words in [
        "--namespace other tools --json",
        "tools --json --namespace other",
    ] {
        let cards = hello(words)?.end()?.json()?;
        assert_eq!(cards[0]["namespace"], "other", "{words}");
    }
    Ok(())
}

#[test]
fn an_option_of_a_command_in_front_of_it_is_sent_behind_it() -> Result<()> {
    let ended = hello("--broker mqtt://h call greet --as scout")?.end()?;
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("`hello call --broker …`"),
        "{ended:?}"
    );
    Ok(())
}

#[test]
fn what_is_no_command_or_no_value_is_exit_code_2() -> Result<()> {
    for (words, said) in [
        ("cal", "a similar subcommand exists: 'call'"),
        ("--no-such", "unexpected argument '--no-such'"),
        ("call", "<TOOL>"),
        ("call greet", "--as <CALLER>"),
        ("call greet {} --arg a=1 --as scout", "cannot be used with"),
        ("call greet --as scout --timeout 5", "time unit needed"),
        ("acl --format yaml", "use one of json, mosquitto"),
        ("acl --profile lax", "use one of reference, hardened"),
    ] {
        let ended = hello(words)?.end()?;
        assert_eq!(ended.code, 2, "{words}");
        assert!(ended.stderr.contains(said), "{words}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{words}");
    }
    assert_eq!(mcp_mqtt("")?.end()?.code, 2);
    assert_eq!(mcp_mqtt("broker --listen here")?.end()?.code, 2);
    Ok(())
}

#[test]
fn the_version_is_that_of_the_program() -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        hello("--version")?.end()?.output()?,
        format!("hello {version}")
    );
    assert_eq!(
        mcp_mqtt("--version")?.end()?.output()?,
        format!("mcp-mqtt {version}")
    );
    Ok(())
}
