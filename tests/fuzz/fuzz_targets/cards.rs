//! Runs the target `cards` of `mcp_mqtt_tests::fuzz`: `cargo +nightly fuzz run cards`, in `tests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcp_mqtt_tests::fuzz::cards(data));
