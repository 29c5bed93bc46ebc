//! From [`ConnectOptions`] to rumqttc's options.

use std::time::Duration;

use rumqttc::v5::MqttOptions;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, LastWill};
use rumqttc::{NetworkOptions, Transport};

use super::options::{ConnectOptions, OptionsError, OptionsFault};
use super::packet::Will;
use super::secret::Secret;
use super::url::Scheme;

/// How many publishes at QoS 1 may wait for their PUBACK, unless the broker allows fewer. Enough for 5 000 a second at
/// 50 ms to the broker and back; rumqttc keeps a slot of about 200 bytes for each, used or not, and its own default of
/// 65 535 costs 13 MiB.
pub(super) const WINDOW: u16 = 256;

/// What each connection of a client is opened with.
pub(super) struct Plan {
    /// Without a will, and with the session.
    common: MqttOptions,
    will: Option<LastWill>,
}

impl Plan {
    pub(super) fn set_client_id(&mut self, id: String) {
        self.common.set_client_id(id);
    }

    pub(super) fn keeps_session(&self) -> bool {
        self.common.session_expiry_interval().is_some()
    }

    /// For the connection that is the only one.
    pub(super) fn only(&self, resume: bool) -> MqttOptions {
        let mut options = self.common.clone();
        options.set_clean_start(!resume);
        if let Some(will) = &self.will {
            options.set_last_will(will.clone());
        }
        options
    }

    /// For the one of two that publishes: it is nothing that outlives it.
    pub(super) fn publishing(&self) -> MqttOptions {
        let mut options = self.common.clone();
        options.set_clean_start(true);
        options.set_session_expiry_interval(None);
        options
    }

    /// For the one of two that subscribes.
    pub(super) fn subscribing(&self, resume: bool) -> MqttOptions {
        let mut options = self.only(resume);
        options.set_client_id(format!("{}-sub", self.common.client_id()));
        options
    }
}

/// Checks everything, files included, and translates it.
pub(super) fn prepare(options: &ConnectOptions, will: Option<Will>) -> Result<Plan, OptionsError> {
    let mut faults = options.faults(will.as_ref());
    let transport = transport(options, &mut faults);
    let Some(transport) = transport.filter(|_| faults.is_empty()) else {
        return Err(OptionsError { faults });
    };

    // For WebSockets rumqttc wants the URL as its address and reads the port out of it. For the others an IPv6 address
    // must go without brackets: it becomes `host:port` for the resolver and the TLS server name as it is.
    #[cfg(feature = "ws")]
    let host = if options.url.scheme().is_websocket() {
        options.url.without_credentials()
    } else {
        options.url.host().to_owned()
    };
    #[cfg(not(feature = "ws"))]
    let host = options.url.host();

    // An empty id would be the broker's to choose, and not all of them do.
    let client_id = options.client_id.clone();
    let client_id = client_id.unwrap_or_else(|| options.new_client_id());
    let mut wire = MqttOptions::new(client_id, host, options.url.port());
    wire.set_transport(transport);
    let mut network = NetworkOptions::new();
    // Without it a small packet waits for the acknowledgement of the one before: 40 ms and more per call.
    network.set_tcp_nodelay(true);
    wire.set_network_options(network);
    wire.set_keep_alive(options.keep_alive);
    // Ours, around the attempt, is the one that counts; rumqttc's knows whole seconds only.
    wire.set_connection_timeout(options.connect_timeout.as_secs() + 2);
    wire.set_outgoing_inflight_upper_limit(WINDOW);
    wire.set_pending_throttle(Duration::ZERO);
    wire.set_connect_properties(ConnectProperties {
        session_expiry_interval: match u32::try_from(options.session_expiry.as_secs()) {
            Ok(0) => None,
            seconds => Some(seconds.unwrap_or(u32::MAX)),
        },
        receive_maximum: Some(options.receive_maximum),
        max_packet_size: Some(options.max_packet_size),
        ..ConnectProperties::new()
    });
    if let Some(username) = &options.username {
        wire.set_credentials(
            username,
            options.password.as_ref().map_or("", Secret::expose),
        );
    }
    Ok(Plan {
        common: wire,
        will: will.map(Will::into_wire),
    })
}

/// `None` with at least one fault noted.
fn transport(options: &ConnectOptions, faults: &mut Vec<OptionsFault>) -> Option<Transport> {
    #[cfg(not(feature = "tls"))]
    let _ = faults;
    match options.url.scheme() {
        Scheme::Mqtt => Some(Transport::Tcp),
        #[cfg(feature = "tls")]
        Scheme::Mqtts => super::tls::configuration(options, faults).map(Transport::Tls),
        #[cfg(feature = "ws")]
        Scheme::Ws => Some(Transport::Ws),
        #[cfg(all(feature = "tls", feature = "ws"))]
        Scheme::Wss => super::tls::configuration(options, faults).map(Transport::Wss),
        #[cfg(not(all(feature = "tls", feature = "ws")))]
        _ => None,
    }
}
