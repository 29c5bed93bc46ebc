//! Telling apart what comes back for a call: the response, partial results, accept notices.

use std::time::Duration;

use serde_json::Value;

use super::mailbox::Delivery;
use crate::wire::{Accepted, ErrorBody, Partial, PartialKind, Response};

/// What a message means for the call that it belongs to.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    /// The response, and how long the server says that it took.
    Outcome(Result<Value, ErrorBody>, Duration),
    /// A partial result.
    Partial(Value),
    /// This instance of the server has the call.
    Accepted(String),
    /// Nothing: the end of the partial results, or a message on the stream topic that is no partial
    /// result of this call.
    Nothing,
    /// It has the call's own correlation data, so the server sent it, and is not understood.
    Bad(String),
}

pub(super) fn read(delivery: &Delivery, call_id: &str) -> Meaning {
    let payload = &delivery.payload;
    if delivery.stream {
        // Others than the server may publish there, where no policy keeps them from it. They know the call id, which is
        // in the topic, so this tells honest servers apart and stops no forger. Neither would the order of `seq` or a
        // `done`: a forger would use it to suppress what the server sends.
        return match serde_json::from_slice::<Partial>(payload) {
            Ok(partial) if partial.call_id == call_id => meaning(partial),
            _ => Meaning::Nothing,
        };
    }
    // Correlation data of 128 random bits says more than the call id, which is not compared.
    match serde_json::from_slice::<Response>(payload) {
        Ok(response) => {
            let elapsed = Duration::from_millis(response.elapsed_ms);
            Meaning::Outcome(response.outcome, elapsed)
        }
        Err(error) => match serde_json::from_slice::<Partial>(payload) {
            Ok(partial) => meaning(partial),
            Err(_) => match serde_json::from_slice::<Accepted>(payload) {
                Ok(notice) => Meaning::Accepted(notice.instance),
                Err(_) => Meaning::Bad(error.to_string()),
            },
        },
    }
}

fn meaning(partial: Partial) -> Meaning {
    match partial.kind {
        PartialKind::Partial => Meaning::Partial(partial.into_value()),
        PartialKind::Done => Meaning::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn inbox(payload: &Value) -> Meaning {
        let payload = payload.to_string().into();
        read(
            &Delivery {
                stream: false,
                payload,
            },
            "1",
        )
    }

    fn stream(payload: &Value) -> Meaning {
        let payload = payload.to_string().into();
        read(
            &Delivery {
                stream: true,
                payload,
            },
            "1",
        )
    }

    #[test]
    fn the_inbox_holds_the_response_and_partial_results() {
        let ok = json!({"call_id": "1", "status": "ok", "result": 3, "elapsed_ms": 7});
        let elapsed = Duration::from_millis(7);
        assert_eq!(inbox(&ok), Meaning::Outcome(Ok(json!(3)), elapsed));
        let partial = json!({"call_id": "1", "seq": 1, "type": "partial", "data": {"at": 1}});
        assert_eq!(inbox(&partial), Meaning::Partial(json!({"at": 1})));
        assert_eq!(
            inbox(&json!({"call_id": "1", "seq": 2, "type": "done"})),
            Meaning::Nothing
        );
        assert_eq!(
            inbox(&json!({"call_id": "1", "status": "accepted", "instance": "a"})),
            Meaning::Accepted("a".to_owned())
        );
    }

    #[test]
    fn what_is_none_of_these_is_a_bad_response() {
        for bad in [
            json!(3),
            json!({}),
            json!({"status": "ok"}),
            json!({"call_id": "1", "status": "?"}),
            json!({"call_id": "1", "status": "accepted"}),
        ] {
            assert!(matches!(inbox(&bad), Meaning::Bad(_)), "{bad}");
        }
    }

    #[test]
    fn the_stream_topic_holds_partial_results_of_the_call_and_nothing_else() {
        let partial = json!({"call_id": "1", "seq": 1, "type": "partial", "content": "half"});
        assert_eq!(stream(&partial), Meaning::Partial(json!("half")));
        let foreign = json!({"call_id": "2", "seq": 1, "type": "partial", "content": "half"});
        let response = json!({"call_id": "1", "status": "ok", "result": "forged"});
        for ignored in [foreign, response, json!(3)] {
            assert_eq!(stream(&ignored), Meaning::Nothing);
        }
    }
}
