//! What a connection is opened with, and every fault that can be found in it before anything is sent.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::connections::Connections;
use super::names;
use super::packet::Will;
use super::secret::Secret;
use super::url::{BrokerUrl, Scheme};

/// How to connect to the broker. Every field is public; [`new`](Self::new) fills in the defaults.
///
/// ```
/// # use mcp_mqtt::ConnectOptions;
/// # use std::time::Duration;
/// let mut options = ConnectOptions::new("mqtt://scout@localhost".parse()?);
/// options.keep_alive = Duration::from_secs(10);
/// assert!(options.check().is_ok());
/// # Ok::<(), mcp_mqtt::UrlError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Where the broker is.
    pub url: BrokerUrl,
    /// The user name; by default the one in `url`.
    pub username: Option<String>,
    /// The password; by default the one in `url`.
    pub password: Option<Secret>,
    /// The client id, 1 to 128 bytes: unique among the clients of the broker. Default: the name of the server or
    /// caller that connects, `-` and 12 random hexadecimal digits.
    ///
    /// When another client connects with the same id, the broker ends this connection ("session taken over", 0x8E).
    /// With an id that is set here this is its end, told once in the log: trying again would throw out the other one,
    /// which would try again, and so on. With the default the connection is made again under new digits. Brokers that
    /// close without a reason cannot be told from an outage: the connection is made again then, after growing waits.
    pub client_id: Option<String>,
    /// PEM file with the certificates that may vouch for the broker; default: those the system trusts.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the certificate chain this client shows; needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key of `cert_file`.
    pub key_file: Option<PathBuf>,
    /// A broker that says nothing for this long is asked whether it lives: 5 to 65 535 seconds, whole; default 30.
    /// A dead one is noticed within twice this time.
    pub keep_alive: Duration,
    /// The largest packet this client takes, in bytes, from 1 KiB; default 16 MiB, which is as much memory as one
    /// message may take.
    ///
    /// A larger message vanishes: the broker drops it for this client and tells neither side (MQTT 5.0 §3.1.2.11.4).
    /// A caller then waits for its timeout although the tool ran, and a server never sees the call. Most brokers take
    /// less from the one who sends, and refuse the rest there with an error: so keep this at least as large as what
    /// the broker takes.
    pub max_packet_size: u32,
    /// How many QoS 1 messages the broker may send without having an acknowledgement, from 1; default 1024, and for a
    /// server at least as many as calls may wait.
    pub receive_maximum: u16,
    /// How long the broker keeps the session after a loss of the connection, in whole seconds; default 0. Each
    /// [`ConnectOptions`] starts a new session; reconnects resume it.
    pub session_expiry: Duration,
    /// How long the broker may take to accept the connection, from 1 ms to an hour; default 5 s.
    pub connect_timeout: Duration,
    /// Whether publishing and subscribing share one connection; default: [`Auto`](Connections::Auto), they do unless the
    /// broker is found to be slow on it.
    pub connections: Connections,
    /// Who connects: how a client id begins that is made because none is set.
    pub(super) name: Option<String>,
}

/// The receive maximum of those who set none.
pub(crate) const RECEIVE_MAXIMUM: u16 = 1024;

impl ConnectOptions {
    /// The defaults, with the user name and password that `url` holds.
    #[must_use]
    pub fn new(url: BrokerUrl) -> Self {
        Self {
            username: url.username().map(str::to_owned),
            password: url.password().cloned(),
            url,
            client_id: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            keep_alive: Duration::from_secs(30),
            max_packet_size: 16 * 1024 * 1024,
            receive_maximum: RECEIVE_MAXIMUM,
            session_expiry: Duration::ZERO,
            connect_timeout: Duration::from_secs(5),
            connections: Connections::default(),
            name: None,
        }
    }

