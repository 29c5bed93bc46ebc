//! The floor that `bench --floor` compares with: requests and responses of rumqttc alone, on connections with the
//! options of this crate's own. As little code as that takes: nothing reconnects, and the first fault is the end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAck, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop};
use tokio::time::timeout_at;

use super::options::{ConnectOptions, OptionsError};
use super::prepare::{WINDOW, prepare};
use super::reason::{ReasonCode, granted};
use crate::error::chain;

/// How long the other half may say nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// Why there is no floor to compare with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FloorError {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error("the raw connection ended: {0}")]
    Connection(String),
    #[error(
        "the broker refuses the raw topic `{topic}` ({reason}): grant publish and subscribe on it"
    )]
    Refused { topic: String, reason: ReasonCode },
    #[error(
        "no response on the raw topics within {SILENCE:?}: grant publish and subscribe on `{topic}`"
    )]
    Silent { topic: String },
}

/// The half that asks, and takes the time.
pub(crate) struct Requester {
    raw: Raw,
    requests: String,
    responses: String,
    unacknowledged: usize,
}

/// A connection that is subscribed to one topic.
struct Raw {
    client: AsyncClient,
    eventloop: EventLoop,
}

impl Requester {
    /// Connects; `in_flight` is the most that will be asked for at a time.
    pub(crate) async fn connect(
        options: &ConnectOptions,
        requests: String,
        responses: String,
        in_flight: u16,
    ) -> Result<Self, FloorError> {
        Ok(Self {
            raw: Raw::subscribed(options, &responses, in_flight).await?,
            requests,
            responses,
            unacknowledged: 0,
        })
    }

    /// Keeps `in_flight` requests on their way until `until`, then waits for what is. `record` gets the time of each.
    pub(crate) async fn run(
        &mut self,
        in_flight: u16,
        payload: &Bytes,
        until: Instant,
        record: impl FnMut(Duration),
    ) -> Result<(), FloorError> {
        let patience = until + SILENCE;
        let silent = FloorError::Silent {
            topic: self.requests.clone(),
        };
        let running = self.ask(in_flight, payload, until, record);
        timeout_at(patience.into(), running)
            .await
            .unwrap_or(Err(silent))
    }

    async fn ask(
        &mut self,
        in_flight: u16,
        payload: &Bytes,
        until: Instant,
        mut record: impl FnMut(Duration),
    ) -> Result<(), FloorError> {
        let mut sent = vec![Instant::now(); usize::from(in_flight)];
        let mut running = in_flight;
        for slot in 0..in_flight {
            self.send(slot, payload)?;
        }
        while running > 0 || self.unacknowledged > 0 {
            match self.raw.packet().await? {
                Packet::PubAck(ack) => {
                    check(&ack, &self.requests)?;
                    self.unacknowledged = self.unacknowledged.saturating_sub(1);
                }
                Packet::Publish(publish) => {
                    let slot = slot(publish.properties.as_ref());
                    let Some((slot, began)) =
                        slot.and_then(|slot| Some((slot, sent.get_mut(usize::from(slot))?)))
                    else {
                        continue;
                    };
                    let now = Instant::now();
                    record(now - *began);
                    if now < until {
                        *began = now;
                        self.send(slot, payload)?;
                    } else {
                        running -= 1;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn send(&mut self, slot: u16, payload: &Bytes) -> Result<(), FloorError> {
        // As long as that of a call.
        let mut correlation = [0; 16];
        let [high, low] = slot.to_be_bytes();
        (correlation[0], correlation[1]) = (high, low);
        let properties = PublishProperties {
            response_topic: Some(self.responses.clone()),
            correlation_data: Some(Bytes::copy_from_slice(&correlation)),
            ..PublishProperties::default()
        };
        self.unacknowledged += 1;
        self.raw
            .publish(self.requests.clone(), payload.clone(), properties)
    }
}

/// The half that answers each request on `topic` with `size` bytes; `ready` is called once it does. Never ends well.
pub(crate) async fn respond(
    options: &ConnectOptions,
    topic: &str,
    size: usize,
    in_flight: u16,
    ready: impl FnOnce(),
) -> Result<(), FloorError> {
    let mut raw = Raw::subscribed(options, topic, in_flight).await?;
    ready();
    let payload = Bytes::from(vec![b'x'; size]);
    loop {
        match raw.packet().await? {
            Packet::Publish(publish) => {
                let Some(asked) = publish.properties else {
                    continue;
                };
                let Some(to) = asked.response_topic else {
                    continue;
                };
                let properties = PublishProperties {
                    correlation_data: asked.correlation_data,
                    ..PublishProperties::default()
                };
                raw.publish(to, payload.clone(), properties)?;
            }
            Packet::PubAck(ack) => check(&ack, topic)?,
            _ => {}
        }
    }
}

impl Raw {
    async fn subscribed(
        options: &ConnectOptions,
        filter: &str,
        in_flight: u16,
    ) -> Result<Self, FloorError> {
        let mut wire = prepare(options, None)?.only(false);
        wire.set_outgoing_inflight_upper_limit(in_flight.max(WINDOW));
        let (client, eventloop) = AsyncClient::new(wire, usize::from(in_flight) + 1);
        let mut raw = Self { client, eventloop };
        let subscribed = raw.client.try_subscribe(filter, QoS::AtLeastOnce);
        subscribed.map_err(|error| FloorError::Connection(chain(&error)))?;
        loop {
            if let Packet::SubAck(ack) = raw.packet().await? {
                let refused = ack
                    .return_codes
                    .into_iter()
                    .find_map(|code| granted(code).err());
                return match refused {
                    None => Ok(raw),
                    Some(reason) => Err(FloorError::Refused {
                        topic: filter.to_owned(),
                        reason,
                    }),
                };
            }
        }
    }

    async fn packet(&mut self) -> Result<Packet, FloorError> {
        loop {
            match self.eventloop.poll().await {
                Ok(Event::Incoming(packet)) => return Ok(packet),
                Ok(Event::Outgoing(_)) => {}
                Err(error) => return Err(FloorError::Connection(chain(&error))),
            }
        }
    }

    fn publish(
        &self,
        topic: String,
        payload: Bytes,
        properties: PublishProperties,
    ) -> Result<(), FloorError> {
        self.client
            .try_publish_with_properties(topic, QoS::AtLeastOnce, false, payload, properties)
            .map_err(|error| FloorError::Connection(chain(&error)))
    }
}

fn slot(properties: Option<&PublishProperties>) -> Option<u16> {
    match properties?.correlation_data.as_deref()? {
        [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

fn check(ack: &PubAck, topic: &str) -> Result<(), FloorError> {
    let reason = ReasonCode::from(ack.reason);
    if reason.is_failure() {
        let topic = topic.to_owned();
        return Err(FloorError::Refused { topic, reason });
    }
    Ok(())
}
