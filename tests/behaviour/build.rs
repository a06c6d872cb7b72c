//! Links to the library as a C program would: to the shared one, in place.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let release = std::env::var("MCPCLIENT_LIBDIR")
        .unwrap_or_else(|_| format!("{here}/../../target/release"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MCPCLIENT_LIBDIR");
    // What the loader looks for; the examples' Makefile makes it as well.
    let link = format!("{release}/libmcpclient.so.0");
    if !std::path::Path::new(&link).exists() {
        let _ = std::os::unix::fs::symlink("libmcpclient.so", &link);
    }
    println!("cargo::rustc-link-search=native={release}");
    println!("cargo::rustc-link-lib=dylib=mcpclient");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{release}");
}
