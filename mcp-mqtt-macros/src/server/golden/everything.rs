/// Starts.
#[allow(dead_code)]
fn main() -> ::std::process::ExitCode {
    use ::renamed::__private as __rt;
    #[allow(clippy::unused_async)]
    async fn main(setup: Setup) -> Result<Setup, Error> {
        body
    }
    const __INFO: __rt::ServerInfo = __rt::ServerInfo {
        name: "hello",
        namespace: ::core::option::Option::Some("demo"),
        version: "2",
        description: "Says hello",
        default_callers: ::core::option::Option::Some(&["scout", "@ops"]),
        groups: &[("ops", &["alice", "bob"]), ("field-ops", &["carol"])],
    };
    type __Setup = __rt::Setup;
    const __GIVE: fn(__Setup) -> Setup = <Setup as __rt::MainParam>::GIVE;
    <Result<Setup, Error> as __rt::MainReturn<__Setup>>::MAIN
        .start_with(__INFO, |setup| main(__GIVE(setup)))
}
