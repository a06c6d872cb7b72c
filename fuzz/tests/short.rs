//! Runs each target for a few seconds: with the inputs in its folders, and with
//! inputs that are mutated from them.
//!
//! FUZZ_SEED chooses the inputs (default 1). With FUZZ_SECONDS each target gets
//! inputs for this time. Otherwise it gets the number of inputs that stands beside
//! its name, so that a run on a busy machine tests no less.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fuzz::mutate::{Random, mutate};
use fuzz::targets::{self, Target};

/// The maximum time of one input, on a busy machine.
const HANG: Duration = Duration::from_secs(60);

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn inputs(folder: &str, name: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(here(folder).join(name)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn run(name: &str, inputs_of_short_run: u64) {
    let target = targets::ALL.iter().find(|target| target.name == name).unwrap();
    let mut seeds = inputs("corpus", name);
    assert!(!seeds.is_empty(), "corpus/{name} is empty");
    seeds.extend(inputs("regressions", name));
    let watched = watch(target);
    for seed in &seeds {
        feed(target, &watched, seed);
    }
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let length = number("FUZZ_SECONDS").map(Duration::from_secs);
    let (mut random, start, mut count) = (Random::new(seed), Instant::now(), 0u64);
    while length.map_or(count < inputs_of_short_run, |length| start.elapsed() < length) {
        feed(target, &watched, &mutate(&mut random, &seeds, target.words));
        count += 1;
    }
    println!("{name}: {count} inputs, seed {seed}");
}

/// The running input, and its start.
type Watched = Arc<Mutex<(Instant, Vec<u8>)>>;

/// Ends the program if one input does not end.
fn watch(target: &'static Target) -> Watched {
    let watched: Watched = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let other = Arc::downgrade(&watched);
    std::thread::spawn(move || {
        while let Some(watched) = other.upgrade() {
            let (since, input) = watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if since.elapsed() > HANG {
                let path = keep(target, &input);
                // Not by eprintln!, whose text the test would keep until its end.
                let _ = writeln!(
                    std::io::stderr(),
                    "FAILED {}: no end within {HANG:?}; the input is {}",
                    target.name,
                    path.display()
                );
                std::process::abort();
            }
            drop(watched);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    watched
}

/// Runs a target, and writes an input that fails to a file.
fn feed(target: &'static Target, watched: &Watched, input: &[u8]) {
    *watched.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), input.to_vec());
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        let path = keep(target, input);
        eprintln!("{}: failed; the input is {}", target.name, path.display());
        eprintln!("when it is mended, that file goes into fuzz/regressions/{}", target.name);
        resume_unwind(panic);
    }
}

fn keep(target: &Target, input: &[u8]) -> PathBuf {
    let folder = here("artifacts");
    fs::create_dir_all(&folder).unwrap();
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = folder.join(format!("{}-{hash:016x}", target.name));
    fs::write(&path, input).unwrap();
    path
}

macro_rules! tests {
    ($($name:ident: $inputs:literal,)*) => {
        $(#[test] fn $name() { run(stringify!($name), $inputs); })*

        #[test]
        fn each_target_has_a_test() {
            let names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

tests! {
    challenge: 30_000,
    coding: 800,
    config: 25_000,
    cookie: 20_000,
    event_stream: 800,
    form: 50_000,
    http: 1_200,
    json: 45_000,
    jsonrpc: 30_000,
    keys: 8_000,
    listener: 10_000,
    mask: 2_000,
    messages: 1_000,
    oauth: 700,
    replies: 3_000,
    schema: 300_000,
    skill: 60_000,
    url: 2_300,
}
