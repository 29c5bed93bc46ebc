//! The trace that a call is part of, as W3C Trace Context writes it.

/// The longest `tracestate` that everybody has to pass on (W3C Trace Context §3.3.1.5).
const MAX_STATE: usize = 512;

/// The length of a `traceparent` of version 00 (§3.2.2), and of the longest one that is taken: later versions may
/// append to it (§3.2.4).
const PARENT: std::ops::RangeInclusive<usize> = 55..=128;

/// The parts of a `traceparent` that version 00 has: version, trace id, parent id, flags.
const PARTS: [usize; 4] = [2, 32, 16, 2];

/// The values of the headers `traceparent` and `tracestate`, which a call carries as user properties.
///
/// ```
/// use mcp_mqtt::wire::TraceContext;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace = TraceContext::parse(parent, Some("congo=t61rcWkgMzE"));
/// assert_eq!(trace.as_ref().map(TraceContext::parent), Some(parent));
/// assert_eq!(TraceContext::parse("none\n", None), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
    /// `None` for a `traceparent` that is none. A `tracestate` that is none, or of more than 512 bytes, is left
    /// out: a faulty trace must not break what it traces.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        is_parent(traceparent).then(|| Self {
            parent: traceparent.to_owned(),
            state: tracestate
                .filter(|state| is_state(state))
                .map(str::to_owned),
        })
    }

    /// The value of `traceparent`: 55 to 128 of `0–9 a–f -`.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// The value of `tracestate`: up to 512 printable ASCII characters. What they say is not looked at.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn is_parent(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if !PARENT.contains(&text.len()) || !text.bytes().all(|b| hex(b) || b == b'-') {
        return false;
    }
    let mut parts = text.split('-');
    let fits = PARTS.map(|length| parts.next().filter(|part| part.len() == length));
    let [Some(version), Some(trace), Some(parent), Some(_)] = fits else {
        return false;
    };
    let is_zero = |part: &str| part.bytes().all(|b| b == b'0');
    let ends = version != "00" || parts.next().is_none();
    version != "ff" && !is_zero(trace) && !is_zero(parent) && ends
}

fn is_state(text: &str) -> bool {
    (1..=MAX_STATE).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn this_version_and_later_ones_are_taken() {
        for parent in [
            PARENT.to_owned(),
            PARENT.replacen("00", "01", 1),
            PARENT.replacen("00", "cc", 1) + "-00-beef",
        ] {
            let trace = TraceContext::parse(&parent, Some("congo=t61rcWkgMzE, a=~"));
            let trace = trace.expect(&parent);
            assert_eq!(trace.parent(), parent);
            assert_eq!(trace.state(), Some("congo=t61rcWkgMzE, a=~"));
        }
    }

    #[test]
    fn what_is_no_parent_is_no_trace() {
        let with = |from: &str, to: &str| PARENT.replacen(from, to, 1);
        for bad in [
            String::new(),
            "00".to_owned(),
            PARENT.to_uppercase(),
            format!("{PARENT}\n"),
            format!("{PARENT}-00"),
            with("00-4", "ff-4"),
            with("-", "0"),
            with("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            with("00f067aa0ba902b7", &"0".repeat(16)),
            with("00-4", "01-4") + &"-0".repeat(40),
            "-".repeat(55),
            "0".repeat(1 << 20),
        ] {
            assert_eq!(TraceContext::parse(&bad, Some("a=1")), None, "{bad:.200}");
        }
    }

    #[test]
    fn what_is_no_state_is_left_out() {
        for bad in ["", "a=\u{e4}", "a=1\r\n", &"x".repeat(513)] {
            let trace = TraceContext::parse(PARENT, Some(bad)).expect(PARENT);
            assert_eq!(trace.state(), None, "{bad}");
        }
    }
}
