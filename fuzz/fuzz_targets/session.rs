#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fbchat_fuzz::session::run(data));
