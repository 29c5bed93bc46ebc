#[allow(unused)]
#[allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments
)]
/// Does nothing.
async fn nothing() {}
const _: () = {
    use ::mcp_mqtt::__private as __rt;
    use __rt::PlainReturn as _;
    fn __returns() -> __rt::Return<()> {
        __rt::Probe::<()>::NEW.returns()
    }
    #[__rt::linkme::distributed_slice(__rt::MCP_MQTT_TOOLS_V0)]
    #[linkme(crate = __rt::linkme)]
    static __TOOL: __rt::ToolDef = __rt::ToolDef {
        name: "nothing",
        description: "Does nothing.",
        module: ::core::module_path!(),
        file: ::core::file!(),
        line: ::core::line!(),
        params: &[],
        output: |g| __returns().schema(g),
        call: |_| { ::core::option::Option::Some(__rt::boxed(nothing(), __returns())) },
        ..__rt::ToolDef::BLANK
    };
};
::core::compile_error! {
    "unknown key `nmae`\nhelp: did you mean `name`?\nnote: keys are `name`, `title`, `description`, `version`, `allowed_callers`, `streaming`, `timeout`, `concurrency`, `require_verified`, `read_only`, `destructive`, `idempotent`, `open_world`, `crate`"
}
