//! The cards of one running discovery, by topic: bounded, whatever is published.

use std::collections::HashMap;

use super::cards;

/// One discovery keeps at most this many bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What the table takes for each topic, beside topic and card, in bytes; rather too much.
const OVERHEAD: usize = 128;

/// The last payload on each card topic.
#[derive(Debug, Default)]
pub(super) struct Collector {
    cards: HashMap<String, Vec<u8>>,
    bytes: usize,
}

impl Collector {
    /// Takes what came on a card's topic in the place of what came there before. `true` if nothing had;
    /// `Err` says why it is ignored, and then nothing is known of the topic any more.
    pub(super) fn take(&mut self, topic: &str, payload: &[u8]) -> Result<bool, String> {
        let replaced = self.cards.remove(topic);
        if let Some(replaced) = &replaced {
            self.bytes -= cost(topic, replaced);
        }
        cards::check_size(payload)?;
        if self.bytes + cost(topic, payload) > MAX_BYTES {
            return Err(format!(
                "this discovery has {MAX_BYTES} bytes of cards already"
            ));
        }
        self.bytes += cost(topic, payload);
        // Copied, since a short payload would keep the whole buffer that it was read with.
        self.cards.insert(topic.to_owned(), payload.to_vec());
        Ok(replaced.is_none())
    }

    /// The cards that were not taken back, which an empty payload does.
    pub(super) fn into_cards(self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.cards.into_iter().filter(|(_, card)| !card.is_empty())
    }
}

fn cost(topic: &str, payload: &[u8]) -> usize {
    OVERHEAD + topic.len() + payload.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_takes_the_place_of_the_one_before_and_an_empty_one_takes_it_back() {
        let mut collector = Collector::default();
        assert_eq!(collector.take("a", b"1"), Ok(true));
        assert_eq!(collector.take("a", b"22"), Ok(false));
        assert_eq!(collector.take("b", b"3"), Ok(true));
        assert_eq!(collector.take("b", b""), Ok(false));
        assert_eq!(collector.bytes, cost("a", b"22") + cost("b", b""));
        let cards: Vec<_> = collector.into_cards().collect();
        assert_eq!(cards, [("a".to_owned(), b"22".to_vec())]);
    }

    #[test]
    fn a_card_that_is_published_again_and_again_fills_nothing() {
        let mut collector = Collector::default();
        let card = vec![0; cards::MAX_CARD];
        for _ in 0..2 * MAX_BYTES / card.len() {
            assert!(collector.take("a", &card).is_ok());
        }
        assert_eq!(collector.bytes, cost("a", &card));
    }

    #[test]
    fn what_goes_beyond_the_bound_is_told() {
        let mut collector = Collector::default();
        let card = vec![0; cards::MAX_CARD];
        let room = MAX_BYTES / cost("000", &card);
        for n in 0..room {
            assert_eq!(collector.take(&format!("{n:03}"), &card), Ok(true));
        }
        assert!(collector.take("one more", &card).is_err());
        assert_eq!(collector.take("000", &card), Ok(false), "it has its place");
        assert!(collector.take("000", &[0; cards::MAX_CARD + 1]).is_err());
        assert_eq!(collector.into_cards().count(), room - 1);
    }

    #[test]
    fn topics_without_a_card_are_bounded_too() {
        let mut collector = Collector::default();
        let long = "x".repeat(MAX_BYTES / 4);
        let taken = (0..8).filter(|n| collector.take(&format!("{n}{long}"), b"").is_ok());
        assert_eq!(taken.count(), 3);
    }
}
