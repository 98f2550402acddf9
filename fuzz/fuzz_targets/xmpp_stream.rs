#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fbchat_fuzz::xmpp_stream::run(data));
