//! Over how many connections to the broker a client or server speaks.

use std::fmt;
use std::str::FromStr;

use crate::error::UnknownWord;

/// Whether publishing and subscribing share one connection to the broker.
///
/// A broker that leaves Nagle's algorithm on, as Mosquitto does unless its configuration says `set_tcp_nodelay true`,
/// holds back a message that follows an acknowledgement on the same connection until that one is acknowledged in turn:
/// 44 ms for each call. With a second connection there is nothing to wait for. Where the broker can be configured, that
/// is the better cure: two connections count twice against the broker's limits.
///
/// The second one is for subscribing. It has the client id of the first and `-sub`, the same user name, and the last
/// will. When either is lost, both are.
///
/// Two connections are not for brokers that know clients by their client id instead of their user name: there the
/// second one is another client, with another inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Connections {
    /// One; two as soon as the broker is found to hold messages back, which the log says. A server finds out before it
    /// takes calls, by its own instance card; a client after slow calls, by the card of their tool, and changes while
    /// none is pending. Always one where [`client_id`](super::ConnectOptions::client_id) is set, because the broker may
    /// know the client by it, and where these cards may not be read; and again one if two do not last for 5 s.
    #[default]
    Auto,
    /// One for everything.
    One,
    /// One for publishing, one for subscribing.
    Two,
}

impl Connections {
    /// All choices.
    pub const ALL: &[Self] = &[Self::Auto, Self::One, Self::Two];
}

impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::One => "one",
            Self::Two => "two",
        })
    }
}

impl FromStr for Connections {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        UnknownWord::find("number of connections", Self::ALL, word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_has_a_word() {
        for choice in Connections::ALL {
            assert_eq!(choice.to_string().parse(), Ok(*choice));
        }
        assert_eq!(
            "three".parse::<Connections>().unwrap_err().to_string(),
            "there is no number of connections `three`; use one of auto, one, two"
        );
    }
}
