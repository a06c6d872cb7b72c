//! The headers that are checked in are the ones that the sources make;
//! `UPDATE_HEADER=1 cargo test --test header` writes them. cbindgen gives the
//! declarations, and `chapters.rs` their order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chapters;
mod layout;
mod parts;

use std::path::Path;

use chapters::File;

#[test]
fn headers_are_what_the_sources_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::generate_with_config(root, config).unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);
    let sources = String::from_utf8(made).unwrap();
    for file in [File::Stable, File::Draft] {
        let made = layout::header(&sources, file);
        let path = root.join("include").join(file.name());
        if std::env::var_os("UPDATE_HEADER").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap();
        let difference = made.lines().zip(there.lines()).find(|(new, old)| new != old);
        assert!(
            made == there,
            "include/{} is not what src/ffi says, first at {difference:?}; \
             write it with UPDATE_HEADER=1 cargo test --test header",
            file.name()
        );
    }
}

/// The number that the project has promised not to exceed: a header that can
/// still be read.
const MOST_FUNCTIONS: usize = 280;

#[test]
fn header_is_short_enough_to_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let symbols = std::fs::read_to_string(root.join("include/symbols.txt")).unwrap();
    let draft = std::fs::read_to_string(root.join("include/mcpclient_draft.h")).unwrap();
    let names = symbols.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name);
    let stable = names.filter(|name| !draft.contains(&format!("{name}("))).count();
    assert!(stable <= MOST_FUNCTIONS, "mcpclient.h has {stable} functions");
}

#[test]
fn header_has_the_version_of_the_manifest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/mcpclient.h")).unwrap();
    let line = format!("#define MCP_VERSION \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(header.contains(&line), "the header lacks {line}");
}
