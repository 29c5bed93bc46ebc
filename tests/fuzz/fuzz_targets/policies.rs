//! Runs the target `policies` of `mcp_mqtt_tests::fuzz`: `cargo +nightly fuzz run policies`, in `tests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcp_mqtt_tests::fuzz::policies(data));
