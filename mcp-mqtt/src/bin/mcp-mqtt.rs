//! The program `mcp-mqtt`; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_mqtt::cli::main()
}
