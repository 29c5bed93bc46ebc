//! An MQTT 5 broker inside this process that enforces a [`Policy`]: for development and tests.
//!
//! It refuses what the exported policy makes a real broker refuse: a call by a caller that a tool
//! does not name, a foreign inbox, a place in a server's share group. So the whole of a system (server,
//! callers, and somebody who must be kept out) runs and is tested in one process, without Docker
//! and without a port that two tests fight for.
//!
//! ```
//! use mcp_mqtt::broker::Broker;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mcp_mqtt::broker::BrokerError> {
//! let broker = Broker::builder()
//!     .unrestricted() // or `.policy(policy)`; with neither, everything is refused
//!     .user("hello-server", "a password")
//!     .start()
//!     .await?;
//! assert!(broker.address().ip().is_loopback());
//! assert_eq!(broker.url(), format!("mqtt://{}", broker.address()));
//! // … connect servers and clients to `broker.url()` …
//! broker.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Who is who
//!
//! **The user name is the identity, and needs no password** unless [`BrokerBuilder::user`] gives it
//! one: whoever reaches the port may say it is anybody. That is for development: on a loopback
//! address, the default, these are the programs of this machine. Clients without user name are
//! refused, as are names that are no caller name ([`crate::grammar::caller`]).
//!
//! A client id has at most 128 bytes, no `/`, `\` or control character, is not `.` or `..`, and
//! does not start with `cert:`; without one the broker makes one up. While a connection or a
//! session holds it, no *other* identity can use it; the same identity takes it over.
//!
//! # What it enforces
//!
//! - publish: the topic is checked, also through a topic alias. Refused with QoS 1 or 2: reason
//!   0x87, and the connection stays; with QoS 0: dropped in silence. MQTT 3.1.1 has no such
//!   reason: its clients get an acknowledgement that some of them take for a protocol error.
//! - subscribe: the *whole* filter must be granted, share group included; else reason 0x87. So
//!   whatever is delivered later, retained messages too, was allowed.
//! - a last will: at CONNECT, which is then refused with 0x87, and again when it fires.
//! - a change of policy ([`Broker::set_policy`]) counts for everything after it, and ends the
//!   subscriptions that it does not grant. What was queued for them before still arrives.
//!
//! There are no `$SYS` topics.
//!
//! # What it does not promise
//!
//! Nothing survives it: all state is in memory, and no file is ever written. No TLS, no
//! WebSockets. It never answers 0x10 (*no matching subscribers*): a call that nobody serves is
//! found missing by the cards only. Routing looks at every wildcard subscription for each message:
//! tens of servers, not thousands. A receiver that stops reading holds up those who publish to
//! it. Sessions live for at most an hour.
//!
//! Messages carry two more user properties, `x-mqtt-sender` and `x-mqtt-client-id`; do not rely
//! on them: on other brokers anyone can forge them.
//!
//! # Logs
//!
//! What it refuses is logged under the target `mcp_mqtt::broker`: clients at `info`, topics at
//! `debug`, with the rule that says so. The engine below logs much, connections at `info` and refusals at `warn`, under the
//! targets [`ENGINE_LOG_TARGETS`]; a filter such as `info,mqtt5=off,mqtt5_protocol=off` keeps it out.

mod builder;
mod client_ids;
mod engine;
mod error;
mod gate;
mod passwords;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;

pub use self::builder::BrokerBuilder;
pub use self::error::BrokerError;

use self::engine::Engine;
use self::gate::Rules;
use crate::acl::Policy;

/// The tracing targets of the engine under the embedded broker, for log filters.
pub const ENGINE_LOG_TARGETS: [&str; 2] = ["mqtt5", "mqtt5_protocol"];

/// An embedded MQTT 5 broker that runs, until it is stopped or dropped; see the [module](self).
#[must_use = "the broker stops when it is dropped"]
pub struct Broker {
    engine: Engine,
}

impl Broker {
    /// A broker to configure and start.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::default()
    }

    /// The address it listens on, with the port that the kernel chose if it was to choose one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.engine.address()
    }

    /// Its URL, such as `mqtt://127.0.0.1:1883`. An unspecified address, which listens on all
    /// interfaces, is given as the loopback one.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address();
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("mqtt://{address}")
    }

    /// Puts `policy` in the place of the rules in force.
    ///
    /// When this returns, every publish, subscribe and last will is judged by `policy`, and
    /// subscriptions it does not grant have ended, without notice to their holders, who stay
    /// connected: as on brokers that check deliveries. They must subscribe anew when a later policy
    /// grants them again.
    pub async fn set_policy(&self, policy: Policy) {
        self.engine.gate().set_rules(Rules::Policy(policy));
        self.engine.revoke().await;
    }

    /// Stops it: closes every connection (reason 0x8B, *server shutting down*) and frees the port.
    /// Takes milliseconds, or a second while a client has not sent its CONNECT.
    pub async fn stop(self) {
        self.engine.stop().await;
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
