//! Links the tests to the shared library, as a C program would, and declares
//! its C interface from the header.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn main() {
    let root = format!("{}/../..", env("CARGO_MANIFEST_DIR"));
    let library =
        std::env::var("MCPCLIENT_LIBDIR").unwrap_or_else(|_| format!("{root}/target/release"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MCPCLIENT_LIBDIR");
    link(&library);
    declare(&["mcpclient.h", "mcpclient_draft.h"].map(|name| format!("{root}/include/{name}")));
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap()
}

fn link(library: &str) {
    let extension = if cfg!(target_os = "macos") { "dylib" } else { "so" };
    let shared = format!("{library}/libmcpclient.{extension}");
    if !Path::new(&shared).exists() {
        println!("cargo::error={shared} does not exist: run `make -C examples-c library`");
    }
    // The loader looks for this name; examples-c/Makefile makes it as well.
    let link = format!("{library}/libmcpclient.so.0");
    if !Path::new(&link).exists() {
        let _ = std::os::unix::fs::symlink("libmcpclient.so", &link);
    }
    // src/library.rs looks there for what changes without another build.
    println!("cargo::rustc-env=LIBRARY={shared}");
    println!("cargo::rustc-link-search=native={library}");
    println!("cargo::rustc-link-lib=dylib=mcpclient");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{library}");
}

/// Writes interface.rs (types and functions) and constants.rs from the headers.
/// cbindgen writes the headers, so that this reads few forms; another form is
/// an error.
fn declare(headers: &[String]) {
    let mut text = String::new();
    for header in headers {
        println!("cargo::rerun-if-changed={header}");
        text += &without_comments(&fs::read_to_string(header).unwrap());
    }
    let (directives, code): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    let (mut constants, mut types, mut functions) = (String::new(), String::new(), String::new());
    for line in directives {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["#define", name, value] = words[..]
            && let Ok(value) = value.parse::<i32>()
        {
            writeln!(constants, "pub const {name}: i32 = {value};").unwrap();
        }
    }
    let code = code.join(" ").replace("extern \"C\" {", " ").replace('}', " ");
    for statement in code.split(';').map(str::trim).filter(|one| !one.is_empty()) {
        // A type is declared once more where its comment is.
        if statement.starts_with("struct ") {
            continue;
        }
        let Some((start, parameters)) = statement.split_once('(') else {
            let name = statement.rsplit(' ').next().unwrap();
            if name == "mcp_fd" {
                continue; // There are two definitions: the tests use that of POSIX.
            }
            assert!(statement.starts_with("typedef struct "), "not understood: {statement}");
            writeln!(types, "pub enum {name} {{}}").unwrap();
            continue;
        };
        if let Some(result) = start.strip_prefix("typedef ") {
            let (name, parameters) = parameters.split_once(")(").unwrap();
            let signature = signature(parameters, result);
            let name = name.trim_start_matches('*');
            writeln!(types, "pub type {name} = Option<unsafe extern \"C\" fn{signature}>;")
                .unwrap();
        } else {
            let at = start.rfind([' ', '*']).unwrap() + 1;
            let (result, name) = start.split_at(at);
            writeln!(functions, "    pub fn {name}{};", signature(parameters, result)).unwrap();
        }
    }
    let out = env("OUT_DIR");
    fs::write(format!("{out}/constants.rs"), constants).unwrap();
    let interface = format!("{types}\nunsafe extern \"C\" {{\n{functions}}}\n");
    fs::write(format!("{out}/interface.rs"), interface).unwrap();
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut code = parts.next().unwrap().to_owned();
    code.extend(parts.map(|part| part.split_once("*/").unwrap().1));
    code
}

fn signature(parameters: &str, result: &str) -> String {
    let parameters = parameters.trim_end_matches(')');
    let types: Vec<String> = match parameters {
        "void" => Vec::new(),
        _ => parameters
            .split(',')
            .map(|one| one.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_'))
            .map(|one| format!("_: {}", rust_type(one)))
            .collect(),
    };
    let result = match result.trim() {
        "void" => String::new(),
        result => format!(" -> {}", rust_type(result)),
    };
    format!("({}){result}", types.join(", "))
}

/// A type of C read from left to right: `const` is about what a `*` points to.
fn rust_type(c: &str) -> String {
    let (mut rust, mut is_const) = (String::new(), false);
    for word in c.replace('*', " * ").split_whitespace() {
        match word {
            "const" => is_const = true,
            "*" => {
                rust = format!("*{} {rust}", if is_const { "const" } else { "mut" });
                is_const = false;
            }
            "char" => rust = "std::ffi::c_char".into(),
            "void" => rust = "std::ffi::c_void".into(),
            "int32_t" | "mcp_fd" => rust = "i32".into(),
            "int64_t" => rust = "i64".into(),
            "size_t" => rust = "usize".into(),
            "double" => rust = "f64".into(),
            name => {
                assert!(name.starts_with("mcp_"), "a type that build.rs does not know: {name}");
                rust = name.into();
            }
        }
    }
    rust
}
