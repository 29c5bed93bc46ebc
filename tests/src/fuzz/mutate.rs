//! Small changes to files of a corpus, by a seed.

use crate::seeded::Seeded;

/// What topics, JSON and policies break on.
const TOKENS: [&str; 36] = [
    "/",
    "+",
    "#",
    "$",
    "$share/",
    "{$self}",
    "%u",
    "-sub",
    "@",
    "\n",
    "\r",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\"",
    "\\",
    "\\u0000",
    "\\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "0.1e-7",
    "18446744073709551616",
    "\u{fffd}",
    "é",
    " ",
    "call_id",
    "mcp",
];

/// Makes inputs out of a corpus, always the same for the same seed.
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    seeded: Seeded,
}

impl<'a> Mutator<'a> {
    /// One that starts from these files, of which there is at least one.
    #[must_use]
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        let seeded = Seeded::new(seed);
        Self { corpus, seeded }
    }

    /// The next input: a file with one to four changes.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.seeded.pick(self.corpus).clone();
        for _ in 0..=self.seeded.below(4) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.seeded.below(input.len() + 1);
        let end = (at + 1 + self.seeded.below(16)).min(input.len()).max(at);
        match self.seeded.below(6) {
            0 => drop(input.drain(at..end)),
            1 => {
                let part = input[at..end].to_vec();
                let times = 1 + self.seeded.below(80);
                input.splice(at..at, part.repeat(times));
            }
            2 => {
                let token = self.seeded.pick(&TOKENS).bytes();
                input.splice(at..at, token);
            }
            3 => {
                let token = self.seeded.pick(&TOKENS).bytes();
                input.splice(at..end, token);
            }
            4 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.seeded.below(8);
                }
            }
            _ => {
                let other = self.seeded.pick(self.corpus);
                let from = self.seeded.below(other.len() + 1);
                let to = (from + self.seeded.below(40)).min(other.len());
                input.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_inputs_and_another_one_others() {
        let corpus = [b"{\"call_id\":\"1\"}".to_vec(), Vec::new()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(&corpus, seed);
            (0..50).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().any(|input| !corpus.contains(input)));
    }
}