    /// The same for a connection in the name of `name`: the user name and the beginning of the client id where none
    /// is set.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.username.get_or_insert_with(|| name.to_owned());
        self.name = Some(name.to_owned());
        self
    }

    /// A client id that nobody else has.
    pub(super) fn new_client_id(&self) -> String {
        let name = self.name.as_deref().unwrap_or("mcp-mqtt");
        format!("{name}-{}", crate::random::suffix())
    }

    /// Looks for faults without connecting; certificate files are read.
    ///
    /// # Errors
    /// Every fault there is, not just the first.
    pub fn check(&self) -> Result<(), OptionsError> {
        super::prepare::prepare(self, None).map(drop)
    }

    /// The faults that need no file to be read.
    pub(super) fn faults(&self, will: Option<&Will>) -> Vec<OptionsFault> {
        use OptionsFault as Fault;
        let seconds = |time: Duration| {
            u16::try_from(time.as_secs()).is_ok_and(|s| s >= 5) && time.subsec_nanos() == 0
        };
        let tls_files = [&self.ca_file, &self.cert_file, &self.key_file];
        let tls = self.url.scheme().is_tls();
        let bad_text = |text: &str| text.is_empty() || names::text(text).is_err();
        [
            self.client_id
                .as_deref()
                .is_some_and(|id| bad_text(id) || id.len() > 128)
                .then_some(Fault::ClientId),
            (self.connections == Connections::Two
                && self
                    .client_id
                    .as_ref()
                    .is_some_and(|id| (125..=128).contains(&id.len())))
            .then_some(Fault::ClientIdForTwo),
            self.username
                .as_deref()
                .is_some_and(bad_text)
                .then_some(Fault::Username),
            match &self.password {
                None => None,
                Some(_) if self.username.is_none() => Some(Fault::PasswordWithoutUsername),
                Some(secret) => names::binary(secret.expose().as_bytes())
                    .is_err()
                    .then_some(Fault::Password),
            },
            (!seconds(self.keep_alive)).then_some(Fault::KeepAlive),
            (self.max_packet_size < 1024).then_some(Fault::MaxPacketSize),
            (self.receive_maximum == 0).then_some(Fault::ReceiveMaximum),
            u32::try_from(self.session_expiry.as_secs())
                .is_err()
                .then_some(Fault::SessionExpiry),
            (!(Duration::from_millis(1)..=Duration::from_secs(3600))
                .contains(&self.connect_timeout))
            .then_some(Fault::ConnectTimeout),
            (self.cert_file.is_some() != self.key_file.is_some())
                .then_some(Fault::CertificateWithoutKey),
            (!tls && tls_files.iter().any(|file| file.is_some())).then_some(Fault::FilesWithoutTls),
            (tls && cfg!(not(feature = "tls"))).then_some(Fault::needs(self.url.scheme(), "tls")),
            (self.url.scheme().is_websocket() && cfg!(not(feature = "ws")))
                .then_some(Fault::needs(self.url.scheme(), "ws")),
            will.and_then(|will| will.check().err()).map(Fault::Will),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The options cannot work.
#[derive(Debug)]
#[non_exhaustive]
pub struct OptionsError {
    /// Every fault that was found; at least one.
    pub faults: Vec<OptionsFault>,
}

impl std::fmt::Display for OptionsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection options cannot work:")?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for OptionsError {}

/// One thing that is wrong with [`ConnectOptions`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsFault {
    /// See [`ConnectOptions::client_id`].
    #[error("the client id must have 1 to 128 bytes and no control characters")]
    ClientId,
    /// See [`Connections::Two`].
    #[error(
        "the client id must have at most 124 bytes, because the second of two connections appends `-sub` to it"
    )]
    ClientIdForTwo,
    /// See [`ConnectOptions::username`].
    #[error("the user name must have 1 to 65535 bytes and no control characters")]
    Username,
    /// See [`ConnectOptions::password`].
    #[error("the password must have at most 65535 bytes")]
    Password,
    /// See [`ConnectOptions::password`].
    #[error("a password is given without a user name; brokers know no such login")]
    PasswordWithoutUsername,
    /// See [`ConnectOptions::keep_alive`].
    #[error("the keep-alive must be 5 to 65535 whole seconds")]
    KeepAlive,
    /// See [`ConnectOptions::max_packet_size`].
    #[error("the largest packet must be allowed at least 1024 bytes")]
    MaxPacketSize,
    /// See [`ConnectOptions::receive_maximum`].
    #[error("the receive maximum must be at least 1")]
    ReceiveMaximum,
    /// See [`ConnectOptions::session_expiry`].
    #[error("the session expiry must be at most 4294967295 seconds")]
    SessionExpiry,
    /// See [`ConnectOptions::connect_timeout`].
    #[error("the connect time-out must be between 1 ms and an hour")]
    ConnectTimeout,
    /// See [`ConnectOptions::cert_file`].
    #[error(
        "a client certificate needs its private key, and a key its certificate; give both files or none"
    )]
    CertificateWithoutKey,
    /// Certificates are given for a connection that is not encrypted.
    #[error(
        "certificate files are given, but the broker's address is not encrypted; write `mqtts://` or `wss://`"
    )]
    FilesWithoutTls,
    /// This build cannot speak what the address asks for.
    #[error(
        "`{scheme}://` needs the cargo feature `{feature}` of mcp-mqtt, which this program was built without"
    )]
    #[non_exhaustive]
    FeatureMissing {
        /// The scheme of the address.
        scheme: &'static str,
        /// The feature to enable.
        feature: &'static str,
    },
    /// A certificate or key file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    #[non_exhaustive]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} is no PEM file with {expected}: {reason}", path.display())]
    #[non_exhaustive]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate and key are refused by the TLS library, for instance because they do not belong together.
    #[error("the client certificate cannot be used: {reason}")]
    #[non_exhaustive]
    Certificate {
        /// What the TLS library said.
        reason: String,
    },
    /// The system trusts no certificate at all.
    #[error("the system has no trusted certificates to check the broker's with; name a CA file")]
    NoTrustedCertificates,
    /// The last will cannot be sent.
    #[error("the last will cannot be sent: {0}")]
    Will(&'static str),
    /// A connection is opened outside of a tokio runtime.
    #[error("a connection must be opened inside a tokio runtime")]
    NoRuntime,
}

