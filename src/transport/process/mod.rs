//! A server that is a program: its start, its standard error and its end.

mod program;
mod standard_error;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status, io_reason};
use crate::platform::{
    ChildPipes, ChildProcess, Descriptor, Exit, POLLIN, Poll, RawDescriptor, poll,
};
use crate::transport::wait::Wait;

pub(crate) use program::{Program, StandardError};
pub(crate) use standard_error::KeptOutput;

/// How long the process may take to end after its standard input was closed,
/// and again after each signal.
const GRACE: Duration = Duration::from_secs(2);
/// The default limit for ending a process altogether.
pub(crate) const ENDING: Duration = Duration::from_secs(7);
/// How long the library waits for the end of a killed process, with any limit.
const KILLED: Duration = Duration::from_millis(100);
/// How often the library checks for the end of a process on a system without
/// process descriptors.
const GLANCE: Duration = Duration::from_millis(10);
/// How long the last output of a process that has just ended is waited for.
const LAST_OUTPUT: Duration = Duration::from_millis(200);

/// A running server. It is ended when this is dropped, if not before.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    /// The number of the process that started it. A fork of that process must
    /// not end it.
    owner: u32,
    child: ChildProcess,
    stderr: Option<Descriptor>,
    output: Arc<KeptOutput>,
    /// Its process group is empty.
    is_cleared: AtomicBool,
    /// How it ended; the inner `None` if the application has reaped it.
    status: OnceLock<Option<Exit>>,
}

/// This process's ends of the pipes to a server.
#[derive(Debug)]
pub(crate) struct ProcessPipes {
    pub(crate) stdin: Descriptor,
    pub(crate) stdout: Descriptor,
}

