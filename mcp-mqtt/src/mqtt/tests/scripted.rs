//! A broker that does what the test tells it, packet by packet.

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::Error;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnAckProperties, Connect, ConnectReturnCode, Disconnect, DisconnectReasonCode,
    Packet, PubAck, PubAckReason, Publish as WirePublish,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::soon;

pub(super) struct Scripted {
    listener: TcpListener,
    pub(super) port: u16,
}

impl Scripted {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// The next connection.
    pub(super) async fn socket(&self) -> Socket {
        let (stream, _) = soon("a connection", self.listener.accept()).await.unwrap();
        Socket {
            stream,
            read: BytesMut::new(),
        }
    }

    /// The next client, accepted with these properties.
    pub(super) async fn client(
        &self,
        change: impl FnOnce(&mut ConnAckProperties),
    ) -> (Socket, Connect) {
        let mut socket = self.socket().await;
        let connect = socket.connect().await;
        socket.send(connack(change)).await;
        (socket, connect)
    }
}

pub(super) struct Socket {
    stream: TcpStream,
    read: BytesMut,
}

impl Socket {
    /// The next packet; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.read, None) {
                Ok(packet) => return Some(packet),
                Err(Error::InsufficientBytes(_)) => {}
                // The short form of DISCONNECT 0x00, which rumqttc writes and does not read.
                Err(Error::PayloadRequired) => {
                    return Some(Packet::Disconnect(Disconnect::new(
                        DisconnectReasonCode::NormalDisconnection,
                    )));
                }
                Err(error) => panic!("the client sent {error}"),
            }
            // An abort resets the connection.
            if soon("a packet", self.stream.read_buf(&mut self.read))
                .await
                .unwrap_or(0)
                == 0
            {
                return None;
            }
        }
    }

    pub(super) async fn connect(&mut self) -> Connect {
        match self.next().await {
            Some(Packet::Connect(connect, ..)) => connect,
            other => panic!("expected a CONNECT, got {other:?}"),
        }
    }

    /// The next PUBLISH; pings are passed over.
    pub(super) async fn publish(&mut self) -> WirePublish {
        loop {
            match self.next().await {
                Some(Packet::Publish(publish)) => return publish,
                Some(Packet::PingReq(_)) => {}
                other => panic!("expected a PUBLISH, got {other:?}"),
            }
        }
    }

    pub(super) async fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, None).unwrap();
        self.send_bytes(&bytes).await;
    }

    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(super) async fn ack(&mut self, pkid: u16, reason: PubAckReason) {
        self.send(Packet::PubAck(PubAck {
            pkid,
            reason,
            properties: None,
        }))
        .await;
    }
}

pub(super) fn connack(change: impl FnOnce(&mut ConnAckProperties)) -> Packet {
    let mut properties = ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
        user_properties: Vec::new(),
    };
    change(&mut properties);
    Packet::ConnAck(ConnAck {
        session_present: false,
        code: ConnectReturnCode::Success,
        properties: Some(properties),
    })
}
