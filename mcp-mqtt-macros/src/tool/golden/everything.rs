#[allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments
)]
/// Reads
#[doc = include_str!("reads.md")]
#[cfg(unix)]
#[expect(dead_code)]
pub(crate) async fn read(
    r#type: u8,
    text: String,
    #[allow(unused)]
    State(db): State<Db>,
) -> Result<Vec<u8>, Error> {
    body
}
#[cfg(unix)]
#[allow(dead_code)]
const _: () = {
    use ::renamed::__private as __rt;
    use __rt::PlainReturn as _;
    use __rt::Unconstrained as _;
    use ::core::convert::{From as _, Into as _};
    #[derive(__rt::schemars::JsonSchema)]
    #[schemars(crate = "__rt::schemars")]
    struct __P0Schema {
        #[schemars(range(min = 1, max = 9))]
        r#type: __rt::Hole,
    }
    const __P0: __rt::Param<u8> = __rt::Param::new(
            "times",
            "",
            <u8 as __rt::ToolParam>::VTABLE,
        )
        .aliases(&["n"])
        .default(three)
        .schemars(|g| __rt::Constrain::<__P0Schema>::NEW.schema(g));
    const __P1: __rt::Param<String> = __rt::Param::new(
            "text",
            "",
            <String as __rt::ToolParam>::VTABLE,
        )
        .default(::core::default::Default::default)
        .with(|v| trimmed(v));
    const __P2: __rt::Param<State<Db>> = __rt::Param::new(
        "pattern",
        "",
        <State<Db> as __rt::ToolParam>::VTABLE,
    );
    const _: () = __P2
        .nameless(
            "parameter of tool `read-all` must be a plain name, because it becomes a JSON property\nhelp: write `name: Type` and take it apart in the body",
        );
    fn __returns() -> __rt::Return<Result<Vec<u8>, Error>> {
        __rt::Probe::<Result<Vec<u8>, Error>>::NEW.returns()
    }
    #[__rt::linkme::distributed_slice(__rt::MCP_MQTT_TOOLS_V0)]
    #[linkme(crate = __rt::linkme)]
    static __TOOL: __rt::ToolDef = __rt::ToolDef {
        name: "read-all",
        description: ::core::concat!("Reads", "\n", include_str!("reads.md"), "\n")
            .trim_ascii(),
        title: ::core::option::Option::Some("Reader"),
        version: ::core::option::Option::Some("2"),
        allowed_callers: ::core::option::Option::Some(&["scout", "analyst"]),
        streaming: true,
        timeout_ms: ::core::option::Option::Some(30000u64),
        concurrency: ::core::option::Option::Some(4usize),
        require_verified: true,
        hints: __rt::Hints::new().read_only(true).idempotent(false),
        module: ::core::module_path!(),
        file: ::core::file!(),
        line: ::core::line!(),
        params: &[__P0.meta(), __P1.meta(), __P2.meta()],
        output: |g| __returns().schema(g),
        call: |input| {
            let p0 = __P0.take(input);
            let p1 = __P1.take(input);
            let p2 = __P2.take(input);
            ::core::option::Option::Some(__rt::boxed(read(p0?, p1?, p2?), __returns()))
        },
        ..__rt::ToolDef::BLANK
    };
};