impl Process {
    pub(crate) fn start(program: &Program) -> Result<(Self, ProcessPipes)> {
        let (child, ChildPipes { stdin, stdout, stderr }) =
            ChildProcess::start(program.command()?).map_err(|error| program.not_started(&error))?;
        let this = Self {
            name: program.shown_name(),
            owner: std::process::id(),
            child,
            stderr,
            output: Arc::default(),
            is_cleared: AtomicBool::new(false),
            status: OnceLock::new(),
        };
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(Error::new(
                Status::Internal,
                "the server's process was started without its pipes",
            ));
        };
        let ends = ProcessPipes { stdin, stdout };
        let all = [Some(&ends.stdin), Some(&ends.stdout), this.stderr.as_ref()];
        for fd in all.into_iter().flatten() {
            fd.set_nonblocking().map_err(|error| {
                let what = format!("cannot make a pipe non-blocking: {}", io_reason(&error));
                Error::new(Status::Internal, what)
            })?;
        }
        Ok((this, ends))
    }

    /// The program's name, as errors show it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A descriptor that becomes readable when the process ends, where the
    /// system has one.
    pub(crate) fn watch(&self) -> Option<RawDescriptor> {
        self.child.end_descriptor()
    }

    /// How long to wait at most before calling [`Process::has_ended`] again.
    pub(crate) fn check_interval(&self) -> Duration {
        if self.watch().is_some() { Duration::MAX } else { GLANCE }
    }

    pub(crate) fn has_ended(&self) -> bool {
        if self.status.get().is_some() {
            return true;
        }
        if let Some(fd) = self.watch() {
            let mut entry = [Poll::new(fd, POLLIN)];
            if !matches!(poll(&mut entry, Duration::ZERO), Ok(1)) {
                return false;
            }
        }
        self.child.exit().is_some_and(|status| {
            let _ = self.status.set(status);
            true
        })
    }

    /// The standard error, if the library reads it.
    pub(crate) fn stderr(&self) -> Option<&Descriptor> {
        self.stderr.as_ref()
    }

    /// What is kept of the standard error.
    pub(crate) fn output(&self) -> &Arc<KeptOutput> {
        &self.output
    }

    /// Reads and keeps the standard error that has arrived. Returns false at
    /// its end.
    pub(crate) fn keep_stderr(&self) -> bool {
        let Some(fd) = &self.stderr else { return false };
        let mut buffer = [0; 16 * 1024];
        // Bounded: a program that writes all the time must not keep the
        // reader here.
        for _ in 0..64 {
            // Locked during the read: a thread that sees the end of the stream
            // then also sees everything that other threads have read before.
            let mut lines = self.output.lock();
            match fd.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => lines.add(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// The error for a call whose process has ended, or has closed the stream
    /// that is named by `stream` and runs on.
    pub(crate) async fn end_error(&self, stream: &str, wait: &Wait) -> Error {
        let brief = wait.afterwards(LAST_OUTPUT);
        self.until_ended(LAST_OUTPUT, &brief).await;
        self.keep_stderr();
        let name = &self.name;
        let mut message = match self.status.get() {
            None => format!("\"{name}\" closed its standard {stream} and is still running"),
            Some(None) => {
                format!(
                    "\"{name}\" has ended; its exit status is not known, as the application has \
                     waited for the process itself"
                )
            }
            Some(Some(Exit::Signal(signal))) => {
                format!("\"{name}\" was ended by signal {signal}")
            }
            Some(Some(Exit::Status(status))) => {
                format!("\"{name}\" has ended with exit status {status}")
            }
        };
        let shown = self.output.shown();
        if !shown.is_empty() {
            message.push_str(&format!("; its standard error: \"{shown}\""));
        }
        let exit = self.status.get().copied().flatten();
        Error::new(Status::Process, message).with_exit_status(exit.map(Exit::number))
    }

    /// ProcessPipes the process within `patience`: waits, asks it to end, then kills
    /// it. The caller has closed its standard input. `drain` is its standard
    /// output, if nothing else reads it any more.
    pub(crate) async fn end(&self, drain: Option<&Descriptor>, patience: Duration, wait: &Wait) {
        if self.owner != std::process::id() {
            return;
        }
        let until = Instant::now() + patience;
        let grace = GRACE.min(patience / 3);
        // A killed process does end, but not at once.
        let steps: [EndStep; 3] = [
            (None, grace),
            (Some(ChildProcess::ask_to_end), grace),
            (Some(ChildProcess::kill), grace.max(KILLED)),
        ];
        for (step, grace) in steps {
            if let Some(step) = step
                && self.status.get().is_none()
            {
                step(&self.child);
            }
            if self.drained_until_ended(drain, grace, wait).await {
                let left = until.saturating_duration_since(Instant::now());
                return self.end_group(left.min(GRACE), wait).await;
            }
        }
    }

    /// ProcessPipes the processes that are left in the group, in the same way.
    async fn end_group(&self, patience: Duration, wait: &Wait) {
        if !self.child.reap() {
            return;
        }
        let until = Instant::now() + patience;
        while self.child.has_group() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || wait.pause(left.min(GLANCE)).await.is_err() {
                self.child.kill();
                break;
            }
        }
        self.is_cleared.store(true, Ordering::Release);
    }

    async fn until_ended(&self, limit: Duration, wait: &Wait) {
        let until = Instant::now() + limit;
        while !self.has_ended() {
            let left = until.saturating_duration_since(Instant::now());
            let mut entries: Vec<Poll> =
                self.watch().into_iter().map(|fd| Poll::new(fd, POLLIN)).collect();
            let pause = left.min(self.check_interval());
            if left.is_zero() || wait.poll(&mut entries, pause).await.is_err() {
                return;
            }
        }
    }

    /// Waits for the end and reads the output meanwhile: a process that blocks
    /// on a full pipe would never end.
    async fn drained_until_ended(
        &self,
        drain: Option<&Descriptor>,
        limit: Duration,
        wait: &Wait,
    ) -> bool {
        let until = Instant::now() + limit;
        let mut rest = vec![0; if drain.is_some() { 16 * 1024 } else { 0 }];
        let mut out = drain;
        loop {
            while let Some(fd) = out {
                match fd.read(&mut rest) {
                    Ok(count) if count > 0 => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    _ => out = None,
                }
            }
            self.keep_stderr();
            if self.has_ended() {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let watched = [self.watch(), out.map(Descriptor::raw)];
            let mut entries: Vec<Poll> =
                watched.into_iter().flatten().map(|fd| Poll::new(fd, POLLIN)).collect();
            // Not longer than GLANCE, for the sake of the standard error.
            if wait.poll(&mut entries, left.min(GLANCE)).await.is_err() {
                return self.has_ended();
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.owner != std::process::id() || self.is_cleared.load(Ordering::Acquire) {
            return;
        }
        if self.child.is_reaped() {
            // The background thread ended while it waited for the group.
            if self.child.has_group() {
                self.child.kill();
            }
            return;
        }
        self.child.kill();
        let until = Instant::now() + KILLED;
        while !self.has_ended() {
            if Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.child.reap();
    }
}

/// A step to end a process, and how long to wait after it.
type EndStep = (Option<fn(&ChildProcess)>, Duration);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::environment::Environment;
    use crate::platform::without_signals;
    use crate::transport::wait::now;
    use std::ffi::OsString;

    fn shell(script: &str) -> Program {
        Program {
            argv: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
            environment: Vec::new(),
            directory: None,
            secrets: Vec::new(),
            stderr: StandardError::Keep,
            around: Environment::read(),
        }
    }

    fn brief() -> Wait {
        Wait::for_at_most(Duration::from_secs(20))
    }

    /// The error, once the process has ended: it may take its time to.
    fn end_error(process: &Process) -> Error {
        while !process.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        now(async { Ok::<_, Error>(process.end_error("output", &brief()).await) }).unwrap()
    }

    fn end(process: &Process, ends: ProcessPipes) {
        drop(ends.stdin);
        now(async {
            process.end(Some(&ends.stdout), ENDING, &brief()).await;
            Ok::<_, Error>(())
        })
        .unwrap();
    }

    #[test]
    fn reports_its_exit_and_its_standard_error() {
        let (process, _ends) = Process::start(&shell("echo it broke >&2; exit 7")).unwrap();
        let error = end_error(&process);
        assert_eq!(error.exit_status(), Some(7));
        assert!(error.message().contains("exit status 7") && error.message().contains("it broke"));
        let (process, _ends) = Process::start(&shell("exit 255")).unwrap();
        let error = end_error(&process);
        assert_eq!(error.exit_status(), Some(255));
        assert!(error.message().contains("exit status 255"), "{}", error.message());
        let (process, _ends) = Process::start(&shell("kill -9 $$")).unwrap();
        let error = end_error(&process);
        assert_eq!(error.exit_status(), Some(137));
        assert!(error.message().contains("signal 9"), "{}", error.message());
    }

    #[test]
    fn ends_with_its_standard_input() {
        // Whatever ends it otherwise is a signal.
        let (process, ends) =
            Process::start(&shell("trap '' TERM; cat >/dev/null; exit 3")).unwrap();
        end(&process, ends);
        assert_eq!(process.status.get(), Some(&Some(Exit::Status(3))));
    }

    #[test]
    fn is_killed_if_it_does_not_end_when_asked() {
        let (process, ends) =
            Process::start(&shell("trap '' TERM; sleep 60 & wait; sleep 60")).unwrap();
        end(&process, ends);
        assert_eq!(process.status.get(), Some(&Some(Exit::Signal(9))));
    }

    #[test]
    fn reads_the_output_until_the_end() {
        let script = "trap '' TERM; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; \
                      exit 5";
        let (process, ends) = Process::start(&shell(script)).unwrap();
        end(&process, ends);
        assert_eq!(process.status.get(), Some(&Some(Exit::Status(5))));
    }

    /// The number that the script writes first.
    fn number(ends: &ProcessPipes) -> u32 {
        let mut text = Vec::new();
        let mut byte = [0];
        while text.last() != Some(&b'\n') {
            match ends.stdout.read(&mut byte) {
                Ok(1) => text.push(byte[0]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                other => panic!("{other:?}"),
            }
        }
        String::from_utf8(text).unwrap().trim().parse().unwrap()
    }

    /// Whether it runs. Its new parent may not have reaped it yet.
    fn runs(id: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with(['Z', 'X']))
    }

    fn soon_gone(id: u32) -> bool {
        (0..3000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            !runs(id)
        })
    }

    /// One that TERM does not end, with the pipes or without.
    fn stubborn(pipes: &str, then: &str) -> Program {
        shell(&format!("(trap '' TERM; exec sleep 300) {pipes} & echo $!; {then}"))
    }

    const APART: &str = "</dev/null >/dev/null 2>&1";

    #[test]
    fn ends_processes_of_its_group_that_ignore_a_signal() {
        for pipes in ["", APART] {
            for then in ["exit 0", "cat >/dev/null", "exec sleep 300"] {
                let (process, ends) = Process::start(&stubborn(pipes, then)).unwrap();
                let grandchild = number(&ends);
                assert!(runs(grandchild));
                end(&process, ends);
                // Long before it ends by itself.
                assert!(soon_gone(grandchild), "{pipes} {then}");
                assert!(process.status.get().is_some());
            }
        }
    }

    #[test]
    fn waits_no_longer_than_its_group_takes_to_end() {
        let script = "(trap 'exit 0' TERM; while :; do sleep 0.01; done) & exit 0";
        // A busy machine may delay the processes, but not each time.
        let is_quick = (0..5).any(|_| {
            let (process, ends) = Process::start(&shell(script)).unwrap();
            let start = Instant::now();
            end(&process, ends);
            start.elapsed() < GRACE
        });
        assert!(is_quick);
    }

    #[test]
    fn ends_its_group_even_if_the_wait_was_given_up() {
        // After its last words, ...
        let (process, ends) = Process::start(&stubborn(APART, "exit 4")).unwrap();
        let grandchild = number(&ends);
        assert_eq!(end_error(&process).exit_status(), Some(4));
        drop(process);
        assert!(soon_gone(grandchild), "its process was dropped");
        // ... with no time left, ...
        let (process, ends) = Process::start(&stubborn(APART, "cat >/dev/null")).unwrap();
        let grandchild = number(&ends);
        drop(ends);
        let wait = Wait::for_at_most(Duration::ZERO);
        let until = Instant::now() + 15 * GRACE;
        while !process.child.is_reaped() && Instant::now() < until {
            now(async {
                process.end(None, ENDING, &wait).await;
                Ok::<_, Error>(())
            })
            .unwrap();
        }
        assert!(soon_gone(grandchild), "there was no time left");
        // ... and where the wait for it was given up.
        let (process, ends) = Process::start(&stubborn(APART, "exit 0")).unwrap();
        let grandchild = number(&ends);
        while !process.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(process.child.reap());
        drop(process);
        assert!(soon_gone(grandchild), "the wait was given up");
    }

    #[test]
    fn leaves_nothing_behind_when_it_is_dropped() {
        let (process, _ends) = Process::start(&shell("trap '' TERM; sleep 60")).unwrap();
        let id = process.child.id();
        drop(process);
        assert!(soon_gone(id));
    }

    #[test]
    fn inherits_only_a_few_variables() {
        let mut program = shell("env >&2; exit 1");
        program.environment = vec![("A".into(), Some("b c".into())), ("HOME".into(), None)];
        let (process, _ends) = Process::start(&program).unwrap();
        let error = end_error(&process);
        assert!(error.message().contains("A=b c") && error.message().contains("PATH="));
        assert!(!error.message().contains("HOME=") && !error.message().contains("CARGO"));
    }

    #[test]
    fn starts_with_no_signal_blocked() {
        let program = shell("grep SigBlk /proc/self/status >&2; exit 1");
        let thread =
            std::thread::spawn(move || without_signals(|| Process::start(&program).unwrap()));
        let (process, _ends) = thread.join().unwrap();
        let error = end_error(&process);
        assert!(error.message().contains("0000000000000000"), "{}", error.message());
    }

    #[test]
    fn reports_why_it_cannot_start() {
        let program = |name: &str, directory: Option<&str>| Program {
            argv: vec![name.into()],
            directory: directory.map(Into::into),
            ..shell("")
        };
        for (program, words) in [
            (program("no-such-program-anywhere", None), "in the PATH?"),
            (program("/etc/passwd", None), "is it executable?"),
            (program("/bin/sh", Some("/no/such/directory")), "no directory"),
        ] {
            let error = Process::start(&program).map(drop).unwrap_err();
            assert_eq!(error.status(), Status::Process);
            assert!(error.message().contains(words), "{}", error.message());
        }
    }
}
