//! Names the shared library. Nothing is generated here: the header is checked
//! in and held to the sources by a test, so that who depends on this crate
//! builds no cbindgen.

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
