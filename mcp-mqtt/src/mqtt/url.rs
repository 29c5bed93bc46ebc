//! The broker's address as a URL: parsing and printing, nothing of connecting.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::secret::Secret;

/// Where the broker is: `mqtt://`, `mqtts://`, `ws://` or `wss://`, with an optional `user:password@`.
///
/// Ports default to 1883, 8883, 80 and 443; the path of `ws://` and `wss://` to `/mqtt`, which is where most brokers
/// listen. Characters in the user name and password that mean something in a URL are percent-encoded (`@` is `%40`).
/// Neither `Display` nor `Debug` shows the password, or the query of a WebSocket address, where some brokers want a token.
///
/// ```
/// # use mcp_mqtt::BrokerUrl;
/// let url: BrokerUrl = "mqtts://scout:p%40ss@broker.example".parse()?;
/// assert_eq!(url.to_string(), "mqtts://scout@broker.example:8883");
/// # Ok::<(), mcp_mqtt::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
    /// With its `?`; empty if there is none.
    query: String,
    username: Option<String>,
    password: Option<Secret>,
}

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

impl Scheme {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    pub(super) fn is_tls(self) -> bool {
        matches!(self, Self::Mqtts | Self::Wss)
    }

    pub(super) fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// Why a text is not a broker's address. The texts never repeat the address: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The text before `://` is missing or none of the four that are allowed.
    #[error(
        "a broker's address starts with `mqtt://`, `mqtts://`, `ws://` or `wss://`, for instance `mqtt://localhost:1883`"
    )]
    Scheme,
    /// No host stands after `://`, or it holds what a host name cannot.
    #[error(
        "the broker's host must be a name, an IPv4 address or an IPv6 address in brackets, for instance `mqtt://[::1]:1883`; international names are written in their `xn--` form"
    )]
    Host,
    /// The text after the host's colon is not a port.
    #[error("the broker's port must be a number from 1 to 65535")]
    Port,
    /// The user name or password is not percent-encoded as it must be, or a password stands without a user name.
    #[error(
        "the credentials in a broker's address are `user:password@`, UTF-8, with `%`, `@`, `:`, `/`, `?` and `#` in them percent-encoded (`@` is `%40`)"
    )]
    Credentials,
    /// A path or query where only a host and port can stand, or with characters that must be percent-encoded.
    #[error(
        "only `ws://` and `wss://` addresses have a path, of visible ASCII characters and without `#`; `mqtt://` ends after the port"
    )]
    Path,
}

impl BrokerUrl {
    /// The host: a name, an IPv4 address, or an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or by default.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user name in the address, decoded.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The password in the address, decoded.
    #[must_use]
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Whether the connection is encrypted: `mqtts://` and `wss://`.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.scheme.is_tls()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `host:port`, the host in brackets if it is an IPv6 address.
    pub(super) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The whole URL without credentials: what a WebSocket handshake wants.
    #[cfg_attr(not(feature = "ws"), allow(dead_code))]
    pub(super) fn without_credentials(&self) -> String {
        let (scheme, address) = (self.scheme.name(), self.address());
        format!("{scheme}://{address}{}{}", self.path, self.query)
    }
}

impl FromStr for BrokerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(UrlError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => Scheme::Mqtt,
            "mqtts" => Scheme::Mqtts,
            "ws" => Scheme::Ws,
            "wss" => Scheme::Wss,
            _ => return Err(UrlError::Scheme),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (username, password, place) = match authority.rsplit_once('@') {
            None if path.contains('@') => return Err(UrlError::Credentials),
            None => (None, None, authority),
            Some((credentials, place)) => {
                let (username, password) = match credentials.split_once(':') {
                    None => (credentials, None),
                    Some((username, password)) => (username, Some(Secret::new(decode(password)?))),
                };
                if username.is_empty() {
                    return Err(UrlError::Credentials);
                }
                (Some(decode(username)?), password, place)
            }
        };
        let (host, port) = host_and_port(place)?;
        let (path, query) = checked_path(scheme, path)?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            path,
            query,
            username,
            password,
        })
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = host.parse().map_err(|_| UrlError::Host)?;
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':').ok_or(UrlError::Host)?),
        };
        (address.to_string(), port)
    } else {
        let (host, port) = match place.split_once(':') {
            None => (place, None),
            Some((host, port)) => (host, Some(port)),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(UrlError::Host);
        }
        (host.to_owned(), port)
    };
    let port = match port {
        None => None,
        // `parse` alone would take "+1883".
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => match port.parse() {
            Ok(0) | Err(_) => return Err(UrlError::Port),
            Ok(port) => Some(port),
        },
        Some(_) => return Err(UrlError::Port),
    };
    Ok((host, port))
}

/// The path, by default `/mqtt`, and the query with its `?`.
fn checked_path(scheme: Scheme, path: &str) -> Result<(String, String), UrlError> {
    if !scheme.is_websocket() {
        return match path {
            "" | "/" => Ok((String::new(), String::new())),
            _ => Err(UrlError::Path),
        };
    }
    if path.contains('#') || !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(UrlError::Path);
    }
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let path = if path.is_empty() { "/mqtt" } else { path };
    Ok((path.to_owned(), query.to_owned()))
}

