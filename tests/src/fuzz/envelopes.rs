//! The payloads of calls, responses, partial results, accept notices and cancels.

use mcp_mqtt::wire::{
    Accepted, Arguments, Call, CallRequest, Cancel, MAX_CALL_ID, Partial, Response,
};

const TOOL: &str = "greet";

/// What is read is printed and read again as the same; what is refused says where and why.
pub fn envelopes(data: &[u8]) {
    call(data);
    cancel(data);
    reads::<Response>(data);
    reads::<Accepted>(data);
    reads::<Partial>(data);
}

fn reads<T>(data: &[u8])
where
    T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
{
    super::reads_back::<T>(data);
}

fn call(data: &[u8]) {
    let (client, topic) = ("scout", "a2a/v1/mcp/clients/scout/responses");
    match CallRequest::parse(data, TOOL) {
        Ok(read) => {
            identified(&read.call_id);
            let written = Call::new(
                &read.call_id,
                read.client.as_deref().unwrap_or(client),
                read.response_topic.as_deref().unwrap_or(topic),
            );
            let arguments = Arguments::new(&read.arguments).expect("they are an object");
            let printed = arguments.call(&written);
            let again = CallRequest::parse(&printed, TOOL).expect("it is a call");
            assert_eq!(
                (&again.call_id, &again.arguments),
                (&read.call_id, &read.arguments)
            );
            assert_eq!(again.client.as_deref(), Some(written.client));
            assert_eq!(
                again.response_topic.as_deref(),
                Some(written.response_topic)
            );
        }
        Err(fault) => {
            assert!(["", "/call_id", "/tool", "/arguments"].contains(&fault.pointer));
            assert!(!fault.message.is_empty());
            fault.call_id.as_deref().inspect(|id| identified(id));
        }
    }
}

fn cancel(data: &[u8]) {
    let Some(read) = Cancel::parse(data) else {
        return;
    };
    identified(&read.call_id);
    mcp_mqtt::grammar::tool(&read.tool).expect("a cancel names a tool");
    let printed = serde_json::to_vec(&read).expect("a cancel can be printed");
    // Escapes may take more room than the characters that they stand for.
    if let Some(again) = Cancel::parse(&printed) {
        assert_eq!(again, read);
    } else {
        assert!(printed.len() > data.len(), "{read:?}");
    }
}

fn identified(call_id: &str) {
    assert!((1..=MAX_CALL_ID).contains(&call_id.len()), "{call_id:?}");
}
