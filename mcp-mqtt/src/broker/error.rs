//! Why an embedded broker did not start.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use crate::grammar::NameFault;

/// Why [`BrokerBuilder::start`](super::BrokerBuilder::start) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another address, or port 0 for any free one"
    )]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Each port that was allowed is taken.
    #[error(
        "the {tries} ports from {first} on are taken; stop what uses them, or choose another port, or port 0 for any free one"
    )]
    NoFreePort {
        /// The first address that was tried.
        first: SocketAddr,
        /// How many ports were tried.
        tries: u16,
    },
    /// A name given to [`BrokerBuilder::user`](super::BrokerBuilder::user) cannot be an identity.
    #[error("user name `{}` {fault}; rename the user", name.escape_default())]
    UserName {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The largest packet is out of range.
    #[error("a packet limit of {0} bytes is out of range; choose 1024 to 268435460")]
    MaxPacketSize(u32),
    /// The broker did not come up for another reason.
    #[error("the embedded broker did not start: {source}; try another address")]
    Start {
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}
