//! Links to the library as a C program would: to the shared one, in place.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let release = format!("{here}/../../target/release");
    println!("cargo::rerun-if-changed=build.rs");
    // What the loader looks for; the examples' Makefile makes it as well.
    let link = format!("{release}/libmcpclient.so.0");
    if !std::path::Path::new(&link).exists() {
        let _ = std::os::unix::fs::symlink("libmcpclient.so", &link);
    }
    println!("cargo::rustc-link-search=native={release}");
    println!("cargo::rustc-link-lib=dylib=mcpclient");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{release}");
}
