//! Files of policies: those that `acl`, `acl merge` and `acl convert` write, and those that no command
//! may take for a policy.

use anyhow::Result;
use expect_test::expect;
use mcp_mqtt::acl::Format;

use crate::acl_questions::{Desk, is};
use crate::run::{Ended, fixture};

const KEPT: &str = "what was there before\n";

/// Nothing is printed, and the folder is as it was.
fn untouched(desk: &Desk, before: &[String], ended: &Ended) -> Result<()> {
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert_eq!(desk.names()?, before, "{ended:?}");
    assert_eq!(desk.read("kept")?, KEPT, "{ended:?}");
    Ok(())
}

/// A desk with a file that is to stay as it is.
fn desk() -> Result<Desk> {
    let desk = Desk::new()?;
    desk.write("kept", KEPT)?;
    Ok(desk)
}

#[test]
fn merging_is_stable() -> Result<()> {
    let desk = Desk::new()?;
    desk.hello("--server-identity hello --namespace other -o other.json")?
        .output()?;
    for (words, to) in [
        ("hello.json fixture.json other.json", "one"),
        ("other.json hello.json fixture.json", "two"),
        ("fixture.json other.json fixture.json hello.json", "three"),
    ] {
        desk.acl(&format!("merge {words} -o {to}"))?.output()?;
        assert_eq!(desk.read(to)?, desk.read("one")?, "{words}");
    }
    // It holds all of each, and nothing else.
    let merged = desk.read("one")?;
    let rules = |text: &str| -> Result<Vec<serde_json::Value>> {
        let policy: serde_json::Value = serde_json::from_str(text)?;
        Ok(policy["rules"].as_array().cloned().unwrap_or_default())
    };
    for file in ["hello.json", "fixture.json", "other.json"] {
        let diff = desk.acl(&format!("diff one {file}"))?;
        assert_eq!(diff.code, 0, "{diff:?}");
        assert!(!rules(&desk.read(file)?)?.is_empty());
    }
    for tool in ["demo:greet", "demo:hold", "other:greet"] {
        let matrix = desk.acl("matrix --policy one")?.output()?;
        assert!(matrix.contains(&format!("\n{tool} ")), "{matrix}");
    }
    assert!(rules(&merged)?.len() > rules(&desk.read("other.json")?)?.len());
    // One policy merged with itself, or alone, is that policy.
    for words in ["hello.json", "hello.json hello.json"] {
        desk.acl(&format!("merge {words} -o same"))?.output()?;
        assert_eq!(desk.read("same")?, desk.read("hello.json")?);
    }
    Ok(())
}

