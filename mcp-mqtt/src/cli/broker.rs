//! `mcp-mqtt broker`: the embedded broker as a program, for development.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::acl;
use super::exit::Exit;
use super::files;
use super::signal::Signal;
use crate::broker::Broker;
use crate::error::chain;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address to listen on
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:1883",
        env = "MCP_MQTT_LISTEN"
    )]
    listen: SocketAddr,

    /// Policy to enforce, as `acl --format json` writes it [default: everything is allowed]
    #[arg(long, value_name = "FILE", env = "MCP_MQTT_POLICY")]
    policy: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<(), Exit> {
    let policy = args.policy.as_deref().map(acl::files::read).transpose()?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    runtime.block_on(async {
        let signal = Signal::new().map_err(Exit::failure)?;
        let builder = Broker::builder().listen(args.listen);
        let (builder, rules) = match (policy, &args.policy) {
            (Some(policy), Some(path)) => (builder.policy(policy), path.display().to_string()),
            _ => (
                builder.unrestricted(),
                "none: everybody may do everything; see --policy".to_owned(),
            ),
        };
        let broker = builder
            .start()
            .await
            .map_err(|error| Exit::failure(chain(&error)))?;
        let text = format!(
            "broker is ready, for development: in memory, and user names need no password\n\n  \
             address  {}\n  policy   {rules}\n  stop     Ctrl-C\n\n",
            broker.url()
        );
        files::print(&text).map_err(Exit::failure)?;
        signal.received().await;
        broker.stop().await;
        Ok(())
    })
}
