//! Questions about policies: `acl check`, `matrix` and `diff`, of files and of a server's own policy.
//! What makes files of policies is in `acl_files.rs`, bad files too.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use expect_test::{Expect, expect};
use tempfile::TempDir;

use crate::run::{Ended, Run, fixture, hello, mcp_mqtt};

/// A folder with the policies of `hello` and `fixture`, in which the programs run.
pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Result<Self> {
        let desk = Self(tempfile::tempdir()?);
        desk.hello("--server-identity hello -o hello.json")?
            .output()?;
        let other = fixture("acl --server-identity fixture -o fixture.json")?;
        desk.end(other)?.output()?;
        Ok(desk)
    }

    /// `mcp-mqtt acl`, with these words.
    pub fn acl(&self, words: &str) -> Result<Ended> {
        self.end(mcp_mqtt("acl")?.words(words))
    }

    /// `hello acl`, with these words.
    pub fn hello(&self, words: &str) -> Result<Ended> {
        self.end(hello("acl")?.words(words))
    }

    pub fn end(&self, run: Run) -> Result<Ended> {
        run.folder(self.0.path()).end()
    }

    pub fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.path(name))?)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
        Ok(fs::write(self.path(name), text)?)
    }

    /// Writes the policy of `hello` with one text in the place of another, which it must hold.
    pub fn vary(&self, name: &str, from: &str, to: &str) -> Result<()> {
        let text = self.read("hello.json")?;
        assert!(text.contains(from), "{from} is not in {text}");
        self.write(name, text.replace(from, to))
    }

    /// All names in the folder, hidden ones too.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.0.path())?;
        let mut names = entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}

/// The exit code, then what is printed, then what is said, each on lines of its own.
pub fn is(ended: &Ended, told: Expect) {
    let Ended {
        code,
        stdout,
        stderr,
    } = ended;
    told.assert_eq(&format!("{code}\n{stdout}\n{stderr}"));
}

