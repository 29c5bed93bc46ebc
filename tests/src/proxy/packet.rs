//! The frame of an MQTT packet (MQTT 5.0 §2.1): where it ends, and of a PUBLISH its topic and id.

use anyhow::{Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt};

const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const DUP: u8 = 0b1000;

/// One packet, as it was on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    bytes: Vec<u8>,
    /// Where its variable header begins.
    header: usize,
}

impl Packet {
    /// Reads the next packet; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// When the stream ends within a packet, fails, or holds what is no packet.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>> {
        let mut bytes = vec![0];
        if from.read(&mut bytes).await? == 0 {
            return Ok(None);
        }
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = from.read_u8().await?;
            bytes.push(byte);
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 21 {
                bail!("a remaining length of more than four bytes");
            }
        }
        let header = bytes.len();
        bytes.resize(header + length, 0);
        from.read_exact(&mut bytes[header..]).await?;
        Ok(Some(Self { bytes, header }))
    }

    /// Everything that goes over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The topic, if this is a PUBLISH.
    pub fn topic(&self) -> Option<&str> {
        if self.kind() != PUBLISH {
            return None;
        }
        let (start, end) = self.topic_range()?;
        std::str::from_utf8(self.bytes.get(start..end)?).ok()
    }

    /// The id of a PUBLISH at QoS 1 or 2.
    pub fn publish_id(&self) -> Option<u16> {
        if self.kind() != PUBLISH || self.bytes[0] & 0b110 == 0 {
            return None;
        }
        self.number(self.topic_range()?.1)
    }

    /// The id that this acknowledges, if it is a PUBACK.
    pub fn acknowledged(&self) -> Option<u16> {
        (self.kind() == PUBACK).then(|| self.number(self.header))?
    }

    /// The same PUBLISH delivered again: with DUP, unless it is of QoS 0, which has none (§3.3.1.1).
    #[must_use]
    pub fn again(&self) -> Self {
        let mut copy = self.clone();
        if self.publish_id().is_some() {
            copy.bytes[0] |= DUP;
        }
        copy
    }

    fn kind(&self) -> u8 {
        self.bytes[0] >> 4
    }

    fn topic_range(&self) -> Option<(usize, usize)> {
        let start = self.header + 2;
        Some((start, start + usize::from(self.number(self.header)?)))
    }

    fn number(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at + 2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PUBLISH at QoS 1 on `a/b` with the id 7, no properties, and a payload.
    fn publish(payload: usize) -> Vec<u8> {
        let mut body = vec![0, 3, b'a', b'/', b'b', 0, 7, 0];
        body.extend(std::iter::repeat_n(b'x', payload));
        let mut bytes = vec![0x32];
        let mut length = body.len();
        loop {
            let more = length > 127;
            bytes.push((length & 0x7f) as u8 | if more { 0x80 } else { 0 });
            length >>= 7;
            if !more {
                break;
            }
        }
        bytes.extend(body);
        bytes
    }

    async fn all(bytes: &[u8]) -> Result<Vec<Packet>> {
        let mut stream = bytes;
        let mut packets = Vec::new();
        while let Some(packet) = Packet::read(&mut stream).await? {
            packets.push(packet);
        }
        Ok(packets)
    }

    #[tokio::test]
    async fn packets_of_every_length_are_told_apart() {
        for payload in [0, 118, 119, 120, 16_400, 2_100_000] {
            let bytes = [publish(payload), vec![0xd0, 0], publish(payload)].concat();
            let packets = all(&bytes).await.unwrap();
            assert_eq!(packets.len(), 3);
            assert_eq!(packets[0].topic(), Some("a/b"));
            assert_eq!(packets[2].publish_id(), Some(7));
            assert_eq!(packets[1].topic(), None);
            let whole: Vec<u8> = packets.iter().flat_map(|p| p.bytes().to_vec()).collect();
            assert_eq!(whole, bytes);
        }
    }

    #[tokio::test]
    async fn half_a_packet_and_an_endless_length_are_errors() {
        let whole = publish(3);
        assert!(all(&whole[..whole.len() - 1]).await.is_err());
        assert!(all(&[0x32, 0xff, 0xff, 0xff, 0xff, 0x01]).await.is_err());
        assert!(all(&[]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_copy_is_marked_where_mqtt_has_a_mark() {
        let mut bytes = publish(1);
        let packets = all(&bytes).await.unwrap();
        assert_eq!(packets[0].again().bytes()[0], 0x3a);
        bytes[0] = 0x30;
        let packets = all(&bytes).await.unwrap();
        assert_eq!(packets[0].publish_id(), None);
        assert_eq!(packets[0].again(), packets[0]);
    }

    #[tokio::test]
    async fn an_acknowledgement_says_of_what() {
        let packets = all(&[0x40, 2, 1, 2, 0x40, 3, 1, 2, 0x10]).await.unwrap();
        assert_eq!(packets[0].acknowledged(), Some(0x0102));
        assert_eq!(packets[1].acknowledged(), Some(0x0102));
        assert_eq!(all(&publish(0)).await.unwrap()[0].acknowledged(), None);
    }

    #[tokio::test]
    async fn a_publish_that_lies_about_its_topic_has_none() {
        let packets = all(&[0x32, 3, 0xff, 0xff, b'a']).await.unwrap();
        assert_eq!((packets[0].topic(), packets[0].publish_id()), (None, None));
    }
}
