//! An MQTT 5 client of a few packets, byte by byte: what a test sends is exactly what it says, also
//! what no well-behaved client sends.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) const SUCCESS: u8 = 0x00;
pub(super) const GRANTED_QOS_1: u8 = 0x01;
pub(super) const CLIENT_ID_NOT_VALID: u8 = 0x85;
pub(super) const BAD_USER_NAME_OR_PASSWORD: u8 = 0x86;
pub(super) const NOT_AUTHORIZED: u8 = 0x87;
pub(super) const FILTER_INVALID: u8 = 0x8F;
pub(super) const SHUTTING_DOWN: u8 = 0x8B;
pub(super) const PACKET_TOO_LARGE: u8 = 0x95;

const DEADLINE: Duration = Duration::from_secs(10);

/// What a client says at CONNECT; a name of the identity suffices.
#[derive(Clone, Default)]
pub(super) struct Hello<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    pub(super) client_id: &'a str,
    /// Topic and payload.
    pub(super) will: Option<(&'a str, &'a str)>,
    /// Seconds; not 0: the session is also taken up again.
    pub(super) session_expiry: u32,
}

pub(super) fn hello(user: &str) -> Hello<'_> {
    Hello {
        user: Some(user),
        ..Hello::default()
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) retain: bool,
}

pub(super) struct Peer {
    stream: TcpStream,
    inbox: VecDeque<Message>,
    packet_id: u16,
}

