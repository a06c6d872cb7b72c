//! Sets the name of the shared library. Nothing is generated here: the header is
//! checked in, and a test compares it with the sources. So a build does not need
//! cbindgen.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libmcpclient.so.0");
        }
        "macos" | "ios" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libmcpclient.0.dylib");
        }
        _ => {}
    }
}
