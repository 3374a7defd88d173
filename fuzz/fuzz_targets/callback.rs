#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "a fuzzer uses one target")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::callback_body(data));