fn decode(text: &str) -> Result<String, UrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || {
                    let digit = char::from(bytes.next().unwrap_or_default()).to_digit(16);
                    digit
                        .and_then(|d| u8::try_from(d).ok())
                        .ok_or(UrlError::Credentials)
                };
                digit()? << 4 | digit()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| UrlError::Credentials)
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        if let Some(username) = &self.username {
            for byte in username.bytes() {
                match byte {
                    b'-' | b'.' | b'_' | b'~' => write!(f, "{}", char::from(byte))?,
                    _ if byte.is_ascii_alphanumeric() => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "%{byte:02X}")?,
                }
            }
            f.write_str("@")?;
        }
        write!(f, "{}{}", self.address(), self.path)
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerUrl({self})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Result<String, UrlError> {
        text.parse::<BrokerUrl>().map(|url| url.to_string())
    }

    #[test]
    fn the_scheme_decides_the_default_port_and_path() {
        for (given, full) in [
            ("mqtt://h", "mqtt://h:1883"),
            ("MQTT://h/", "mqtt://h:1883"),
            ("mqtts://h", "mqtts://h:8883"),
            ("ws://h", "ws://h:80/mqtt"),
            ("wss://h/", "wss://h:443/"),
            ("wss://h:8084/a/b", "wss://h:8084/a/b"),
            ("mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1"),
            ("mqtt://[::1]", "mqtt://[::1]:1883"),
            ("mqtts://[fe80::2]:18", "mqtts://[fe80::2]:18"),
        ] {
            assert_eq!(printed(given).as_deref(), Ok(full));
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let url: BrokerUrl = "mqtt://a%40b:p:%2F%C3%A4@h".parse().unwrap();
        assert_eq!(url.username(), Some("a@b"));
        assert_eq!(url.password().map(Secret::expose), Some("p:/ä"));
        let url: BrokerUrl = "mqtt://scout@h".parse().unwrap();
        assert_eq!((url.username(), url.password()), (Some("scout"), None));
    }

    #[test]
    fn the_password_is_printed_nowhere() {
        let url: BrokerUrl = "ws://a%40b:hunter2@h".parse().unwrap();
        assert_eq!(format!("{url}"), "ws://a%40b@h:80/mqtt");
        assert!(!format!("{url:?}{url:#?}{}", url.without_credentials()).contains("hunter2"));
    }

    #[test]
    fn the_query_is_printed_nowhere_and_stands_in_the_handshake() {
        for (given, shown) in [
            ("ws://h?token=hunter2", "ws://h:80/mqtt"),
            ("wss://h:8084/a/b?token=hunter2?", "wss://h:8084/a/b"),
        ] {
            let url: BrokerUrl = given.parse().unwrap();
            assert_eq!(format!("{url}"), shown);
            assert!(!format!("{url:?}{url:#?}").contains("hunter2"));
            assert!(url.without_credentials().contains("?token=hunter2"));
        }
    }

    #[test]
    fn an_ipv6_host_has_brackets_only_in_print() {
        let url: BrokerUrl = "mqtt://[::1]:7".parse().unwrap();
        assert_eq!((url.host(), url.address().as_str()), ("::1", "[::1]:7"));
    }

    #[test]
    fn each_fault_is_told_apart() {
        for (text, fault) in [
            ("", UrlError::Scheme),
            ("localhost:1883", UrlError::Scheme),
            ("http://h", UrlError::Scheme),
            ("mqtt://", UrlError::Host),
            ("mqtt://:1883", UrlError::Host),
            ("mqtt://::1", UrlError::Host),
            ("mqtt://[::1", UrlError::Host),
            ("mqtt://[h]", UrlError::Host),
            ("mqtt://[::1]x", UrlError::Host),
            ("mqtt://bücher", UrlError::Host),
            ("mqtt://a b", UrlError::Host),
            ("mqtt://h:", UrlError::Port),
            ("mqtt://h:0", UrlError::Port),
            ("mqtt://h:+1", UrlError::Port),
            ("mqtt://h:65536", UrlError::Port),
            ("mqtt://h:1:2", UrlError::Port),
            ("mqtt://:p@h", UrlError::Credentials),
            ("mqtt://u:p/w@h", UrlError::Credentials),
            ("mqtt://u:%4@h", UrlError::Credentials),
            ("mqtt://u:%zz@h", UrlError::Credentials),
            ("mqtt://u:%ff@h", UrlError::Credentials),
            ("mqtt://h/topic", UrlError::Path),
            ("mqtt://h?x", UrlError::Path),
            ("ws://h/#x", UrlError::Path),
            ("ws://h/a b", UrlError::Path),
        ] {
            assert_eq!(printed(text), Err(fault), "{text}");
        }
    }
}
