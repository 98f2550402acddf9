#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fbchat_fuzz::server_picture::run(data));
