//! Which strings may go into a packet at all. A broker answers any other by closing the connection, so the
//! request that holds one must fail alone, before it is sent.

/// What is wrong with a string, in words; `Ok` if nothing is.
pub(super) type Verdict = Result<(), &'static str>;

/// A topic name to publish to (MQTT 5.0 §4.7).
pub(super) fn topic(topic: &str) -> Verdict {
    if topic.is_empty() {
        return Err("the topic is empty");
    }
    if topic.contains(['+', '#']) {
        return Err("the topic holds a wildcard, `+` or `#`");
    }
    text(topic)
}

/// A topic filter to subscribe to, `$share/{group}/{filter}` included (MQTT 5.0 §4.7.1, §4.8.2).
pub(super) fn filter(whole: &str) -> Verdict {
    text(whole)?;
    let filter = match whole.strip_prefix("$share/") {
        None => whole,
        Some(rest) => {
            let (group, filter) = rest
                .split_once('/')
                .ok_or("the shared filter has no filter after its group")?;
            if group.is_empty() || group.contains(['+', '#']) {
                return Err("the share group is empty or holds a wildcard");
            }
            filter
        }
    };
    if filter.is_empty() {
        return Err("the topic filter is empty");
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.len() > 1 && level.contains(['+', '#']) {
            return Err("a wildcard must be a whole level of the topic filter");
        }
        if level == "#" && levels.peek().is_some() {
            return Err("`#` must be the last level of the topic filter");
        }
    }
    Ok(())
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
            "$share",
        ] {
            assert_eq!(filter(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a#",
            "#/a",
            "a/+b",
            "++",
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
