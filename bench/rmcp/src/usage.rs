//! What the client uses while it is measured, as in `bench.c`.

use std::time::Instant;
use std::{env, fs};

use tokio::time::Duration;

use crate::Failure;

pub struct Start {
    time: Instant,
    cpu: Duration,
    usage: Usage,
}

#[derive(Clone, Copy, Default)]
struct Usage {
    peak: i64,
    resident: i64,
    threads: i64,
    descriptors: i64,
}

impl Start {
    pub fn now() -> Result<Self, Failure> {
        Ok(Self { usage: Usage::now()?, cpu: cpu()?, time: Instant::now() })
    }

    /// Prints the line of the client, and writes the file that BENCH_USAGE names.
    pub fn report(&self, workload: &str, repetitions: usize) -> Result<(), Failure> {
        let (time, cpu) = (self.time.elapsed(), cpu()?.saturating_sub(self.cpu));
        println!("{workload} {repetitions} {}", time.as_nanos());
        let Ok(path) = env::var("BENCH_USAGE") else {
            return Ok(());
        };
        let (before, after) = (self.usage, Usage::now()?);
        let lines = [
            ("cpu", i64::try_from(cpu.as_nanos())?),
            ("peak", after.peak),
            ("resident", after.resident - before.resident),
            ("threads", after.threads - before.threads),
            ("descriptors", after.descriptors - before.descriptors),
        ];
        let lines = lines.map(|(name, value)| format!("{name} {value}\n"));
        Ok(fs::write(path, lines.concat())?)
    }
}

impl Usage {
    fn now() -> Result<Self, Failure> {
        let mut usage = Self {
            descriptors: i64::try_from(fs::read_dir("/proc/self/fd")?.count())?,
            ..Self::default()
        };
        for line in fs::read_to_string("/proc/self/status")?.lines() {
            let mut words = line.split_whitespace();
            let field = match words.next() {
                Some("VmHWM:") => &mut usage.peak,
                Some("VmRSS:") => &mut usage.resident,
                Some("Threads:") => &mut usage.threads,
                _ => continue,
            };
            *field = words.next().ok_or("no number")?.parse()?;
        }
        Ok(usage)
    }
}

/// The processor time of all threads, from the scheduler: in nanoseconds.
fn cpu() -> Result<Duration, Failure> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().ok_or("no number")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}