#[test]
fn two_meanings_of_one_tool_cannot_be_merged() -> Result<()> {
    let desk = desk()?;
    desk.vary("stale.json", "\"analyst\",", "")?;
    desk.vary("double.json", "servers/hello/", "servers/double/")?;
    let before = desk.names()?;
    let stale = desk.acl("merge hello.json stale.json fixture.json -o kept")?;
    is(
        &stale,
        expect![[r#"
        2

        error: the policies cannot be merged:
            tool `greet` of namespace `demo` is in hello.json and in stale.json, with different grants; export both from the same version of the server"#]],
    );
    untouched(&desk, &before, &stale)?;
    let double = desk.acl("merge fixture.json double.json hello.json -o kept")?;
    is(
        &double,
        expect![[r#"
        2

        error: the policies cannot be merged:
            tool `count_to` of namespace `demo` is in double.json and in hello.json, of two servers, which would take each other's calls; rename one of the tools or give the servers namespaces of their own
            tool `greet` of namespace `demo` is in double.json and in hello.json, of two servers, which would take each other's calls; rename one of the tools or give the servers namespaces of their own"#]],
    );
    untouched(&desk, &before, &double)?;
    let printed = desk.acl("merge hello.json double.json")?;
    assert_eq!(printed.code, 2);
    untouched(&desk, &before, &printed)
}

#[test]
fn any_format_is_converted_as_its_server_exports_it() -> Result<()> {
    let desk = Desk::new()?;
    desk.hello("--server-identity hello --not-shared -o alone.json")?
        .output()?;
    desk.hello("--server-identity hello --profile hardened -o hardened.json")?
        .output()?;
    for format in Format::ALL {
        let (policy, scope, identity) = match format {
            // It has no shared subscriptions.
            Format::RabbitMq => ("alone.json", "--not-shared", ""),
            // It cannot keep a `+` to one level beside other grants.
            Format::AwsIot => (
                "hardened.json",
                "--profile hardened",
                "--identity client-id",
            ),
            _ => ("hello.json", "", ""),
        };
        let form = format!("--format {format} {identity}");
        let convert = format!("convert {policy} {form}");
        desk.acl(&format!("{convert} -o once"))?.output()?;
        desk.acl(&format!("{convert} -o again"))?.output()?;
        let own = format!("{form} {scope} --server-identity hello -o own");
        desk.hello(&own)?.output()?;
        let once = desk.read("once")?;
        assert!(once.contains("greet"), "{format}: {once}");
        assert!(once.ends_with('\n'), "{format}: {once}");
        assert_eq!(once, desk.read("again")?, "{format}");
        assert_eq!(once, desk.read("own")?, "{format}");
        // What is printed is what the file holds.
        let printed = desk.acl(&convert)?.output()?;
        assert_eq!(printed.trim_end(), once.trim_end(), "{format}");
    }
    Ok(())
}

#[test]
fn what_a_format_cannot_express_is_no_file() -> Result<()> {
    let desk = desk()?;
    let before = desk.names()?;
    let convert = |words: &str| desk.acl(&format!("convert {words} -o kept"));
    let open = convert("fixture.json --format mosquitto-dynsec")?;
    is(
        &open,
        expect![[r#"
        2

        error: format `mosquitto-dynsec` cannot grant `demo/mcp/tools/echo/call/{$self}` of tool `echo` to any authenticated identity alone: its clients are known by name, and it takes `%u` literally; name the tool's callers, or use format `mosquitto`"#]],
    );
    let shared = convert("hello.json --format rabbitmq")?;
    is(
        &shared,
        expect![[r#"
        2

        error: format `rabbitmq` cannot grant `demo/mcp/tools/count_to/call/#` of tool `count_to` to hello alone: it has no shared subscriptions; turn them off, as by `shared(false)`"#]],
    );
    let identity = convert("hello.json --format aws-iot")?;
    is(
        &identity,
        expect![[r#"
        2

        error: format `aws-iot` cannot tell callers by username: a document is attached to a certificate and names the client ids it may use; use `client-id`"#]],
    );
    let chosen = convert("hello.json --format emqx --identity client-id")?;
    is(
        &chosen,
        expect![[r#"
        2

        error: anybody can take any client id: if your broker ties client ids to credentials, say so with `--client-ids-are-authenticated`, else use another identity"#]],
    );
    let unknown = convert("hello.json --format toml")?;
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("`toml`; use one of json,"),
        "{unknown:?}"
    );
    for ended in [open, shared, identity, chosen, unknown] {
        untouched(&desk, &before, &ended)?;
    }
    Ok(())
}

#[test]
fn the_rules_of_callers_and_of_the_server_are_all_rules() -> Result<()> {
    let desk = desk()?;
    let export = |words: &str, to: &str| {
        let words = format!("--role {words} -o {to}");
        desk.hello(&words)?.output()
    };
    export("caller --server-identity hello", "callers")?;
    export("caller", "for-callers")?;
    export("server --server-identity hello", "server")?;
    export("all --server-identity hello", "all")?;
    assert_eq!(desk.read("all")?, desk.read("hello.json")?);
    let server = desk.read("server")?;
    assert!(
        !server.contains("scout") && server.contains("[\"hello\"]"),
        "{server}"
    );
    // Without the name of a server, all rules are those of callers.
    let callers = desk.hello("--role all -o all-callers")?;
    assert_eq!(callers.code, 0, "{callers:?}");
    assert_eq!(desk.read("for-callers")?, desk.read("all-callers")?);
    for order in ["callers server", "server callers"] {
        desk.acl(&format!("merge {order} -o merged"))?.output()?;
        assert_eq!(desk.read("merged")?, desk.read("all")?);
    }
    let before = desk.names()?;
    let nameless = desk.hello("--role server -o kept")?;
    is(
        &nameless,
        expect![[r#"
        2

        error: --role server needs --server-identity: the name under which the server connects"#]],
    );
    untouched(&desk, &before, &nameless)?;
    let spaced = "--role server -o kept --server-identity=a+b";
    let misnamed = desk.hello(spaced)?;
    is(
        &misnamed,
        expect![[r#"
        2

        error: server identity `a+b` must not contain `+`: it becomes part of broker rules and topics; rename it"#]],
    );
    untouched(&desk, &before, &misnamed)
}

#[test]
fn each_role_has_its_own_rules_and_no_others() -> Result<()> {
    let desk = Desk::new()?;
    for profile in ["reference", "hardened"] {
        let export = |words: &str, to: &str| {
            let words = format!("--profile {profile} --role {words} -o {to}");
            desk.hello(&words)?.output()
        };
        export("caller --server-identity hello", "callers")?;
        export("caller", "for-callers")?;
        export("server --server-identity hello", "server")?;
        assert_eq!(desk.read("callers")?, desk.read("for-callers")?);
        // A server that its own rules let serve sees its own cards.
        let own = "check --policy server --as hello subscribe demo/mcp/servers/hello/card";
        desk.acl(own)?.output()?;
    }
    Ok(())
}

#[test]
fn strict_writes_nothing_while_there_is_a_warning() -> Result<()> {
    let desk = desk()?;
    let before = desk.names()?;
    let end = "error: nothing was written: with --strict every warning is an error";
    for to in ["", "-o kept", "-o new"] {
        for ended in [
            desk.end(fixture(&format!("acl --strict {to}"))?)?,
            desk.hello(&format!("--strict --format mosquitto {to}"))?,
            desk.acl(&format!("merge hello.json fixture.json --strict {to}"))?,
            desk.acl(&format!(
                "convert hello.json --format mosquitto --strict {to}"
            ))?,
        ] {
            assert_eq!(ended.code, 1, "{ended:?}");
            assert!(ended.stderr.starts_with("warning: ") || ended.stderr.contains("\nwarning: "));
            assert!(ended.stderr.ends_with(end), "{ended:?}");
            untouched(&desk, &before, &ended)?;
        }
    }
    // Without a warning it changes nothing.
    desk.acl("merge hello.json --strict -o new")?.output()?;
    assert_eq!(desk.read("new")?, desk.read("hello.json")?);
    Ok(())
}

// As with `acl -o FILE 2>&1 | head -1`.
#[test]
fn who_closes_standard_error_gets_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, closed) = std::io::pipe()?;
    let ended = fixture("acl -o policy.json")?
        .folder(&folder)
        .stderr(closed)
        .end()?;
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = std::fs::read_to_string(folder.path().join("policy.json"))?;
    mcp_mqtt::acl::Policy::from_json(&text)?;
    Ok(())
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_its_option() -> Result<()> {
    let desk = desk()?;
    let before = desk.names()?;
    for (words, option) in [
        ("convert hello.json", "-o"),
        ("merge hello.json", "-o"),
        ("matrix --policy hello.json", "--html"),
    ] {
        for to in ["no/such", "."] {
            let ended = desk.acl(&format!("{words} {option} {to}"))?;
            let long = option.replace("-o", "--output");
            let error = format!("error: {long} {to}: ");
            assert!(ended.stderr.contains(&error), "{error}: {ended:?}");
            assert_eq!(ended.code, 1, "{ended:?}");
            untouched(&desk, &before, &ended)?;
        }
    }
    Ok(())
}

/// A document of these rules.
fn rules(rules: &str) -> String {
    format!("{{\"version\":\"2\",\"default\":\"deny\",\"rules\":[{rules}]}}")
}

/// A sound rule, then one of this topic, action and agents.
fn second(topic: &str, action: &str, agents: &str) -> String {
    let rule = |topic: &str, action: &str, agents: &str| {
        format!(
            "{{\"topic\":\"{topic}\",\"action\":\"{action}\",\"binding\":\"agent_id\",\"agents\":{agents}}}"
        )
    };
    let sound = rule("a/b", "pub", "[\"x\"]");
    rules(&format!("{sound},{}", rule(topic, action, agents)))
}

/// What is no policy; the place and the reason that are told.
fn no_policies() -> Vec<(String, &'static str)> {
    let shape = |text: &str, told| (text.to_owned(), told);
    let topic = |topic, told| (second(topic, "sub", "[\"x\"]"), told);
    let agents = |agents, told| (second("a/b", "pub", agents), told);
    vec![
        shape(
            "",
            "is empty; expected a policy as `acl --format json` writes it",
        ),
        shape(" \n", "is empty; "),
        shape(
            "\u{feff}{}",
            "begins with a byte order mark; save it as UTF-8 without one",
        ),
        shape(
            "user scout\n",
            "no policy: expected value at line 1 column 1;",
        ),
        shape("[]", "no policy: "),
        shape(
            "{}",
            "no policy: missing field `version` at line 1 column 2;",
        ),
        shape(
            "{\"version\":\"3\",\"default\":\"deny\",\"rules\":[],\"new\":1}",
            "the policy has version \"3\"; this program reads version \"2\"",
        ),
        shape(
            "{\"version\":2,\"default\":\"deny\",\"rules\":[]}",
            "the policy has version 2; this program reads version \"2\", as a string",
        ),
        shape(
            "{\"version\":\"2\",\"default\":\"allow\",\"rules\":[]}",
            "the policy has the default `allow`; only `deny` can be enforced",
        ),
        shape(
            "{\"version\":\"2\",\n\"default\":\"deny\",\"rules\":[],\"note\":1}",
            "no policy: unknown field `note`, expected one of `version`, `default`, `rules` at line 2 column",
        ),
        (
            rules("{\"topic\":\"a\",\"action\":\"pub\",\"binding\":\"agent_id\",\"qos\":1}"),
            "no policy: unknown field `qos`, expected one of `topic`, `action`, `binding`, `agents` at line 1",
        ),
        (
            rules("{\"topic\":\"a\",\"action\":\"pub\",\"binding\":\"username\"}"),
            "rules[0].binding: `username` is not `agent_id`",
        ),
        shape(
            "{\"version\":\"2\",\"default\":\"deny\",\"rules\":[],\"\\u001b[31mx\\ny\":1}",
            "no policy: unknown field `\u{fffd}[31mx\u{fffd}y`, expected one of",
        ),
        (
            rules("") + "x",
            "no policy: trailing characters at line 1 column",
        ),
        (
            second("a/b", "all", "[\"x\"]"),
            "rules[1].action: `all` is neither `pub` nor `sub`",
        ),
        agents("[]", "rules[1].agents: `[]` grants nobody anything"),
        agents(
            "[\"x\\ntopic #\"]",
            "rules[1].agents: `x\\ntopic #` contains `\\n`",
        ),
        agents("[\"x\",\"+\"]", "rules[1].agents: `+` must not contain `+`"),
        agents("[\"#\"]", "rules[1].agents: `#` must not contain `#`"),
        agents("[\"\"]", "rules[1].agents: ``"),
        topic(
            "a/b\\nuser y",
            "rules[1].topic: `a/b\\nuser y` has a level that contains `\\n`",
        ),
        topic("", "rules[1].topic: `` is no valid topic filter"),
        topic("a/#/b", "rules[1].topic: `a/#/b` is no valid topic filter"),
        topic("a/b+", "rules[1].topic: `a/b+` is no valid topic filter"),
        topic(
            "$share/g",
            "rules[1].topic: `$share/…` is no valid topic filter",
        ),
        topic(
            "$share/g h/a",
            "rules[1].topic: `$share/…/a` has a share group that is not",
        ),
        (
            second("$share/g/a", "pub", "[\"x\"]"),
            "rules[1].topic: `$share/…/a` is a shared subscription; nothing can be published to one",
        ),
    ]
}

/// Every command refuses this file, names it, tells this, and leaves everything as it was.
fn refused(desk: &Desk, file: &str, told: &str) -> Result<()> {
    let before = desk.names()?;
    for words in [
        format!("check --policy {file} --as x publish a/b"),
        format!("matrix --policy {file}"),
        format!("matrix --policy {file} --html kept"),
        format!("diff {file} hello.json"),
        format!("diff hello.json {file}"),
        format!("merge hello.json {file} -o kept"),
        format!("merge {file} hello.json -o new"),
        format!("convert {file} --format mosquitto -o kept"),
        format!("convert {file} -o new"),
    ] {
        let ended = desk.acl(&words)?;
        assert_eq!(ended.code, 2, "{words}: {told}: {ended:?}");
        let error = format!("error: {file}: {told}");
        assert!(
            ended.stderr.starts_with(&error),
            "{words}: {error}: {ended:?}"
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{words}: {ended:?}");
        untouched(desk, &before, &ended)?;
    }
    let own = desk.hello(&format!("diff {file}"))?;
    assert_eq!(own.code, 2, "{told}: {own:?}");
    untouched(desk, &before, &own)
}

#[test]
fn what_is_no_policy_is_refused_with_place_and_reason() -> Result<()> {
    let desk = desk()?;
    for (text, told) in no_policies() {
        desk.write("bad.json", &text)?;
        refused(&desk, "bad.json", told)?;
    }
    desk.write("bad.json", [0xff, 0xfe])?;
    refused(
        &desk,
        "bad.json",
        "is no UTF-8 text; expected a policy as `acl --format json` writes it",
    )?;
    refused(
        &desk,
        "missing.json",
        "No such file or directory (os error 2); expected a policy as",
    )?;
    refused(
        &desk,
        ".",
        "Is a directory (os error 21); expected a policy as",
    )
}

/// `null` is not the absence that means anybody.
#[test]
fn agents_that_are_null_are_refused() -> Result<()> {
    let desk = desk()?;
    desk.write("bad.json", second("a/b", "pub", "null"))?;
    refused(&desk, "bad.json", "")
}
