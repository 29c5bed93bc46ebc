//! `tools`: from the program itself, and from the cards on a broker.

use anyhow::Result;
use expect_test::expect;
use serde_json::Value;

use crate::run::{broker, fixture, hello, mcp_mqtt};

#[test]
fn the_list_is_for_people_and_fits_in_80_columns() -> Result<()> {
    expect![[r#"
        echo text [a_rather_long_name] [another_rather_long_name]
                [the_longest_name_of_them_all] [yet_another_rather_long_name]
            Answers with what it was given, whatever it is called with and however long
            the list of what it can be called with becomes.
            callers: everybody (open)

        fail
            Fails.
            callers: scout

        hold port
            Runs until the test hangs up.
            callers: scout; streams partial results"#]]
    .assert_eq(&fixture("tools")?.end()?.output()?);
    Ok(())
}

#[test]
fn the_program_and_the_broker_show_the_same_cards() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = hello(&format!("--broker {url}"))?.serving()?;
    let own = hello("tools --json")?.end()?.json()?;
    let words = format!("tools --json --as scout --namespace demo --broker {url}");
    let live = mcp_mqtt(&words)?.end()?.json()?;
    assert_eq!(live[0]["status"], "online");
    assert_eq!(own[0]["status"], "offline");
    assert_eq!(lasting(own), lasting(live));

    let words = words.replace("--json ", "");
    let (own, live) = (hello("tools")?.end()?, mcp_mqtt(&words)?.end()?);
    assert_eq!(own.stdout, live.stdout);
    Ok(())
}

fn lasting(mut cards: Value) -> Value {
    for card in cards.as_array_mut().into_iter().flatten() {
        if let Some(card) = card.as_object_mut() {
            assert!(card.remove("status").is_some() && card.remove("last_seen").is_some());
        }
    }
    cards
}

#[test]
fn a_namespace_without_tools_is_told_and_is_no_error() -> Result<()> {
    let (_broker, url) = broker("")?;
    let words = format!("tools --as scout --namespace empty --broker {url}");
    let people = mcp_mqtt(&words)?.end()?;
    assert_eq!((people.code, people.stdout.as_str()), (0, ""));
    expect!["no tools are on the broker in the namespace `empty`; --namespace chooses another"]
        .assert_eq(&people.stderr);
    let programs = mcp_mqtt(&format!("{words} --json"))?.end()?;
    assert_eq!(
        (programs.stdout.as_str(), programs.stderr.as_str()),
        ("[]", "")
    );
    Ok(())
}
