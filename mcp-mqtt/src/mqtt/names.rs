//! Which strings may go into a packet at all. A broker answers any other by closing the connection, so the
//! request that holds one must fail alone, before it is sent.

use crate::wire::filter;

/// What is wrong with a string, in words; `Ok` if nothing is.
pub(super) type Verdict = Result<(), &'static str>;

/// A topic name to publish to.
pub(super) fn topic(topic: &str) -> Verdict {
    if !filter::is_valid_topic(topic) {
        return Err("the topic is empty, longer than 65535 bytes, or holds a wildcard or NUL");
    }
    text(topic)
}

/// A topic filter to subscribe to, `$share/{group}/{filter}` included.
pub(super) fn filter(filter: &str) -> Verdict {
    if filter::Subscription::parse(filter).is_none() {
        return Err("MQTT allows no such topic filter");
    }
    text(filter)
}

/// A UTF-8 string of a packet (MQTT 5.0 §1.5.4): at most 65 535 bytes, no NUL. Control and non-characters "should
/// not" be there; Mosquitto closes the connection over them.
pub(super) fn text(text: &str) -> Verdict {
    binary(text.as_bytes())?;
    let printable = |b: u8| (0x20..0x7f).contains(&b);
    if text.bytes().all(printable) {
        return Ok(());
    }
    let is_noncharacter =
        |c: char| matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    if text.chars().any(|c| c.is_control() || is_noncharacter(c)) {
        return Err("a string holds a control character or a Unicode non-character");
    }
    Ok(())
}

/// Binary data of a packet (MQTT 5.0 §1.5.6): at most 65 535 bytes.
pub(super) fn binary(bytes: &[u8]) -> Verdict {
    if bytes.len() > usize::from(u16::MAX) {
        return Err("a string or binary property is longer than 65535 bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        for good in ["a", "/", "a//b", "$SYS/x", "ä/b c"] {
            assert_eq!(topic(good), Ok(()), "{good}");
        }
        let long = "x".repeat(65_536);
        for bad in [
            "", "+", "a/#", "a+", "a\0b", "a\nb", "\u{fffe}", "\u{fdd0}", "\u{85}", &long,
        ] {
            assert!(topic(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn filters() {
        for good in [
            "a",
            "#",
            "+",
            "a/+/b/#",
            "/",
            "$share/g/a/#",
            "$share/g//",
            "$sharex",
        ] {
            assert_eq!(filter(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a#",
            "#/a",
            "a/+b",
            "++",
            "$share",
            "$share/g",
            "$share/g/",
            "$share//a",
            "$share/+/a",
            "a\0",
        ] {
            assert!(filter(bad).is_err(), "{bad:?}");
        }
    }
}
