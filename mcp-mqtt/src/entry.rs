//! What `#[mcp_server]` expands to: one call that turns the body of `main` into a hook and hands it
//! to whatever starts the server. Arguments, environment and the serving itself are not here.

use std::fmt::Display;
use std::pin::Pin;
use std::process::ExitCode;

use crate::server::Setup;
use crate::tool::{Registry, RegistryError};

/// What `#[mcp_server]` says of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerInfo {
    /// The name, checked by the macro.
    pub name: &'static str,
    /// The namespace, checked by the macro; `None` for the default.
    pub namespace: Option<&'static str>,
    /// The version, by default the one of the user's crate.
    pub version: &'static str,
    /// What the server is for; may be empty.
    pub description: &'static str,
    /// Who may call the tools that do not say so themselves; `None` for everyone.
    pub default_callers: Option<&'static [&'static str]>,
    /// The groups of callers, each with its members, checked by the macro.
    pub groups: &'static [(&'static str, &'static [&'static str])],
}

impl ServerInfo {
    /// The linked tools, with the callers that this says they have.
    pub(crate) fn registry(&self) -> Result<Registry, RegistryError> {
        Registry::annotated(self.default_callers, self.groups)
    }
}

/// The body of `main`. Only `serve` runs it, on the thread that starts the server, before anything
/// is connected. Its error is the text to print.
pub(crate) type SetupHook =
    Box<dyn FnOnce(Setup) -> Pin<Box<dyn Future<Output = Result<Setup, String>>>>>;

/// What `main` may return: `T` is `()` for a `main` without parameters, and `Setup` with one.
#[diagnostic::on_unimplemented(
    message = "`main` of an `#[mcp_server]` cannot return `{Self}`",
    label = "not a result of this `main`",
    note = "`async fn main()` returns `()` or `Result<(), E>`",
    note = "`async fn main(setup: Setup)` returns `Setup` or `Result<Setup, E>`; `E` is anything with `Display`"
)]
pub trait MainReturn<T>: Sized {
    /// The handling of this result.
    const MAIN: Main<Self, T>;
}

#[diagnostic::do_not_recommend]
impl MainReturn<Self> for () {
    const MAIN: Main<Self, Self> = Main { into: Ok };
}

#[diagnostic::do_not_recommend]
impl MainReturn<Self> for Setup {
    const MAIN: Main<Self, Self> = Main { into: Ok };
}

#[diagnostic::do_not_recommend]
impl<T, E: Display> MainReturn<T> for Result<T, E> {
    const MAIN: Main<Self, T> = Main {
        // `{:#}` is how `anyhow::Error` and `ToolError` print their causes.
        into: |result| result.map_err(|error| format!("{error:#}")),
    };
}

/// What `main` may take.
#[diagnostic::on_unimplemented(
    message = "`main` of an `#[mcp_server]` takes nothing or a `Setup`, not `{Self}`",
    label = "expected `Setup`"
)]
pub trait MainParam: Sized {
    /// Makes the parameter.
    const GIVE: fn(Setup) -> Self;
}

#[diagnostic::do_not_recommend]
impl MainParam for Setup {
    const GIVE: fn(Setup) -> Self = |setup| setup;
}

/// The handling of `main`'s result. It has no bounds of its own, so that a wrong result type is
/// reported once, on the user's tokens.
pub struct Main<R, T> {
    into: fn(R) -> Result<T, String>,
}

impl<R: 'static> Main<R, ()> {
    /// Starts the server; `main` leaves the setup as it is.
    pub fn start<F>(self, info: ServerInfo, main: fn() -> F) -> ExitCode
    where
        F: Future<Output = R> + 'static,
    {
        run(
            info,
            Box::new(move |setup| {
                Box::pin(async move { (self.into)(main().await).map(|()| setup) })
            }),
        )
    }
}

impl<R: 'static> Main<R, Setup> {
    /// Starts the server with what `main` makes of the setup.
    pub fn start_with<F>(
        self,
        info: ServerInfo,
        main: impl FnOnce(Setup) -> F + 'static,
    ) -> ExitCode
    where
        F: Future<Output = R> + 'static,
    {
        run(
            info,
            Box::new(move |setup| Box::pin(async move { (self.into)(main(setup).await) })),
        )
    }
}

fn run(info: ServerInfo, hook: SetupHook) -> ExitCode {
    #[cfg(feature = "cli")]
    return crate::cli::run(info, hook);
    #[cfg(not(feature = "cli"))]
    return crate::server::run_from_env(info, hook);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::ToolError;

    fn text<R: MainReturn<()>>(result: R) -> Result<(), String> {
        (R::MAIN.into)(result)
    }

    #[test]
    fn an_error_of_main_is_printed_with_its_causes() {
        let error = ToolError::new("no database").with_source("refused");
        assert_eq!(text(Err(error)), Err("no database: refused".to_owned()));
        assert_eq!(text(Err("no database")), Err("no database".to_owned()));
    }

    #[test]
    fn main_may_return_nothing() {
        assert_eq!(text(()), Ok(()));
        assert_eq!(text(Ok::<(), String>(())), Ok(()));
    }
}
