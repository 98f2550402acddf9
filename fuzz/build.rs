//! Links LeakSanitizer's runtime, which needs no instrumentation: libFuzzer then reports memory that a run leaves behind.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is_set = |name| env::var_os(name).is_some();
    // `cargo fuzz` brings a sanitizer of its own, and `cargo test` needs none.
    if !is_set("CARGO_CFG_FUZZING") || is_set("CARGO_CFG_SANITIZE") {
        return;
    }
    let runtime = sysroot().map(|sysroot| {
        let host = env::var("TARGET").unwrap_or_default();
        sysroot.join(format!("lib/rustlib/{host}/lib/librustc-stable_rt.lsan.a"))
    });
    if let Some(runtime) = runtime.filter(|runtime| runtime.exists()) {
        let runtime = runtime.display();
        println!("cargo:rustc-link-arg-bins=-Wl,--whole-archive,{runtime},--no-whole-archive");
    }
}

fn sysroot() -> Option<PathBuf> {
    let rustc = env::var_os("RUSTC")?;
    let output = std::process::Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(path.trim()))
}
