//! Runs the target that FUZZ_TARGET names, guided by coverage. The Makefile builds
//! and runs it.

#![no_main]

use std::sync::LazyLock;

use fuzz::targets::{self, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    targets::ALL.iter().find(|target| target.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
        eprintln!("FUZZ_TARGET is \"{name}\"; there are {}", names.join(", "));
        std::process::exit(2);
    })
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.run)(data));
