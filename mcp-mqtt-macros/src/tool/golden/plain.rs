#[allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments
)]
/// Greets a person by name.
async fn greet(name: String, ctx: ToolContext) -> Greeting {
    body
}
const _: () = {
    use ::mcp_mqtt::__private as __rt;
    use __rt::PlainReturn as _;
    const __P0: __rt::Param<String> = __rt::Param::new(
        "name",
        "Whom to greet.",
        <String as __rt::ToolParam>::VTABLE,
    );
    const __P1: __rt::Param<ToolContext> = __rt::Param::new(
        "ctx",
        "",
        <ToolContext as __rt::ToolParam>::VTABLE,
    );
    fn __returns() -> __rt::Return<Greeting> {
        __rt::Probe::<Greeting>::NEW.returns()
    }
    #[__rt::linkme::distributed_slice(__rt::MCP_MQTT_TOOLS_V0)]
    #[linkme(crate = __rt::linkme)]
    static __TOOL: __rt::ToolDef = __rt::ToolDef {
        name: "greet",
        description: "Greets a person by name.",
        module: ::core::module_path!(),
        file: ::core::file!(),
        line: ::core::line!(),
        params: &[__P0.meta(), __P1.meta()],
        output: |g| __returns().schema(g),
        call: |input| {
            let p0 = __P0.take(input);
            let p1 = __P1.take(input);
            ::core::option::Option::Some(__rt::boxed(greet(p0?, p1?), __returns()))
        },
        ..__rt::ToolDef::BLANK
    };
};