#[test]
fn check_names_the_rule_that_allows() -> Result<()> {
    let desk = Desk::new()?;
    let call = "check --as scout publish demo/mcp/tools/greet/call/scout";
    let own = desk.hello(call)?;
    is(
        &own,
        expect![[r#"
        0
        allowed: analyst, scout may publish `demo/mcp/tools/greet/call/{$self}` (calls, bound to the caller)
    "#]],
    );
    // The same policy from a file says the same.
    let filed = desk.acl(&format!("{call} --policy hello.json"))?;
    assert_eq!(filed.stdout, own.stdout);
    let cards = "check --as analyst subscribe demo/mcp/tools/+/card";
    is(
        &desk.hello(cards)?,
        expect![[r#"
        0
        allowed: analyst, scout may subscribe `demo/mcp/tools/+/card` (discovery)
    "#]],
    );
    let plain = "check --as analyst publish demo/mcp/tools/greet/call";
    is(
        &desk.hello(plain)?,
        expect![[r#"
        0
        allowed: analyst, scout may publish `demo/mcp/tools/greet/call` (calls, the caller is a claim)
    "#]],
    );
    let hardened = desk.hello(&format!("{plain} --profile hardened"))?;
    is(
        &hardened,
        expect![[r#"
        3

        error: denied: no single rule grants it to anybody"#]],
    );
    Ok(())
}

#[test]
fn check_gives_the_reason_for_a_denial() -> Result<()> {
    let desk = Desk::new()?;
    let asked = |words: &str| desk.acl(&format!("check --policy hello.json {words}"));
    is(
        &asked("--as analyst publish demo/mcp/tools/count_to/call/analyst")?,
        expect![[r#"
            3

            error: denied: only scout may publish `demo/mcp/tools/count_to/call/{$self}` (calls, bound to the caller)"#]],
    );
    is(
        &asked("--as analyst publish demo/mcp/tools/greet/call/scout")?,
        expect![[r#"
            3

            error: denied: no single rule grants it to anybody"#]],
    );
    is(
        &asked("--as scout subscribe demo/mcp/clients/analyst/responses")?,
        expect![[r#"
            3

            error: denied: no single rule grants it to anybody"#]],
    );
    is(
        &asked("--as scout subscribe #")?,
        expect![[r#"
        3

        error: denied: no single rule grants it to anybody"#]],
    );
    // Neither an anonymous client nor one with an empty name is anybody.
    for who in ["", "--as="] {
        for action in [
            "publish demo/mcp/tools/greet/call/scout",
            "subscribe demo/mcp/tools/+/card",
        ] {
            let ended = asked(&format!("{who} {action}"))?;
            assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
        }
    }
    is(
        &asked("publish demo/mcp/tools/greet/call")?,
        expect![[r#"
        3

        error: denied: an anonymous client may nothing"#]],
    );
    Ok(())
}

#[test]
fn check_tells_share_groups_apart() -> Result<()> {
    let desk = Desk::new()?;
    let calls = "demo/mcp/tools/greet/call/#";
    let asked = |who: &str, group: &str| {
        desk.acl(&format!(
            "check --policy hello.json --as {who} subscribe {group}{calls}"
        ))
    };
    is(
        &asked("hello", "$share/mcp-tool-greet/")?,
        expect![[r#"
        0
        allowed: hello may subscribe `$share/mcp-tool-greet/demo/mcp/tools/greet/call/#` (calls to serve)
    "#]],
    );
    is(
        &asked("scout", "$share/mcp-tool-greet/")?,
        expect![[r#"
        3

        error: denied: only hello may subscribe `$share/mcp-tool-greet/demo/mcp/tools/greet/call/#` (calls to serve)"#]],
    );
    for group in ["$share/other/", "$share/mcp-tool-count_to/", ""] {
        let ended = asked("hello", group)?;
        assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
    }
    Ok(())
}

#[test]
fn check_denies_what_is_no_topic() -> Result<()> {
    let desk = Desk::new()?;
    let asked = |action: &str, topic: &str| {
        let words = format!("acl check --policy hello.json --as scout {action}");
        desk.end(mcp_mqtt(&words)?.word(topic))
    };
    for (action, topic) in [
        ("publish", ""),
        ("publish", "demo/mcp/tools/greet/call/#"),
        ("publish", "demo/mcp/tools/+/call"),
        ("publish", "$share/g/demo/mcp/tools/greet/call"),
        ("subscribe", ""),
        ("subscribe", "demo/#/card"),
        ("subscribe", "demo/mcp/tools/a+/card"),
        ("subscribe", "$share/g"),
        ("subscribe", "$share//demo/mcp/tools/+/card"),
        ("subscribe", "$share/+/demo/mcp/tools/+/card"),
    ] {
        let ended = asked(action, topic)?;
        assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
        if !topic.starts_with("$share/g/") {
            let reason = "error: denied: no valid topic";
            assert!(ended.stderr.starts_with(reason), "{topic}: {ended:?}");
        }
    }
    assert_eq!(asked("receive", "demo")?.code, 2);
    Ok(())
}

#[test]
fn the_matrix_has_a_row_for_each_tool_and_a_column_for_each_caller() -> Result<()> {
    let desk = Desk::new()?;
    let own = desk.hello("matrix")?;
    is(
        &own,
        expect![[r#"
            0
                      analyst  scout
            count_to  -        yes
            greet     yes      yes

            bound: may call, only under its own name; yes: may call, also on the plain
            topic, where the name is a claim; claimed: only there; ANY NAME: may call as
            anybody, by a rule with a wildcard; -: may not call; open: any authenticated
            identity may call
        "#]],
    );
    // The server is nobody who calls.
    assert_eq!(desk.acl("matrix --policy hello.json")?.stdout, own.stdout);
    let open = desk.acl("matrix --policy fixture.json")?.output()?;
    assert!(open.contains("\necho (open)  yes\n"), "{open}");
    let hardened = desk.hello("matrix --profile hardened")?.output()?;
    assert!(
        hardened.contains("\ncount_to  -        bound\n"),
        "{hardened}"
    );
    Ok(())
}

#[test]
fn the_page_of_the_matrix_needs_nothing_but_itself() -> Result<()> {
    let desk = Desk::new()?;
    desk.acl("merge hello.json fixture.json -o all.json")?
        .output()?;
    let ended = desk.acl("matrix --policy all.json --html page.html")?;
    assert_eq!(ended.output()?, "");
    let page = desk.read("page.html")?;
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    // No element but these, none with an attribute but these: no script, nothing from elsewhere.
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let mut words = tag.trim_start_matches('/').split_whitespace();
        let element = words.next().unwrap_or_default();
        let known = "!doctype html head meta title style body h1 p table thead tbody tr th td";
        assert!(known.split(' ').any(|one| one == element), "{tag}");
        for word in words {
            let name = word.split('=').next().unwrap_or_default();
            let known = [
                "html", "lang", "charset", "name", "content", "scope", "class",
            ];
            assert!(known.contains(&name), "{tag}");
        }
    }
    for outside in ["url(", "@import", "://"] {
        assert!(!page.contains(outside), "{outside}: {page}");
    }
    for tool in ["greet", "count_to", "hold", "fail", "echo (open)"] {
        let row = format!("<th scope=\"row\">{tool}</th>");
        assert_eq!(page.matches(&row).count(), 1, "{tool}: {page}");
    }
    for caller in ["analyst", "scout"] {
        let column = format!("<th scope=\"col\">{caller}</th>");
        assert_eq!(page.matches(&column).count(), 1, "{caller}: {page}");
    }
    assert_eq!(page.matches("</td>").count(), 5 * 2);
    Ok(())
}

#[test]
fn diff_fails_on_a_gain_and_only_on_a_gain() -> Result<()> {
    let desk = Desk::new()?;
    desk.vary(
        "wide.json",
        "\"agents\":[\"analyst\",",
        "\"agents\":[\"analyst\",\"mallory\",",
    )?;
    is(
        &desk.acl("diff hello.json hello.json")?,
        expect![[r#"
        0

    "#]],
    );
    let gain = desk.acl("diff hello.json wide.json")?;
    is(
        &gain,
        expect![[r#"
        1
        + mallory may publish `demo/mcp/tools/greet/call/{$self}`
        + mallory may publish `demo/mcp/tools/greet/call`
        + mallory may publish `demo/mcp/servers/hello/cancel/{$self}`
        + mallory may subscribe `demo/mcp/clients/{$self}/responses`
        + mallory may subscribe `demo/mcp/servers/+/card`
        + mallory may subscribe `demo/mcp/servers/+/instances/+`
        + mallory may subscribe `demo/mcp/tools/+/card`
        error: somebody gains: the lines with + say who and what"#]],
    );
    let loss = desk.acl("diff wide.json hello.json")?;
    assert_eq!((loss.code, loss.stderr.as_str()), (0, ""), "{loss:?}");
    assert_eq!(loss.stdout, gain.stdout.replace("+ ", "- "));
    // Who gains here while somebody loses there is told both ways, and fails.
    desk.vary("moved.json", "analyst", "mallory")?;
    let moved = desk.acl("diff hello.json moved.json")?;
    assert_eq!(moved.code, 1);
    assert_eq!(
        moved.stdout.matches("+ mallory").count(),
        moved.stdout.matches("- analyst").count()
    );
    assert!(moved.stdout.contains("+ mallory"), "{moved:?}");
    // The same rules in another order are no change.
    let text = desk.read("hello.json")?;
    let mut lines: Vec<_> = text.lines().collect();
    let (first, last) = (4, lines.len() - 3);
    assert!(lines[first].ends_with("},") && lines[last].ends_with('}'));
    lines.swap(first, last - 1);
    desk.write("swapped.json", lines.join("\n"))?;
    assert_ne!(desk.read("swapped.json")?, text);
    is(
        &desk.acl("diff hello.json swapped.json")?,
        expect![[r#"
        0

    "#]],
    );
    Ok(())
}

#[test]
fn diff_holds_the_servers_own_policy_against_the_deployed_one() -> Result<()> {
    let desk = Desk::new()?;
    let own = |file: &str| desk.hello(&format!("diff {file} --server-identity hello"));
    is(
        &own("hello.json")?,
        expect![[r#"
        0

    "#]],
    );
    desk.vary("deployed.json", "\"analyst\",", "")?;
    is(
        &own("deployed.json")?,
        expect![[r#"
        1
        + analyst may publish `demo/mcp/tools/greet/call/{$self}`
        + analyst may publish `demo/mcp/tools/greet/call`
        + analyst may publish `demo/mcp/servers/hello/cancel/{$self}`
        + analyst may subscribe `demo/mcp/clients/{$self}/responses`
        + analyst may subscribe `demo/mcp/servers/+/card`
        + analyst may subscribe `demo/mcp/servers/+/instances/+`
        + analyst may subscribe `demo/mcp/tools/+/card`
        error: somebody gains: the lines with + say who and what"#]],
    );
    desk.vary("deployed.json", "\"scout\"]", "\"scout\",\"zoe\"]")?;
    let loss = own("deployed.json")?;
    assert_eq!((loss.code, loss.stderr.as_str()), (0, ""), "{loss:?}");
    assert!(
        loss.stdout
            .lines()
            .all(|line| line.starts_with("- zoe may ")),
        "{loss:?}"
    );
    // Without a server there is no policy of its own.
    is(
        &desk.acl("diff hello.json")?,
        expect![[r#"
        2

        error: the new policy is missing; write `acl diff OLD NEW`"#]],
    );
    Ok(())
}

#[test]
fn options_that_a_file_makes_useless_are_refused() -> Result<()> {
    let desk = Desk::new()?;
    desk.write("key", "k3y")?;
    let check = "check --as scout publish demo/mcp/tools/greet/call";
    for option in [
        "--profile hardened",
        "--profile reference",
        "--server-identity hello",
        "--share-key-file key",
        "--not-shared",
        "--namespace demo",
    ] {
        for question in [
            &format!("{check} --policy hello.json"),
            "matrix --policy hello.json",
            "diff hello.json hello.json",
        ] {
            let words = format!("{question} {option}");
            for ended in [desk.acl(&words)?, desk.hello(&words)?] {
                assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{words}");
                let word = option.split(' ').next().unwrap_or_default();
                let told = format!(
                    "error: `{word}` is for a server's own policy, but this one is read from a file \
                     (hello.json): leave one of them out\n"
                );
                assert!(ended.stderr.starts_with(&told), "{words}: {ended:?}");
            }
        }
        // They are for the policy of the program.
        for question in [check, "matrix", "diff hello.json"] {
            let ended = desk.hello(&format!("{question} {option}"))?;
            assert_ne!(ended.code, 2, "{question} {option}: {ended:?}");
        }
    }
    let early = desk.end(hello("--namespace demo acl matrix --policy hello.json")?)?;
    assert_eq!(early.code, 2, "{early:?}");
    Ok(())
}

#[test]
fn variables_for_the_own_policy_may_stand_beside_a_file() -> Result<()> {
    let desk = Desk::new()?;
    let check = "acl check --as scout publish demo/mcp/tools/greet/call";
    for words in [
        &format!("{check} --policy hello.json"),
        "acl matrix --policy hello.json",
        "acl diff hello.json hello.json",
    ] {
        let run = hello(words)?
            .env("MCP_MQTT_ACL_PROFILE", "hardened")
            .env("MCP_MQTT_SERVER_IDENTITY", "hello")
            .env("MCP_MQTT_SHARE_KEY_FILE", "missing")
            .env("MCP_MQTT_NOT_SHARED", "true")
            .env("MCP_MQTT_NAMESPACE", "other");
        desk.end(run)?.output()?;
    }
    // The file of a variable is one, too, and can be put out of force.
    let hardened = format!("{check} --profile hardened");
    let both = desk.end(hello(&hardened)?.env("MCP_MQTT_POLICY", "hello.json"))?;
    assert_eq!(both.code, 2, "{both:?}");
    let from = "(MCP_MQTT_POLICY, hello.json)";
    assert!(both.stderr.contains(from), "{both:?}");
    let own = desk.end(hello(&hardened)?.env("MCP_MQTT_POLICY", ""))?;
    assert_eq!(own.code, 3, "{own:?}");
    Ok(())
}
