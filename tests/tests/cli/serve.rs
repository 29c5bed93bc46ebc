//! `serve`: the ready block, the embedded broker, and the ways to end.

use std::net::TcpListener;

use anyhow::{Context, Result};
use expect_test::expect;
use mcp_mqtt_tests::log::Mark;
use mcp_mqtt_tests::{Mosquitto, artifacts, free_port};
use rustix::process::Signal;

use crate::run::{Run, broker, fixture, hello, mcp_mqtt};

#[test]
fn the_ready_block_says_what_is_served_and_how_to_call_it() -> Result<()> {
    let (_broker, url) = broker("")?;
    let server = fixture(&format!("--broker {url}"))?.serving()?;
    let program = artifacts::program("fixture")?;
    let ended = server.stop()?;
    let block = ended
        .stdout
        .replace(&url, "URL")
        .replace(&program.display().to_string(), "PROGRAM");
    expect![[r#"
        server `fixture` is ready

          broker     URL
          namespace  demo
          callers    claimed: the broker enforces no policy; see `acl --help`
          tools      echo  everybody (open)
                     fail  scout
                     hold  scout
          call one   PROGRAM call echo --arg text=Ann --as me --broker URL
          stop       Ctrl-C
    "#]]
    .assert_eq(&block);
    assert_eq!(ended.code, 0);
    Ok(())
}

#[test]
fn the_embedded_broker_takes_the_next_port_and_the_suggested_call_works() -> Result<()> {
    // Whether by this listener or by somebody else's: the port is taken.
    let _taken = TcpListener::bind("127.0.0.1:1883");
    let server = hello("")?.serving()?;
    let block = server.stdout.text();
    assert!(block.contains("embedded, for development"), "{block}");
    assert!(block.contains("port 1883 was"), "{block}");
    assert!(block.contains("callers    verified"), "{block}");
    let call = block
        .lines()
        .find_map(|line| line.trim().strip_prefix("call one"));
    let mut words = call.context("no call is suggested")?.split_whitespace();
    let call = Run::new(words.next().context("no program")?);
    let ended = words.fold(call, |call, word| call.word(word)).end()?;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "3"), "{ended:?}");
    // The policy is in force, and the server's name is not for everybody.
    let (_, url) = block.split_once("broker     ").context("no broker")?;
    let url = url.lines().next().unwrap_or_default();
    for words in [
        "greet --arg name=Ann --as mallory",
        "greet --arg name=Ann --as hello",
    ] {
        let words = format!("call {words} --broker {url}");
        assert_eq!(hello(&words)?.end()?.code, 3, "{words}");
    }
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}

#[test]
fn sigterm_lets_a_running_call_finish_and_ctrl_c_too() -> Result<()> {
    let (_broker, url) = broker("")?;
    for signal in [Signal::TERM, Signal::INT] {
        let server = fixture(&format!("--broker {url}"))?.serving()?;
        let test = TcpListener::bind("127.0.0.1:0")?;
        let port = test.local_addr()?.port();
        let words = format!("call hold --arg port={port} --as scout --broker {url}");
        let call = fixture(&words)?.start()?;
        let (tool, _) = test.accept()?;
        call.stderr.wait_for(Mark::default(), "started")?;
        server.signal(signal)?;
        server
            .stderr
            .wait_for(Mark::default(), "running calls are finished first")?;
        // The tool ends when the test hangs up.
        drop(tool);
        let call = call.end()?;
        assert_eq!(
            (call.code, call.stdout.as_str()),
            (0, "\"done\""),
            "{call:?}"
        );
        assert!(call.stderr.contains("almost done"), "{call:?}");
        let ended = server.end()?;
        assert_eq!(ended.code, 0, "{ended:?}");
        // Nobody takes calls any more.
        let words = format!("call fail --as scout --broker {url}");
        assert_eq!(fixture(&words)?.end()?.code, 4);
    }
    Ok(())
}

#[test]
fn a_second_signal_ends_at_once() -> Result<()> {
    let (_broker, url) = broker("")?;
    let server = fixture(&format!("--broker {url}"))?.serving()?;
    let test = TcpListener::bind("127.0.0.1:0")?;
    let port = test.local_addr()?.port();
    let words = format!("call hold --arg port={port} --as scout --broker {url}");
    let call = fixture(&words)?.start()?;
    let _tool = test.accept()?;
    // It blocks a thread from here on.
    call.stderr.wait_for(Mark::default(), "started")?;
    server.signal(Signal::INT)?;
    server
        .stderr
        .wait_for(Mark::default(), "running calls are finished first")?;
    server.signal(Signal::INT)?;
    let ended = server.end()?;
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("error: stopped by a second signal"),
        "{ended:?}"
    );
    Ok(())
}

#[test]
fn a_server_without_a_broker_waits_for_one() -> Result<()> {
    let port = free_port()?;
    let server = hello(&format!("--broker mqtt://127.0.0.1:{port}"))?.start()?;
    let warning = server.stderr.wait_for(Mark::default(), "WARN")?;
    assert!(warning.contains("check the address and that the broker is running; trying again"));
    let _broker = mcp_mqtt(&format!("broker --listen 127.0.0.1:{port}"))?.serving()?;
    server.stdout.wait_for(Mark::default(), "is ready")?;
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}

#[test]
fn a_server_without_a_broker_stops_when_told() -> Result<()> {
    let server = hello(&format!("--broker mqtt://127.0.0.1:{}", free_port()?))?.start()?;
    server.stderr.wait_for(Mark::default(), "WARN")?;
    let ended = server.stop()?;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""));
    Ok(())
}

#[test]
fn exit_on_disconnect_ends_a_server_that_loses_its_broker() -> Result<()> {
    let mut broker = Mosquitto::open()?;
    let server = hello("--exit-on-disconnect --broker")?
        .word(broker.url())
        .serving()?;
    broker.stop()?;
    let ended = server.end()?;
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("error: the broker is away"),
        "{ended:?}"
    );
    Ok(())
}

#[test]
fn a_reader_that_leaves_does_not_stop_the_server() -> Result<()> {
    let (_broker, url) = broker("")?;
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let server = hello(&format!("--broker {url} --log info"))?
        .stdout(writer)
        .start()?;
    let call = || {
        hello(&format!(
            "call greet --arg name=Ann --as scout --broker {url}"
        ))?
        .end()
    };
    // Ready, as a warning before the block tells.
    server
        .stderr
        .wait_for(Mark::default(), "callers are claimed")?;
    assert_eq!(call()?.code, 0);
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}
