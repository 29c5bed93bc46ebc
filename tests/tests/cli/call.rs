//! `call`: what goes where, and the exit codes.

use std::net::TcpListener;

use anyhow::Result;
use expect_test::{Expect, expect};

use crate::run::{Ended, Running, broker, fixture, hello};

struct Place {
    _broker: Running,
    _server: Running,
    url: String,
}

impl Place {
    fn new() -> Result<Self> {
        let (broker, url) = broker("")?;
        Ok(Self {
            _broker: broker,
            _server: fixture(&format!("--broker {url}"))?.serving()?,
            url,
        })
    }

    fn call(&self, words: &str) -> Result<Ended> {
        fixture(&format!("call {words} --broker {}", self.url))?.end()
    }

    fn fails(&self, words: &str, code: i32, said: Expect) -> Result<()> {
        let ended = self.call(words)?;
        said.assert_eq(&ended.stderr);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{words}");
        Ok(())
    }
}

#[test]
fn a_result_is_json_on_standard_output_and_nothing_else_is_printed() -> Result<()> {
    let place = Place::new()?;
    let ended = place.call("echo --arg text=hi --as anybody")?;
    assert_eq!(
        (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
        (0, "\"hi\"", "")
    );
    let ended = place.call(r#"echo {"text":"hi","the_longest_name_of_them_all":"!"} --as me"#)?;
    assert_eq!(ended.stdout, "\"hi!\"");
    // What is JSON is meant as JSON; quotes make it a text.
    assert_eq!(place.call("echo --arg text=3 --as me")?.code, 5);
    assert_eq!(
        place.call(r#"echo --arg text="3" --as me"#)?.stdout,
        "\"3\""
    );
    Ok(())
}

#[test]
fn each_kind_of_failure_has_its_exit_code_and_says_what_to_do() -> Result<()> {
    let place = Place::new()?;
    place.fails("fail --as mallory", 3, expect!["error: the server refused the call: caller `mallory` may not call tool `fail`; its `allowed_callers` must name it"])?;
    place.fails("nowhere --as scout", 4, expect!["error: `nowhere` is unavailable: it has no card that says online, and no response came; start its server, or try again later, but only if running twice does no harm: whether the tool ran is unknown"])?;
    place.fails("echo --as scout", 5, expect!["error: /text is required"])?;
    place.fails(
        "fail --as scout",
        5,
        expect!["error: `fail` failed: the roof is on fire (code fire)"],
    )?;
    Ok(())
}

#[test]
fn partial_results_are_lines_on_standard_error_where_there_is_no_terminal() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = hello(&format!("--broker {url}"))?.serving()?;
    let words = format!("call count_to --arg n=2 --as scout --broker {url}");
    let ended = hello(&words)?.end()?;
    assert_eq!(ended.stdout, "2");
    expect![[r#"
        {"progress":1,"total":2}
        {"progress":2,"total":2}"#]]
    .assert_eq(&ended.stderr);
    Ok(())
}

#[test]
fn a_timeout_is_exit_code_4() -> Result<()> {
    let place = Place::new()?;
    let test = TcpListener::bind("127.0.0.1:0")?;
    let port = test.local_addr()?.port();
    let ended = place.call(&format!(
        "hold --arg port={port} --as scout --timeout 300ms"
    ))?;
    assert_eq!((ended.code, ended.stdout.as_str()), (4, ""));
    assert!(ended.stderr.contains("`hold` timed out"), "{ended:?}");
    Ok(())
}
