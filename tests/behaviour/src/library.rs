//! The shared library that is tested must have been built from the sources as
//! they are now; otherwise a test passes or fails for code that has changed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Once;
use std::time::SystemTime;

const LIBRARY: &str = env!("LIBRARY");

/// Ends the process when a source is newer than the library.
pub fn refuse_stale() {
    static CHECK: Once = Once::new();
    CHECK.call_once(|| {
        if let Some(source) = newer_source() {
            // Written past the harness, which would show it once for each test.
            let _ = writeln!(
                std::io::stderr(),
                "error: {source} has changed since {LIBRARY} was built: \
                 run `make -C examples-c library`"
            );
            std::process::exit(1);
        }
    });
}

/// Cargo lists the sources in a file beside the library; a library that was
/// built elsewhere has none.
fn newer_source() -> Option<String> {
    let library = Path::new(LIBRARY);
    let built = modified(LIBRARY)?;
    let rule = fs::read_to_string(library.with_extension("d")).ok()?;
    sources(&rule).find(|path| modified(path).is_none_or(|changed| changed > built))
}

fn modified(path: &str) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The prerequisites of a make rule. A blank in a path is escaped.
fn sources(rule: &str) -> impl Iterator<Item = String> {
    let (_, paths) = rule.lines().next().and_then(|line| line.split_once(": ")).unwrap_or_default();
    let paths: Vec<String> =
        paths.replace("\\ ", "\0").split_whitespace().map(|path| path.replace('\0', " ")).collect();
    paths.into_iter()
}
