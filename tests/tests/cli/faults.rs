//! Bad configuration, and a world that is not as it should be: what is said, once, and the exit code.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;
use expect_test::{Expect, expect};
use mcp_mqtt_tests::{Mosquitto, artifacts, free_port};

use crate::run::{Ended, Run, fixture, hello};

fn says(ended: &Ended, code: i32, said: Expect) {
    said.assert_eq(&ended.stderr);
    assert_eq!(ended.code, code, "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn every_fault_of_serving_is_told_at_once() -> Result<()> {
    let ended = Run::new(artifacts::program("faulty")?)
        .words("--broker localhost --password-file /no/such/file --namespace a//b")
        .words("--share-key-file /dev/zero")
        .end()?;
    says(
        &ended,
        2,
        expect![[r#"
        error: --share-key-file (MCP_MQTT_SHARE_KEY_FILE): /dev/zero: has more than 65536 bytes
        error: --broker (MQTT_URL): a broker's address starts with `mqtt://`, `mqtts://`, `ws://` or `wss://`, for instance `mqtt://localhost:1883`
        error: --password-file (MQTT_PASSWORD_FILE): /no/such/file: No such file or directory (os error 2)
        error: namespace `a//b` has an empty level; use levels of 1 to 64 of `A-Z a-z 0-9 _ - .`, separated by `/`
        error: tool `twin` is there twice: tests/src/bin/faulty.rs:8 and tests/src/bin/faulty.rs:14
          help: rename one with `#[tool(name = "…")]`
        error: tool `needy` (tests/src/bin/faulty.rs:18) takes `State<faulty::Database>`, which is not set; return `setup.state(..)` from `main`, or call `.state(..)` on the builder
        error: tool `twin` (tests/src/bin/faulty.rs:8) takes `State<faulty::Database>`, which is not set; return `setup.state(..)` from `main`, or call `.state(..)` on the builder"#]],
    );
    Ok(())
}

#[test]
fn every_fault_of_calling_is_told_at_once() -> Result<()> {
    let ended = hello("call --as a/b --namespace a//b --broker localhost")?
        .word("no tool")
        .word("[]")
        .end()?;
    says(
        &ended,
        2,
        expect![[r#"
        error: tool name `no tool` contains a space
        error: --as (MCP_MQTT_CALLER) `a/b` must not contain `/`: it becomes part of broker rules and topics
        error: --namespace (MCP_MQTT_NAMESPACE) `a//b` has an empty level
        error: the arguments are no JSON object, such as `{"name": "Ann"}`: invalid type: sequence, expected a map at line 1 column 0
        error: --broker (MQTT_URL): a broker's address starts with `mqtt://`, `mqtts://`, `ws://` or `wss://`, for instance `mqtt://localhost:1883`"#]],
    );
    let ended = hello("call greet --as a --arg n --arg =3 --arg a=1 --arg a=2")?.end()?;
    says(
        &ended,
        2,
        expect![[r#"
        error: --arg `n`: write `name=value`
        error: --arg `=3`: write `name=value`
        error: --arg `a` is given twice"#]],
    );
    Ok(())
}

#[test]
fn every_fault_of_the_connection_is_told_at_once() -> Result<()> {
    let ended = hello("call greet --as a --broker mqtts://h --ca-file /no/such --cert-file c.pem")?
        .word("--client-id")
        .word("a\u{7}")
        .end()?;
    says(
        &ended,
        2,
        expect![[r#"
        error: the client id must have 1 to 128 bytes and no control characters
        error: a client certificate needs its private key, and a key its certificate; give both files or none
        error: cannot read /no/such: No such file or directory (os error 2)"#]],
    );
    Ok(())
}

#[test]
fn an_unknown_number_of_connections_is_told_with_those_there_are() -> Result<()> {
    let ended = hello("call greet --as a --connections three")?.end()?;
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .stderr
            .contains("there is no number of connections `three`; use one of auto, one, two"),
        "{ended:?}"
    );
    let ended = hello("call greet --as a --broker mqtt://h --connections two")?
        .word("--client-id")
        .word("x".repeat(125))
        .end()?;
    says(
        &ended,
        2,
        expect![[r#"
        error: the client id must have at most 124 bytes, because the second of two connections appends `-sub` to it"#]],
    );
    Ok(())
}

#[test]
fn a_bad_namespace_is_told_by_each_command() -> Result<()> {
    for words in ["tools", "acl", "serve", "call greet --as a"] {
        let ended = hello(words)?.words("--namespace a//b").end()?;
        assert_eq!(ended.code, 2, "{words}");
        assert!(
            ended.stderr.contains("`a//b` has an empty level"),
            "{ended:?}"
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{words}: {ended:?}");
    }
    Ok(())
}

#[test]
fn an_error_of_main_is_told_with_its_causes_and_only_serving_runs_main() -> Result<()> {
    let failing = |words: &str| Ok::<_, anyhow::Error>(fixture(words)?.env("FIXTURE_FAILS", "1"));
    says(
        &failing("serve")?.end()?,
        1,
        expect!["error: the database is away: no route to host"],
    );
    for words in ["tools", "acl"] {
        assert_eq!(failing(words)?.end()?.code, 0, "{words}");
    }
    Ok(())
}

#[test]
fn a_password_file_must_be_there_readable_and_not_empty() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (file, binary) = (folder.path().join("empty"), folder.path().join("binary"));
    fs::write(&file, "\n")?;
    fs::write(&binary, [0xff, 0xfe])?;
    for (path, fault) in [
        (&file, "is empty"),
        (&binary, "valid UTF-8"),
        (&folder.path().to_owned(), "Is a directory"),
        (&folder.path().join("none"), "No such file"),
    ] {
        let ended = hello("serve --broker mqtt://127.0.0.1:1 --password-file")?
            .word(path)
            .end()?;
        assert_eq!(ended.code, 2, "{ended:?}");
        let begin = format!(
            "error: --password-file (MQTT_PASSWORD_FILE): {}: ",
            path.display()
        );
        assert!(ended.stderr.starts_with(&begin), "{ended:?}");
        assert!(ended.stderr.contains(fault), "{ended:?}");
    }
    Ok(())
}

#[test]
fn a_broker_that_is_down_is_told_with_its_address_and_exit_code_4() -> Result<()> {
    let port = free_port()?;
    let ended = hello(&format!(
        "call greet --as a --broker mqtt://127.0.0.1:{port}"
    ))?
    .end()?;
    assert_eq!(ended.code, 4);
    assert_eq!(
        ended.stderr,
        format!(
            "error: cannot reach the broker at 127.0.0.1:{port}: Connection refused (os error 111); \
             check the address and that the broker is running"
        )
    );
    Ok(())
}

#[test]
fn exit_on_disconnect_ends_a_server_that_finds_no_broker() -> Result<()> {
    let port = free_port()?;
    let words = format!("--exit-on-disconnect --broker mqtt://127.0.0.1:{port}");
    let ended = hello(&words)?.end()?;
    assert_eq!(ended.code, 1);
    let (log, error) = ended.stderr.split_once('\n').unwrap_or_default();
    assert!(
        log.contains("WARN no connection to the broker: cannot reach"),
        "{log}"
    );
    assert!(error.starts_with("error: the broker is away"), "{error}");
    assert_eq!(ended.stdout, "");
    Ok(())
}

#[test]
fn what_is_no_broker_is_told_so() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    for (scheme, said) in [
        ("mqtt", "is no MQTT 5 broker, or wants TLS or a WebSocket"),
        ("mqtts", "check that the port speaks TLS"),
    ] {
        let words = format!("call greet --as a --broker {scheme}://127.0.0.1:{port}");
        let ended = hello(&words)?.end()?;
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    Ok(())
}

#[test]
fn refused_credentials_are_exit_code_3_for_a_call_and_2_for_a_server() -> Result<()> {
    let broker = Mosquitto::builder().users(["hello", "scout"]).start()?;
    let said = format!(
        "error: the broker at 127.0.0.1:{} refused the connection: not authorized (0x87); \
         check the user name and the password",
        broker.port()
    );
    for (words, code) in [("call greet --as scout", 3), ("serve", 2)] {
        let run = hello(words)?.words("--broker").word(broker.url());
        let ended = run.env("MQTT_PASSWORD", "wrong").end()?;
        assert_eq!((ended.code, &ended.stderr), (code, &said), "{words}");
    }
    Ok(())
}

#[test]
fn output_is_written_whole_or_not_at_all() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("policy");
    let acl = || Ok::<_, anyhow::Error>(hello("acl -o")?.word(&file).end()?.code);
    assert_eq!(acl()?, 0);
    let text = fs::read_to_string(&file)?;
    assert!(text.ends_with("}\n"), "{text}");
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    // Over an old one as well, with nothing left beside it.
    assert_eq!(acl()?, 0);
    assert_eq!(fs::read_dir(folder.path())?.count(), 1);

    let ended = hello("acl -o /no/such/folder/policy")?.end()?;
    assert_eq!(ended.code, 1);
    let error = "error: --output /no/such/folder/policy: No such file";
    assert!(ended.stderr.contains(error), "{ended:?}");
    Ok(())
}

#[test]
fn a_full_disk_is_told_and_a_closed_pipe_is_not() -> Result<()> {
    for words in ["acl", "tools", "tools --json"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
        let ended = hello(words)?.stdout(full).end()?;
        assert_eq!(ended.code, 1, "{words}");
        assert!(
            ended.stderr.contains("No space left on device"),
            "{ended:?}"
        );
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        assert_eq!(hello(words)?.stdout(writer).end()?.code, 0, "{words}");
    }
    let ended = hello("acl -o /dev/full")?.end()?;
    assert_eq!(ended.code, 1);
    assert!(!fs::metadata("/dev/full")?.is_file(), "it was replaced");
    Ok(())
}

#[test]
fn a_log_filter_that_is_none_does_not_stop_a_command() -> Result<()> {
    let ended = hello("tools --log =,=")?.end()?;
    assert_eq!(ended.code, 0);
    assert!(
        ended.stderr.starts_with("warning: --log (RUST_LOG)"),
        "{ended:?}"
    );
    Ok(())
}
