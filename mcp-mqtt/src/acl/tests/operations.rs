//! What is done with whole policies: uniting, comparing, showing as a table, taking one role's rules.

use super::super::{Action, Cell, Difference, Principals, Role};
use super::*;

fn policy(server: &str, tools: &[Tool]) -> Policy {
    derive(&Scope::new("demo", server), tools)
}

#[test]
fn merged_policies_grant_what_each_granted() {
    let one = policy("one", &[tool("read", &["scout"])]);
    let two = policy("two", &[tool("write", &["scribe"])]);
    let merged = Policy::merge([("one", &one), ("two", &two), ("again", &one)]).unwrap();
    for rule in one.rules().iter().chain(two.rules()) {
        let same = merged.rules().iter().find(|r| r.filter == rule.filter);
        let Principals::Named(names) = &rule.who else {
            panic!("named");
        };
        assert!(names.iter().all(|name| same.unwrap().who.include(name)));
    }
    assert!(merged.diff(&one).lost.is_empty());
}

#[test]
fn two_servers_with_one_tool_name_are_a_conflict() {
    let one = policy("one", &[tool("read", &["scout"])]);
    let two = policy("two", &[tool("read", &["scout"])]);
    let error = Policy::merge([("a.json", &one), ("b.json", &two)]).unwrap_err();
    assert_eq!(error.conflicts.len(), 1);
    assert_eq!(error.conflicts[0].difference, Difference::Servers);
    let text = error.to_string();
    assert!(text.contains("`read`") && text.contains("a.json") && text.contains("b.json"));
}

#[test]
fn one_server_with_two_opinions_is_a_conflict() {
    let old = policy("one", &[tool("read", &["scout"])]);
    let new = policy("one", &[tool("read", &["scout", "mallory"])]);
    let error = Policy::merge([("old", &old), ("new", &new)]).unwrap_err();
    assert_eq!(error.conflicts[0].difference, Difference::Grants);
}

#[test]
fn the_same_tool_name_in_two_namespaces_is_none() {
    let tools = [tool("read", &["scout"])];
    let one = derive(&Scope::new("a", "one"), &tools);
    let two = derive(&Scope::new("b", "two"), &tools);
    assert!(Policy::merge([("one", &one), ("two", &two)]).is_ok());
}

#[test]
fn the_roles_of_a_policy_make_it_up_again() {
    for profile in [Profile::Reference, Profile::Hardened] {
        let greet = crate::tool::Tool::builder("greet")
            .allowed_callers(["scout"])
            .handler(|(): (), _: crate::tool::ToolContext| async { Ok::<_, String>(()) })
            .build()
            .unwrap();
        let tools = crate::tool::Registry::empty().add(greet).unwrap();
        let scope = scope(profile, Some("hello"));
        let part = |role| Policy::derive_role(&scope, &tools, role).unwrap();
        let (callers, server) = (part(Role::Caller), part(Role::Server));
        let names = |policy: &Policy, name: &str| {
            let mut rules = policy.rules().iter();
            rules.any(|rule| rule.who.include(name))
        };
        assert!(names(&callers, "scout") && !names(&callers, "hello"));
        assert!(names(&server, "hello") && !names(&server, "scout"));
        let merged = Policy::merge([("callers", &callers), ("server", &server)]).unwrap();
        assert_eq!(merged, Policy::derive(&scope, &tools).unwrap());
    }
}

#[test]
fn a_merged_policy_can_be_merged_with_its_parts_again() {
    let one = policy("one", &[tool("read", &["scout"])]);
    let two = policy("two", &[tool("write", &["scribe"])]);
    let merged = Policy::merge([("one", &one), ("two", &two)]).unwrap();
    let again = Policy::merge([("merged", &merged), ("one", &one)]).unwrap();
    assert_eq!(again, merged);
    let other = policy("three", &[tool("read", &["scout"])]);
    assert!(Policy::merge([("merged", &merged), ("three", &other)]).is_err());
}

#[test]
fn a_difference_names_who_gains_and_who_loses() {
    let old = policy("one", &[tool("read", &["scout", "analyst"])]);
    let new = policy("one", &[tool("read", &["scout", "mallory"])]);
    let diff = new.diff(&old);
    for (rules, name) in [(&diff.gained, "mallory"), (&diff.lost, "analyst")] {
        assert!(!rules.is_empty());
        let only = Principals::Named([name.to_owned()].into());
        assert!(rules.iter().all(|rule| rule.who == only), "{rules:?}");
    }
    assert!(old.diff(&old).is_empty());
}

#[test]
fn opening_a_tool_is_a_gain_of_everybody_and_closing_it_a_loss() {
    let closed = policy("one", &[tool("read", &["scout"])]);
    let opened = policy("one", &[open("read")]);
    let diff = opened.diff(&closed);
    assert!(diff.lost.is_empty());
    assert!(diff.gained.iter().all(|r| r.who == Principals::Anyone));
    assert!(closed.diff(&opened).gained.is_empty());
}

