//! Linker settings of the shared library that Cargo has no keys for.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let elf = std::env::var("CARGO_CFG_TARGET_OS")
        .is_ok_and(|os| !matches!(os.as_str(), "macos" | "ios" | "windows"));
    if elf {
        // The number is FBCHAT_ABI_VERSION: programs find the library under the name that they were linked with.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libfbchat.so.0");
        // Thread-local data and a helper thread that hangs in a name lookup may outlive the last dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // A sanitizer's functions are the program's, so a build with one cannot be complete by itself.
        if std::env::var_os("CARGO_CFG_SANITIZE").is_none() {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
        }
    }
}
