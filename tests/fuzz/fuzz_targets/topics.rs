//! Runs the target `topics` of `mcp_mqtt_tests::fuzz`: `cargo +nightly fuzz run topics`, in `tests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcp_mqtt_tests::fuzz::topics(data));
