//! Linker settings of the shared library for which Cargo has no keys.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let elf = std::env::var("CARGO_CFG_TARGET_OS")
        .is_ok_and(|os| !matches!(os.as_str(), "macos" | "ios" | "windows"));
    if elf {
        // The number is FBCHAT_ABI_VERSION: programs look for the library by the name that they were linked with.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libfbchat.so.0");
        // Thread-local data, and a helper thread that hangs in a name lookup, may outlive the last dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // The program provides the functions of a sanitizer, so they are undefined in such a build.
        if std::env::var_os("CARGO_CFG_SANITIZE").is_none() {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
        }
    }
}