impl Peer {
    /// A connection, or the reason that the broker refused it with.
    pub(super) async fn try_connect(address: SocketAddr, hello: Hello<'_>) -> Result<Self, u8> {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut peer = Self {
            stream,
            inbox: VecDeque::new(),
            packet_id: 0,
        };
        peer.send(0x10, &connect(&hello)).await;
        let (_, body) = peer.receive(2).await;
        match body[1] {
            SUCCESS => Ok(peer),
            reason => Err(reason),
        }
    }

    pub(super) async fn connect(address: SocketAddr, hello: Hello<'_>) -> Self {
        Self::try_connect(address, hello).await.ok().unwrap()
    }

    /// A connection, asked for until the broker grants it.
    pub(super) async fn connect_when_admitted(address: SocketAddr, hello: Hello<'_>) -> Self {
        tokio::time::timeout(DEADLINE, async {
            loop {
                if let Ok(peer) = Self::try_connect(address, hello.clone()).await {
                    return peer;
                }
            }
        })
        .await
        .expect("a connection in time")
    }

    /// Publishes with QoS 1; the reason of the PUBACK.
    pub(super) async fn publish(&mut self, topic: &str, payload: &str) -> u8 {
        self.publish_as(topic, payload.as_bytes(), false).await
    }

    pub(super) async fn publish_retained(&mut self, topic: &str, payload: &str) -> u8 {
        self.publish_as(topic, payload.as_bytes(), true).await
    }

    async fn publish_as(&mut self, topic: &str, payload: &[u8], retain: bool) -> u8 {
        let id = self.next_id();
        let mut body = text(topic);
        body.extend(id.to_be_bytes());
        body.push(0);
        body.extend(payload);
        self.send(0x32 | u8::from(retain), &body).await;
        let (_, ack) = self.receive(4).await;
        assert_eq!(ack[..2], id.to_be_bytes());
        ack.get(2).copied().unwrap_or(SUCCESS)
    }

    /// Publishes with QoS 1 through topic alias 1, which `topic` sets when it is not empty.
    pub(super) async fn publish_aliased(&mut self, topic: &str) -> u8 {
        let id = self.next_id();
        let mut body = text(topic);
        body.extend(id.to_be_bytes());
        body.extend([3, 0x23, 0, 1]);
        self.send(0x32, &body).await;
        let (_, ack) = self.receive(4).await;
        ack.get(2).copied().unwrap_or(SUCCESS)
    }

    /// Publishes with QoS 0.
    pub(super) async fn publish_unacknowledged(&mut self, topic: &str, payload: &[u8]) {
        let mut body = text(topic);
        body.push(0);
        body.extend(payload);
        self.send(0x30, &body).await;
    }

    /// Subscribes with QoS 1; the reason in the SUBACK.
    pub(super) async fn subscribe(&mut self, filter: &str) -> u8 {
        self.subscribe_all(&[filter]).await[0]
    }

    /// Subscribes to all filters with one packet; a reason for each.
    pub(super) async fn subscribe_all(&mut self, filters: &[&str]) -> Vec<u8> {
        let id = self.next_id();
        let mut body = id.to_be_bytes().to_vec();
        body.push(0);
        for filter in filters {
            body.extend(text(filter));
            body.push(1);
        }
        self.send(0x82, &body).await;
        let (_, ack) = self.receive(9).await;
        ack[3 + usize::from(ack[2])..].to_vec()
    }

    /// The next message, in the order of arrival.
    pub(super) async fn message(&mut self) -> Message {
        if let Some(message) = self.inbox.pop_front() {
            return message;
        }
        loop {
            let (first, body) = self.read().await.unwrap();
            if first >> 4 == 3 {
                return self.acknowledge(first, &body).await;
            }
        }
    }

    /// Waits until the broker closes the connection; the reason of its DISCONNECT, if any.
    pub(super) async fn closed(&mut self) -> Option<u8> {
        let mut reason = None;
        while let Some((first, body)) = self.read().await {
            if first >> 4 == 14 {
                reason = Some(body.first().copied().unwrap_or(SUCCESS));
            }
        }
        reason
    }

    /// Says good-bye, so that no will is published.
    pub(super) async fn disconnect(mut self) {
        self.send(0xE0, &[]).await;
    }

    /// Waits for a packet of the type, messages are kept for later.
    async fn receive(&mut self, kind: u8) -> (u8, Vec<u8>) {
        loop {
            let (first, body) = self.read().await.unwrap();
            match first >> 4 {
                3 => {
                    let message = self.acknowledge(first, &body).await;
                    self.inbox.push_back(message);
                }
                other => {
                    assert_eq!(other, kind, "{body:?}");
                    return (first, body);
                }
            }
        }
    }

    async fn acknowledge(&mut self, first: u8, body: &[u8]) -> Message {
        let topic_end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
        let mut rest = &body[topic_end..];
        if first & 0b110 != 0 {
            self.send(0x40, &rest[..2]).await;
            rest = &rest[2..];
        }
        let (properties, length) = length(rest);
        Message {
            topic: String::from_utf8(body[2..topic_end].to_vec()).unwrap(),
            payload: rest[length + properties..].to_vec(),
            retain: first & 1 == 1,
        }
    }

    async fn send(&mut self, first: u8, body: &[u8]) {
        let mut packet = vec![first];
        let mut rest = body.len();
        loop {
            let more = rest > 127;
            packet.push((rest % 128) as u8 | (u8::from(more) << 7));
            rest /= 128;
            if !more {
                break;
            }
        }
        packet.extend(body);
        // A broker may have closed already; what matters is what it says.
        let _ = self.stream.write_all(&packet).await;
    }

    /// A packet; `None` when the connection is closed.
    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        tokio::time::timeout(DEADLINE, async {
            let first = self.stream.read_u8().await.ok()?;
            let mut digits = Vec::new();
            while digits.last().is_none_or(|digit| digit & 0x80 != 0) {
                digits.push(self.stream.read_u8().await.ok()?);
            }
            let mut body = vec![0; length(&digits).0];
            self.stream.read_exact(&mut body).await.ok()?;
            Some((first, body))
        })
        .await
        .expect("an answer in time")
    }

    fn next_id(&mut self) -> u16 {
        self.packet_id += 1;
        self.packet_id
    }
}

fn connect(hello: &Hello<'_>) -> Vec<u8> {
    let mut flags = u8::from(hello.session_expiry == 0) << 1;
    flags |= u8::from(hello.user.is_some()) << 7;
    flags |= u8::from(hello.password.is_some()) << 6;
    if hello.will.is_some() {
        flags |= 0b0000_1100;
    }
    let mut body = text("MQTT");
    body.extend([5, flags, 0, 60]);
    body.extend([5, 0x11]);
    body.extend(hello.session_expiry.to_be_bytes());
    body.extend(text(hello.client_id));
    if let Some((topic, payload)) = hello.will {
        body.push(0);
        body.extend(text(topic));
        body.extend(text(payload));
    }
    body.extend(hello.user.map(text).unwrap_or_default());
    body.extend(hello.password.map(text).unwrap_or_default());
    body
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// A variable byte integer, and how many bytes it has.
fn length(bytes: &[u8]) -> (usize, usize) {
    let mut value = 0;
    for (n, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * n);
        if byte & 0x80 == 0 {
            return (value, n + 1);
        }
    }
    panic!("a length without end");
}
