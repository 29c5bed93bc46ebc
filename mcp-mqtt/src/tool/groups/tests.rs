//! What `@name` stands for, and what is said when that cannot be known.

use super::super::def::ToolDef;
use super::super::{Registry, RegistryError, Tool, ToolContext, linked};
use super::*;

fn by_hand(name: &str, callers: &[&str]) -> Tool {
    Tool::builder(name)
        .allowed_callers(callers.iter().copied())
        .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap()
}

fn registry(tools: &[(&str, &[&str])]) -> Registry {
    tools.iter().fold(Registry::empty(), |registry, tool| {
        registry.add(by_hand(tool.0, tool.1)).unwrap()
    })
}

fn callers<'a>(registry: &'a Registry, tool: &str) -> Vec<&'a str> {
    let tool = registry.get(tool).unwrap();
    let callers = tool.allowed_callers().unwrap_or_default();
    callers.iter().map(String::as_str).collect()
}

const GROUPS: [(&str, &[&str]); 2] = [("ops", &["alice", "bob"]), ("readers", &["bob", "carol"])];

#[test]
fn a_group_gives_way_to_its_members_and_each_caller_counts_once() {
    let registry = registry(&[
        ("first", &["@ops", "dave", "alice", "@readers"]),
        ("last", &["carol", "@readers"]),
        ("plain", &["dave", "alice"]),
        ("nobody", &[]),
    ]);
    let registry = registry.with_groups(GROUPS).unwrap();
    assert_eq!(
        callers(&registry, "first"),
        ["alice", "bob", "dave", "carol"]
    );
    assert_eq!(callers(&registry, "last"), ["carol", "bob"]);
    assert_eq!(callers(&registry, "plain"), ["dave", "alice"]);
    assert_eq!(callers(&registry, "nobody"), [""; 0]);
    assert!(registry.resolved().is_ok());
}

#[test]
fn default_callers_may_be_groups_and_open_tools_stay_open_without_them() {
    let open = Tool::builder("open")
        .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap();
    let registry = Registry::empty().add(open).unwrap();
    let unchanged = registry.clone().with_groups(GROUPS).unwrap();
    assert_eq!(unchanged.get("open").unwrap().allowed_callers(), None);
    let defaults = registry.with_default_callers(Some(&["@readers"]));
    let defaults = defaults.with_groups(GROUPS).unwrap();
    assert_eq!(callers(&defaults, "open"), ["bob", "carol"]);
}

#[test]
fn tools_with_one_list_share_what_it_stands_for() {
    let registry = registry(&[("a", &["@ops"]), ("b", &["@ops"])]);
    let registry = registry.with_groups(GROUPS).unwrap();
    let at = |tool| registry.get(tool).unwrap().allowed_callers().unwrap();
    assert!(std::ptr::eq(at("a"), at("b")));
}

#[test]
fn groups_may_come_from_a_file() {
    let groups: BTreeMap<String, Vec<String>> =
        serde_json::from_str(r#"{"field-ops": ["alice"]}"#).unwrap();
    let registry = registry(&[("a", &["@field-ops"])]);
    let registry = registry.with_groups(&groups).unwrap();
    assert_eq!(callers(&registry, "a"), ["alice"]);
}

#[test]
fn an_unknown_group_is_named_with_the_tool_its_place_and_the_known_ones() {
    static READ: ToolDef = ToolDef {
        name: "read",
        file: "src/main.rs",
        line: 7,
        allowed_callers: Some(&["@opps", "@zebras", "alice"]),
        ..ToolDef::BLANK
    };
    let read = || Registry::empty().add(linked::tool(&READ)).unwrap();
    let error = read().with_groups(GROUPS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "tool `read` (src/main.rs:7): there is no group `@opps`\n\
         help: did you mean `@ops`? the groups are `@ops`, `@readers`\n\
         tool `read` (src/main.rs:7): there is no group `@zebras`\n\
         help: the groups are `@ops`, `@readers`"
    );
    let none: [(&str, &[&str]); 0] = [];
    let error = read().with_groups(none).unwrap_err().to_string();
    assert!(
        error.contains(
            "\nhelp: no groups are defined; do so in `#[mcp_server(groups(…))]` or by `Registry::with_groups`"
        ),
        "{error}"
    );
}

fn faults(groups: &[(&str, &[&str])]) -> RegistryError {
    let groups = groups.iter().copied();
    Registry::empty().with_groups(groups).unwrap_err()
}

#[test]
fn all_that_is_wrong_with_groups_is_said_at_once() {
    let error = faults(&[
        ("a b", &["alice"]),
        ("ops", &["alice", "@readers", "alice", "b/c"]),
        ("ops", &["bob"]),
        ("readers", &[]),
    ]);
    let text = error.to_string();
    let starts = [
        "group `a b`: its name contains a space",
        "group `ops`: its member `@readers` is a group",
        "group `ops`: its member `alice` is listed twice",
        "group `ops`: its member `b/c` must not contain `/`",
        "group `ops`: it is defined twice",
        "group `readers`: it has no members",
    ];
    assert_eq!(text.lines().count(), starts.len(), "{text}");
    for (line, start) in text.lines().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn faults_of_tools_and_of_groups_are_said_together() {
    // Nothing is annotated in this program.
    let error = Registry::annotated(Some(&["@ops"]), &[("ops", &[])]).unwrap_err();
    let group = "ops".to_owned();
    let fault = GroupFault::Empty;
    assert_eq!(
        error.faults,
        [
            RegistryFault::NoTools,
            RegistryFault::Group { group, fault }
        ]
    );
}

#[test]
fn a_group_at_fault_is_not_unknown_as_well() {
    let registry = registry(&[("a", &["@ops"])]);
    let empty: [&str; 0] = [];
    let error = registry.with_groups([("ops", empty)]).unwrap_err();
    assert_eq!(error.faults.len(), 1, "{error}");
}

#[test]
fn a_group_that_nobody_defined_is_an_error_before_it_is_taken_for_a_caller() {
    let registry = registry(&[("a", &["@ops"])]);
    assert_eq!(
        registry.resolved().unwrap_err().to_string(),
        "tool `a` (made by hand): nobody has said who is in the group `@ops` of its callers\n\
         help: define it by `Registry::with_groups` before the registry is used"
    );
}
