//! What can be chosen about an embedded broker before it starts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use super::Broker;
use super::engine::{Engine, Failure, Limits};
use super::error::BrokerError;
use super::gate::{Gate, Rules};
use super::passwords::Passwords;
use crate::acl::Policy;
use crate::grammar;

/// The packet sizes that `mqtt5` and MQTT itself allow.
const PACKET_SIZES: std::ops::RangeInclusive<u32> = 1024..=268_435_460;

/// Configures a [`Broker`]; from [`Broker::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct BrokerBuilder {
    address: SocketAddr,
    tries: u16,
    rules: Rules,
    passwords: Passwords,
    max_packet_size: u32,
    max_clients: usize,
}

impl Default for BrokerBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tries: 1,
            rules: Rules::Nothing,
            passwords: Passwords::default(),
            max_packet_size: 5 * 1024 * 1024,
            max_clients: 1_000,
        }
    }
}

impl BrokerBuilder {
    /// Listens on `address`; port 0 is any free one. Default: `127.0.0.1:0`.
    ///
    /// On an address that is not a loopback one, **whoever reaches this machine may connect as
    /// anybody** who has no password by [`user`](Self::user): do so on networks you trust only.
    pub fn listen(self, address: SocketAddr) -> Self {
        self.listen_or_next(address, 1)
    }

    /// Listens on `address`, or on the first of the following ports that is free, when those before
    /// it are taken: `tries` ports in all, at least 1.
    pub fn listen_or_next(mut self, address: SocketAddr, tries: u16) -> Self {
        self.address = address;
        self.tries = tries.max(1);
        self
    }

    /// Enforces `policy`. Default: everything is refused.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.rules = Rules::Policy(policy);
        self
    }

    /// Lets every identity publish and subscribe everything, `$SYS` aside, until
    /// [`Broker::set_policy`] or a later [`policy`](Self::policy) says otherwise.
    pub fn unrestricted(mut self) -> Self {
        self.rules = Rules::Everything;
        self
    }

    /// The identity `name` must give `password`. Other identities need none: it takes a
    /// call of this for each identity that nobody else may pretend to be.
    pub fn user(mut self, name: impl AsRef<str>, password: impl AsRef<[u8]>) -> Self {
        self.passwords.pin(name.as_ref(), password.as_ref());
        self
    }

    /// The largest packet it takes and sends, in bytes, from 1 024 to 268 435 460. Default: 5 MiB.
    /// A client that sends a larger one is disconnected.
    pub fn max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = bytes;
        self
    }

    /// How many clients may be connected at once, at least 1. Default: 1 000. Further ones are
    /// closed without an answer.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients.max(1);
        self
    }

    /// Starts it, in the current tokio runtime (with I/O and time enabled); clients can connect
    /// when this returns.
    ///
    /// # Errors
    ///
    /// When no port can be listened on, or a setting is not valid.
    pub async fn start(self) -> Result<Broker, BrokerError> {
        for name in self.passwords.names() {
            grammar::caller(name).map_err(|fault| BrokerError::UserName {
                name: name.to_owned(),
                fault,
            })?;
        }
        if !PACKET_SIZES.contains(&self.max_packet_size) {
            return Err(BrokerError::MaxPacketSize(self.max_packet_size));
        }
        let limits = Limits {
            max_packet_size: self.max_packet_size,
            max_clients: self.max_clients,
        };
        let gate = Arc::new(Gate::new(self.passwords, self.rules));
        let ports = self.address.port()..=u16::MAX;
        for port in ports.take(self.tries.into()) {
            let address = SocketAddr::new(self.address.ip(), port);
            match Engine::start(address, limits, Arc::clone(&gate)).await {
                Ok(engine) => return Ok(Broker { engine }.announced()),
                Err(failure) => match explain(address, failure) {
                    BrokerError::Listen { source, .. }
                        if self.tries > 1 && source.kind() == io::ErrorKind::AddrInUse => {}
                    error => return Err(error),
                },
            }
        }
        Err(BrokerError::NoFreePort {
            first: self.address,
            tries: self.tries,
        })
    }
}

impl Broker {
    fn announced(self) -> Self {
        let address = self.address();
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "the embedded broker can be reached from other machines, and identities without a password are anybody's"
            );
        }
        self
    }
}

/// What went wrong at `address`. `mqtt5` tells of a failed bind in words only, so the operating
/// system is asked again.
fn explain(address: SocketAddr, failure: Failure) -> BrokerError {
    match TcpListener::bind(address) {
        Err(source) => BrokerError::Listen { address, source },
        Ok(_) => BrokerError::Start { source: failure },
    }
}
