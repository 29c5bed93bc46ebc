//! Gathering, narrowing, and what is said when tools do not fit together.

use super::super::ToolContext;
use super::super::def::ToolDef;
use super::*;

fn by_hand(name: &str) -> Tool {
    Tool::builder(name)
        .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap()
}

const fn def(name: &'static str, module: &'static str, line: u32) -> ToolDef {
    ToolDef {
        name,
        module,
        file: "src/main.rs",
        line,
        ..ToolDef::BLANK
    }
}

static DEFS: [ToolDef; 4] = [
    def("write", "app::disk", 9),
    def("read", "app::disk", 3),
    def("greet", "app", 1),
    def("ping", "app::diskless", 5),
];
static AGAIN: ToolDef = def("greet", "other", 7);

fn checked(tools: Vec<Tool>) -> Result<Registry, RegistryError> {
    let mut faults = Vec::new();
    Registry::gather(tools, &mut faults).unless(faults)
}

fn linked() -> Registry {
    checked(DEFS.iter().map(linked::tool).collect()).unwrap()
}

fn names(registry: &Registry) -> Vec<&str> {
    registry.iter().map(Tool::name).collect()
}

#[test]
fn tools_are_sorted_by_name() {
    let registry = linked();
    assert_eq!(names(&registry), ["greet", "ping", "read", "write"]);
    assert_eq!(registry.len(), 4);
    assert_eq!(
        registry.get("read").unwrap().source(),
        Some(("src/main.rs", 3))
    );
    assert!(registry.get("absent").is_none());
}

#[test]
fn a_program_without_tools_is_told_why_that_may_be() {
    let error = checked(Vec::new()).unwrap_err();
    assert_eq!(error.faults, [RegistryFault::NoTools]);
    assert!(error.to_string().contains("`use that_crate as _;`"));
    assert!(Registry::empty().is_empty());
}

#[test]
fn two_tools_of_one_name_are_named_with_both_places() {
    let error = linked().add(linked::tool(&AGAIN)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("tool `greet` is there twice: src/main.rs:1 and src/main.rs:7\nhelp:"),
        "{text}"
    );
    let error = linked().add(by_hand("read")).unwrap_err().to_string();
    assert!(error.contains("src/main.rs:3 and made by hand"), "{error}");
}

#[test]
fn all_faults_of_all_tools_are_reported() {
    static BAD: [ToolDef; 2] = [
        def("a b", "app", 1),
        ToolDef {
            allowed_callers: Some(&["a b"]),
            ..def("x", "app", 2)
        },
    ];
    let tools = BAD.iter().chain(&BAD).map(linked::tool).collect();
    let error = checked(tools).unwrap_err();
    assert_eq!(error.faults.len(), 2 * 2 + 2);
    assert!(
        error
            .to_string()
            .contains("tool `x` (src/main.rs:2): the allowed caller `a b` contains a space"),
        "{error}"
    );
}

#[test]
fn only_keeps_the_named_and_refuses_the_unknown() {
    assert_eq!(
        names(&linked().only(["write", "greet", "write"]).unwrap()),
        ["greet", "write"]
    );
    let error = linked().only(["greet", "reed", "rite"]).unwrap_err();
    assert_eq!(error.faults.len(), 2);
    assert!(
        error
            .to_string()
            .starts_with("there is no tool `reed`; there are: greet, ping, read, write"),
        "{error}"
    );
}

#[test]
fn a_module_includes_what_is_below_it_and_not_what_merely_begins_like_it() {
    assert_eq!(names(&linked().module("app::disk")), ["read", "write"]);
    assert_eq!(linked().module("app").len(), 4);
    assert!(
        linked()
            .add(by_hand("hand"))
            .unwrap()
            .module("elsewhere")
            .is_empty()
    );
}

#[test]
fn default_callers_are_for_tools_that_do_not_say() {
    let closed = Tool::builder("closed")
        .allowed_callers(["analyst"])
        .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap();
    let registry = Registry::empty()
        .add(closed)
        .unwrap()
        .add(by_hand("open"))
        .unwrap();
    let unchanged = registry.clone().with_default_callers(None);
    assert!(unchanged.get("open").unwrap().allows("anyone"));
    let registry = registry.with_default_callers(Some(&["scout"]));
    let allows = |tool: &str, caller| registry.get(tool).unwrap().allows(caller);
    assert!(allows("open", "scout") && !allows("open", "analyst"));
    assert!(allows("closed", "analyst") && !allows("closed", "scout"));
}
