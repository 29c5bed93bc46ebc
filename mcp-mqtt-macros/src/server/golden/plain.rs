fn main() -> ::std::process::ExitCode {
    use ::mcp_mqtt::__private as __rt;
    #[allow(clippy::unused_async)]
    async fn main() {}
    const __INFO: __rt::ServerInfo = __rt::ServerInfo {
        name: "hello",
        namespace: ::core::option::Option::None,
        version: ::core::env!("CARGO_PKG_VERSION"),
        description: "",
        default_callers: ::core::option::Option::None,
        groups: &[],
    };
    <() as __rt::MainReturn<()>>::MAIN.start(__INFO, main)
}
