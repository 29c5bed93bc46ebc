//! Runs the target `envelopes` of `mcp_mqtt_tests::fuzz`: `cargo +nightly fuzz run envelopes`, in `tests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcp_mqtt_tests::fuzz::envelopes(data));
