//! What only `mcp-mqtt` has: a broker, and calls without a server's program.

use std::fs;

use anyhow::Result;
use expect_test::expect;

use crate::run::{broker, hello, mcp_mqtt};

#[test]
fn the_broker_says_where_it_is_and_that_it_is_for_development() -> Result<()> {
    let (broker, url) = broker("")?;
    let ended = broker.stop()?;
    expect![[r#"
        broker is ready, for development: in memory, and user names need no password

          address  URL
          policy   none: everybody may do everything; see --policy
          stop     Ctrl-C
    "#]]
    .assert_eq(&ended.stdout.replace(&url, "URL"));
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    Ok(())
}

#[test]
fn a_broker_that_cannot_start_says_why() -> Result<()> {
    let (_broker, url) = broker("")?;
    let address = url.trim_start_matches("mqtt://");
    let taken = mcp_mqtt(&format!("broker --listen {address}"))?.end()?;
    assert_eq!(taken.code, 1);
    assert_eq!(
        taken.stderr,
        format!(
            "error: cannot listen on {address}: Address already in use (os error 98); choose another \
             address, or port 0 for any free one"
        )
    );
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("policy.json");
    for text in [
        "",
        "{}",
        "[]",
        "{\"version\":\"9\",\"default\":\"deny\",\"rules\":[]}",
    ] {
        fs::write(&file, text)?;
        let ended = mcp_mqtt("broker --policy")?.word(&file).end()?;
        assert_eq!(ended.code, 2, "{text}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        let begin = format!("error: {}: ", file.display());
        assert!(ended.stderr.starts_with(&begin), "{ended:?}");
    }
    Ok(())
}

#[test]
fn it_calls_the_tools_of_any_server() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = hello(&format!("--broker {url}"))?.serving()?;
    let words = format!("call greet --arg name=Ann --as scout --broker {url}");
    let demo = mcp_mqtt(&words)?.words("--namespace demo").end()?;
    assert_eq!(demo.json()?["text"], "Hello, Ann!");
    // Elsewhere there is no such tool.
    assert_eq!(mcp_mqtt(&words)?.end()?.code, 4);
    Ok(())
}