#[test]
fn what_a_wider_rule_covers_is_no_gain() {
    let tools = closed_tools();
    let reference = derive(&scope(Profile::Reference, None), &tools);
    let hardened = derive(&scope(Profile::Hardened, None), &tools);
    let diff = hardened.diff(&reference);
    assert!(diff.gained.is_empty(), "{:?}", diff.gained);
    assert!(!diff.lost.is_empty());
}

#[test]
fn a_table_shows_callers_and_tools() {
    let tools = [
        tool("greet", &["scout", "analyst"]),
        open("ping"),
        tool("locked", &[]),
    ];
    let matrix = derive(&scope(Profile::Reference, Some("hello")), &tools).matrix();
    assert_eq!(matrix.callers, ["analyst", "scout"]);
    let rows: Vec<_> = matrix
        .tools
        .iter()
        .map(|row| (row.tool.as_str(), row.open, row.cells.clone()))
        .collect();
    let all = |cell| vec![cell; 2];
    assert_eq!(
        rows,
        [
            ("greet", false, all(Cell::Both)),
            ("locked", false, all(Cell::Denied)),
            ("ping", true, all(Cell::Both)),
        ]
    );
    let hardened = derive(&scope(Profile::Hardened, None), &tools).matrix();
    assert_eq!(hardened.tools[0].cells, all(Cell::Bound));
}

#[test]
fn gains_are_what_the_new_policy_decides_otherwise() {
    let old = policy(
        "one",
        &[tool("read", &["scout"]), tool("write", &["scribe"])],
    );
    let new = policy(
        "one",
        &[
            tool("read", &["scout", "scribe"]),
            tool("write", &["scribe"]),
        ],
    );
    for rule in &new.diff(&old).gained {
        let Principals::Named(names) = &rule.who else {
            panic!("named");
        };
        for name in names {
            let topic = rule.filter.replace("{$self}", name).replace('+', "x");
            let asked = |p: &Policy| p.decide(Some(name), rule.action, &topic).is_allowed();
            assert!(asked(&new) && !asked(&old), "{rule}");
            assert_eq!(rule.action, Action::Publish);
        }
    }
}

#[test]
fn no_text_for_people_holds_the_share_key() {
    let mut scope = scope(Profile::Reference, Some("hello"));
    scope.share_key = Some("s3cret".to_owned());
    let keyed = derive(&scope, &closed_tools());
    let shown: String = keyed.rules().iter().map(ToString::to_string).collect();
    assert!(shown.contains("$share/mcp-tool-greet.…/demo"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let bad = r#"{"version":"2","default":"deny","rules":[
        {"topic":"$share/mcp-tool-greet.s3cret/a//b","action":"sub","binding":"agent_id"}]}"#;
    let error = Policy::from_json(bad).unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn the_key_of_one_server_does_not_speak_for_another() {
    use super::super::{ExportOptions, Format};
    let keyed = Scope {
        server_identity: Some("one".to_owned()),
        share_key: Some("s3cret".to_owned()),
        ..Scope::new("demo", "one")
    };
    let keyed = derive(&keyed, &[tool("read", &["scout"])]);
    let callers = policy("two", &[tool("write", &["scribe"])]);
    let merged = Policy::merge([("one", &keyed), ("two", &callers)]).unwrap();
    let warns = |policy: &Policy| {
        let export = policy.export(Format::Mosquitto, &ExportOptions::default());
        export
            .unwrap()
            .warnings
            .iter()
            .any(|w| w.contains("share groups"))
    };
    assert!(!warns(&keyed));
    assert!(warns(&callers) && warns(&merged));
}

#[test]
fn a_wide_rule_opens_tools_and_is_shown_as_what_it_is() {
    let wide = |rule: &str| {
        let named = r#"{"topic":"demo/mcp/tools/greet/call","action":"pub","binding":"agent_id","agents":["scout"]}"#;
        Policy::from_json(&format!(
            r#"{{"version":"2","default":"deny","rules":[{named},{rule}]}}"#
        ))
        .unwrap()
    };
    let open = wide(r##"{"topic":"demo/#","action":"pub","binding":"agent_id"}"##);
    assert_eq!(open.open_tools().into_iter().collect::<Vec<_>>(), ["greet"]);
    assert!(open.matrix().tools[0].open);
    let eve = wide(
        r#"{"topic":"demo/mcp/tools/greet/call/+","action":"pub","binding":"agent_id","agents":["eve"]}"#,
    );
    let matrix = eve.matrix();
    assert_eq!(matrix.callers, ["eve", "scout"]);
    assert_eq!(matrix.tools[0].cells, [Cell::AnyName, Cell::Plain]);
}
