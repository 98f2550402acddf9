//! What the fuzz targets do with their bytes, one module for each target. `fuzz_targets/` hands these functions to libFuzzer; the
//! test below runs them over the seeds and over every input that has ever found a mistake.
//!
//! A target panics if a promise is broken, and checks nothing else: any input is valid.

pub mod address;
pub mod c_api;
pub mod page;
pub mod server_forms;
pub mod server_http;
pub mod server_multipart;
pub mod server_picture;
pub mod session;
pub mod wire;
pub mod xmpp_stream;

use fbchat::protocol::ServerAddress;

/// The server that replies come from.
fn server() -> ServerAddress {
    ServerAddress::parse("https://www.example.org", false).expect("a valid address")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 10] = [
        ("address", super::address::run),
        ("c_api", super::c_api::run),
        ("page", super::page::run),
        ("server_forms", super::server_forms::run),
        ("server_http", super::server_http::run),
        ("server_multipart", super::server_multipart::run),
        ("server_picture", super::server_picture::run),
        ("session", super::session::run),
        ("wire", super::wire::run),
        ("xmpp_stream", super::xmpp_stream::run),
    ];

    #[test]
    fn seeds_and_earlier_findings_pass() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        for (name, run) in TARGETS {
            let mut count = 0;
            for entry in fs::read_dir(seeds.join(name)).expect("seeds of each target") {
                let path = entry.expect("an entry").path();
                println!("{}", path.display());
                run(&fs::read(path).expect("a seed"));
                count += 1;
            }
            assert!(count > 0, "{name} has no seeds");
        }
    }
}