impl OptionsFault {
    fn needs(scheme: Scheme, feature: &'static str) -> Self {
        Self::FeatureMissing {
            scheme: scheme.name(),
            feature,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(url: &str) -> ConnectOptions {
        ConnectOptions::new(url.parse().unwrap())
    }

    #[test]
    fn the_defaults_work_and_the_credentials_come_from_the_url() {
        let options = options("mqtt://scout:pw@h");
        assert!(options.check().is_ok());
        assert_eq!(options.username.as_deref(), Some("scout"));
        assert_eq!(options.password.as_ref().map(Secret::expose), Some("pw"));
        assert_eq!(options.client_id, None);
    }

    #[test]
    fn a_name_stands_in_for_the_user_name_and_begins_the_client_id() {
        let named = options("mqtt://h").named("scout");
        assert_eq!(named.username.as_deref(), Some("scout"));
        let id = named.new_client_id();
        assert!(id.starts_with("scout-") && id.len() == 18, "{id}");
        assert_ne!(named.new_client_id(), id);
        assert_eq!(
            options("mqtt://a@h").named("b").username.as_deref(),
            Some("a")
        );
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let mut options = options("mqtt://h");
        options.client_id = Some("a\0b".into());
        options.password = Some("pw".into());
        options.keep_alive = Duration::from_millis(5500);
        options.max_packet_size = 10;
        options.receive_maximum = 0;
        options.session_expiry = Duration::MAX;
        options.connect_timeout = Duration::ZERO;
        options.cert_file = Some("c.pem".into());
        let text = options.check().unwrap_err().to_string();
        expect_test::expect![[r#"
            the connection options cannot work:
              - the client id must have 1 to 128 bytes and no control characters
              - a password is given without a user name; brokers know no such login
              - the keep-alive must be 5 to 65535 whole seconds
              - the largest packet must be allowed at least 1024 bytes
              - the receive maximum must be at least 1
              - the session expiry must be at most 4294967295 seconds
              - the connect time-out must be between 1 ms and an hour
              - a client certificate needs its private key, and a key its certificate; give both files or none
              - certificate files are given, but the broker's address is not encrypted; write `mqtts://` or `wss://`"#]]
        .assert_eq(&text);
    }

    #[test]
    fn two_connections_need_room_for_the_second_id() {
        let mut options = options("mqtt://h");
        options.client_id = Some("x".repeat(125));
        assert!(options.check().is_ok());
        options.connections = Connections::Two;
        let faults = options.check().unwrap_err().faults;
        assert!(matches!(faults[..], [OptionsFault::ClientIdForTwo]));
        options.client_id = Some("x".repeat(124));
        assert!(options.check().is_ok());
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", options("mqtt://scout:hunter2@h")).contains("hunter2"));
    }

    #[test]
    fn a_scheme_without_its_feature_names_the_feature() {
        let missing = |url, feature| {
            let faults = options(url).faults(None);
            faults.iter().any(
                |f| matches!(f, OptionsFault::FeatureMissing { feature: f, .. } if *f == feature),
            )
        };
        assert_eq!(missing("mqtts://h", "tls"), cfg!(not(feature = "tls")));
        assert_eq!(missing("ws://h", "ws"), cfg!(not(feature = "ws")));
        assert_eq!(missing("wss://h", "ws"), cfg!(not(feature = "ws")));
        assert_eq!(missing("wss://h", "tls"), cfg!(not(feature = "tls")));
    }
}
