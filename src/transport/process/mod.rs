//! A server that is a program: its start, what it says on standard error, and
//! its end.
//!
//! No handler of SIGCHLD is needed: the end is seen by a descriptor where the
//! system has one, and asked for now and then where it has not.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::one_line;
use crate::base::sync::lock;
use crate::platform::{self, Exit, POLLIN, Poll};
use crate::transport::socket::plain;
use crate::transport::wait::Wait;

/// What to start, and how.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) argv: Vec<OsString>,
    /// What is set or taken away besides [`INHERITED`].
    pub(crate) environment: Vec<(OsString, Option<OsString>)>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) stderr: StandardError,
    /// Where those of [`INHERITED`] come from.
    pub(crate) around: Arc<Environment>,
}

impl Program {
    /// One with the environment that every server may know.
    pub(crate) fn new(argv: Vec<OsString>) -> Result<Self> {
        if argv.first().is_none_or(|name| name.is_empty()) {
            return Err(Error::argument("argv names no program"));
        }
        let (environment, directory) = (Vec::new(), None);
        let (stderr, around) = (StandardError::Keep, Environment::read());
        Ok(Self { argv, environment, directory, stderr, around })
    }
}

/// Where a program's standard error goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum StandardError {
    /// The end of it is kept, for the error that says how the program ended.
    #[default]
    Keep,
    Discard,
    Inherit,
    Descriptor(Arc<OwnedFd>),
}

/// What a server may know of this environment: what the SDKs of the
/// specification pass on. Secrets are not among it.
const INHERITED: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

/// How much of the standard error is kept.
const TAIL: usize = 8 * 1024;
/// How much of that an error shows.
const SHOWN: usize = 1000;

/// How long an end may take after the standard input was closed, and after
/// each signal.
const GRACE: Duration = Duration::from_secs(2);
/// How long the whole end of one may take, if nothing else is set.
pub(crate) const ENDING: Duration = Duration::from_secs(7);
/// How long one that was killed is waited for, whatever else is set.
const KILLED: Duration = Duration::from_millis(100);
/// Where no descriptor tells of a thing, it is asked for so often.
const GLANCE: Duration = Duration::from_millis(10);
/// How long the words of a program that has just ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A process that was started and is ended, at the latest, when this is
/// dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    id: u32,
    /// The process that started it: its fork has no child.
    owner: u32,
    ended: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    tail: Mutex<Tail>,
    /// Not waited for before it is ended: as long as it is not, no other
    /// process gets its number, nor another group.
    child: Mutex<Option<Child>>,
    /// Nothing of its group is left to be ended.
    is_cleared: AtomicBool,
    /// The exit status, or 128 and the number of the signal; `None` where the
    /// program has waited for it in our place.
    status: OnceLock<Option<Exit>>,
}

/// The ends of the pipes that are ours.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
}

impl Process {
    pub(crate) fn start(program: &Program) -> Result<(Self, Ends)> {
        let name = program.argv.first().map(|name| name.to_string_lossy().into_owned());
        let name = quote(&name.unwrap_or_default());
        let mut child =
            command(program)?.spawn().map_err(|error| not_started(program, &name, &error))?;
        let id = child.id();
        let stderr = child.stderr.take().map(OwnedFd::from);
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let this = Self {
            name,
            id,
            owner: std::process::id(),
            ended: platform::watch_child(id),
            stderr,
            tail: Mutex::default(),
            child: Mutex::new(Some(child)),
            is_cleared: AtomicBool::new(false),
            status: OnceLock::new(),
        };
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(Error::new(Status::Internal, "a process without its pipes"));
        };
        let ends = Ends { stdin: stdin.into(), stdout: stdout.into() };
        let all = [Some(&ends.stdin), Some(&ends.stdout), this.stderr.as_ref()];
        for fd in all.into_iter().flatten() {
            platform::set_nonblocking(fd).map_err(|error| {
                Error::new(Status::Internal, format!("a pipe that waits: {}", plain(&error)))
            })?;
        }
        Ok((this, ends))
    }

    /// The program, as errors name it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Becomes readable when it ends, where the system has such a thing.
    pub(crate) fn watch(&self) -> Option<RawFd> {
        self.ended.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// How long to wait at most before asking again whether it has ended.
    pub(crate) fn glance(&self) -> Duration {
        if self.ended.is_some() { Duration::MAX } else { GLANCE }
    }

    pub(crate) fn has_ended(&self) -> bool {
        if self.status.get().is_some() {
            return true;
        }
        if let Some(fd) = &self.ended {
            let mut entry = [Poll::new(fd.as_raw_fd(), POLLIN)];
            if !matches!(platform::poll(&mut entry, Duration::ZERO), Ok(1)) {
                return false;
            }
        }
        let status = platform::exit_status(self.id);
        status.is_some_and(|status| {
            let _ = self.status.set(status);
            true
        })
    }

    /// The standard error, where it is kept.
    pub(crate) fn stderr(&self) -> Option<&OwnedFd> {
        self.stderr.as_ref()
    }

    /// Keeps what there is of the standard error; false at its end.
    pub(crate) fn keep_stderr(&self) -> bool {
        let Some(fd) = &self.stderr else { return false };
        let mut buffer = [0; 16 * 1024];
        // Bounded: one that never pauses is not to hold up its reader.
        for _ in 0..64 {
            // Locked for the read as well: who sees the end of it after
            // another one's read has all that was said before.
            let mut tail = lock(&self.tail);
            match platform::read(fd, &mut buffer) {
                Ok(0) => return false,
                Ok(count) => tail.add(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// The error for who waits for an answer of a process that is gone, or
    /// that speaks no more.
    /// `stream`: the one that it has closed, for one that runs on.
    pub(crate) async fn obituary(&self, stream: &str, wait: &Wait) -> Error {
        let brief = wait.afterwards(LAST_WORDS);
        self.until_ended(LAST_WORDS, &brief).await;
        self.keep_stderr();
        let name = &self.name;
        let mut message = match self.status.get() {
            None => format!("\"{name}\" closed its standard {stream} and runs on"),
            Some(None) => {
                format!("\"{name}\" has ended; the program has taken its exit status")
            }
            Some(Some(Exit::Signal(signal))) => {
                format!("\"{name}\" was ended by signal {signal}")
            }
            Some(Some(Exit::Status(status))) => {
                format!("\"{name}\" has ended with exit status {status}")
            }
        };
        let tail = lock(&self.tail).shown();
        if !tail.is_empty() {
            message.push_str(&format!("; the end of its standard error: \"{tail}\""));
        }
        let exit = self.status.get().copied().flatten();
        Error::new(Status::Process, message).with_exit_status(exit.map(Exit::number))
    }

    /// Waits for the end by itself, then asks for it, then makes it, within
    /// `patience`. The standard input has been closed.
    pub(crate) async fn end(&self, drain: Option<&OwnedFd>, patience: Duration, wait: &Wait) {
        if self.owner != std::process::id() {
            return;
        }
        let until = Instant::now() + patience;
        let grace = GRACE.min(patience / 3);
        // Who is killed ends, if not at once.
        let steps =
            [(None, grace), (Some(libc::SIGTERM), grace), (Some(libc::SIGKILL), grace.max(KILLED))];
        for (signal, grace) in steps {
            if let Some(signal) = signal
                && self.status.get().is_none()
            {
                platform::signal_group(self.id, signal);
            }
            if self.drained_until_ended(drain, grace, wait).await {
                let left = until.saturating_duration_since(Instant::now());
                return self.end_others(left.min(GRACE), wait).await;
            }
        }
    }

    /// Ends what the process has left behind in its group, in the same way.
    async fn end_others(&self, patience: Duration, wait: &Wait) {
        if !self.reap() {
            return;
        }
        let until = Instant::now() + patience;
        // The group keeps its number for as long as somebody is in it.
        while platform::is_group(self.id) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || wait.pause(left.min(GLANCE)).await.is_err() {
                platform::signal_group(self.id, libc::SIGKILL);
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
            let pause = left.min(self.glance());
            if left.is_zero() || wait.poll(&mut entries, pause).await.is_err() {
                return;
            }
        }
    }

    /// What it still has to say is read, or it might never come to its end.
    async fn drained_until_ended(
        &self,
        drain: Option<&OwnedFd>,
        limit: Duration,
        wait: &Wait,
    ) -> bool {
        let until = Instant::now() + limit;
        let mut rest = vec![0; if drain.is_some() { 16 * 1024 } else { 0 }];
        let mut out = drain;
        loop {
            while let Some(fd) = out {
                match platform::read(fd, &mut rest) {
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
            let watched = [self.ended.as_ref(), out];
            let mut entries: Vec<Poll> =
                watched.into_iter().flatten().map(|fd| Poll::new(fd.as_raw_fd(), POLLIN)).collect();
            // Now and then also for the standard error.
            if wait.poll(&mut entries, left.min(GLANCE)).await.is_err() {
                return self.has_ended();
            }
        }
    }

    /// Lets go of the number of a process that has ended, and asks its group
    /// to end; false where that was done before.
    fn reap(&self) -> bool {
        let Some(mut child) = lock(&self.child).take() else { return false };
        platform::signal_group(self.id, libc::SIGTERM);
        let _ = child.wait();
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.owner != std::process::id() || self.is_cleared.load(Ordering::Acquire) {
            return;
        }
        if lock(&self.child).is_none() {
            // The background thread ended while it waited for the group.
            if platform::is_group(self.id) {
                platform::signal_group(self.id, libc::SIGKILL);
            }
            return;
        }
        platform::signal_group(self.id, libc::SIGKILL);
        let until = Instant::now() + KILLED;
        while !self.has_ended() {
            if Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.reap();
    }
}

fn command(program: &Program) -> Result<Command> {
    let mut argv = program.argv.iter();
    let name = argv.next().ok_or_else(|| Error::argument("argv names no program"))?;
    let mut command = Command::new(name);
    // With an environment that is given whole, nothing reads that of this
    // process. The PATH that is searched is the one that is given.
    command.args(argv).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    for name in INHERITED {
        // What a shell exports as a function is code.
        if let Some(value) = program.around.get(name)
            && !value.as_encoded_bytes().starts_with(b"()")
        {
            command.env(name, value);
        }
    }
    for (name, value) in &program.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = &program.directory {
        command.current_dir(directory);
    }
    let no_descriptor = |error: std::io::Error| {
        Error::new(Status::Internal, format!("no descriptor for the program: {}", plain(&error)))
    };
    command.stderr(match &program.stderr {
        StandardError::Keep => Stdio::piped(),
        StandardError::Discard => Stdio::null(),
        StandardError::Inherit => Stdio::inherit(),
        StandardError::Descriptor(fd) => Stdio::from(fd.try_clone().map_err(no_descriptor)?),
    });
    platform::isolate(&mut command);
    Ok(command)
}

fn not_started(program: &Program, name: &str, error: &std::io::Error) -> Error {
    let why = plain(error);
    let hint = match (&program.directory, error.kind()) {
        (Some(directory), _) if !directory.is_dir() => {
            format!(": there is no directory \"{}\"", quote(&directory.to_string_lossy()))
        }
        (_, std::io::ErrorKind::NotFound) => ": is it installed, and in the PATH?".to_owned(),
        (_, std::io::ErrorKind::PermissionDenied) => ": is it executable?".to_owned(),
        _ => String::new(),
    };
    Error::new(Status::Process, format!("cannot start \"{name}\" ({why}){hint}"))
}

/// The end of what was said, within bounds.
#[derive(Debug, Default)]
struct Tail {
    bytes: Vec<u8>,
    /// There was more in front, so that it may begin inside a secret.
    is_cut: bool,
}

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * TAIL {
            self.bytes.drain(..self.bytes.len() - TAIL);
            self.is_cut = true;
        }
    }

    /// The last of it, on one line and without what a terminal would obey.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        // The rest of a character that was cut in two.
        let whole = if self.is_cut { text.trim_start_matches('\u{fffd}') } else { &text };
        let text = whole.trim();
        let from = text.len().saturating_sub(SHOWN);
        let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let mut out = String::new();
        if !text.is_empty() && (from > 0 || self.is_cut) {
            out.push_str("...");
        }
        for character in text.get(from..).unwrap_or_default().chars() {
            one_line::push(&mut out, character);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;

    fn shell(script: &str) -> Program {
        Program {
            argv: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
            environment: Vec::new(),
            directory: None,
            stderr: StandardError::Keep,
            around: Environment::read(),
        }
    }

    fn brief() -> Wait {
        Wait::for_at_most(Duration::from_secs(20))
    }

    fn obituary(process: &Process) -> Error {
        now(async { Ok::<_, Error>(process.obituary("output", &brief()).await) }).unwrap()
    }

    fn end(process: &Process, ends: Ends) {
        drop(ends.stdin);
        now(async {
            process.end(Some(&ends.stdout), ENDING, &brief()).await;
            Ok::<_, Error>(())
        })
        .unwrap();
    }

    #[test]
    fn tells_how_it_ended_and_what_it_said() {
        let (process, _ends) = Process::start(&shell("echo it broke >&2; exit 7")).unwrap();
        while !process.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let error = obituary(&process);
        assert_eq!(error.exit_status(), Some(7));
        assert!(error.message().contains("exit status 7") && error.message().contains("it broke"));
        let (process, _ends) = Process::start(&shell("exit 255")).unwrap();
        let error = obituary(&process);
        assert_eq!(error.exit_status(), Some(255));
        assert!(error.message().contains("exit status 255"), "{}", error.message());
        let (process, _ends) = Process::start(&shell("kill -9 $$")).unwrap();
        let error = obituary(&process);
        assert_eq!(error.exit_status(), Some(137));
        assert!(error.message().contains("signal 9"), "{}", error.message());
    }

    #[test]
    fn ends_with_its_standard_input() {
        let (process, ends) = Process::start(&shell("cat >/dev/null; exit 3")).unwrap();
        let start = Instant::now();
        end(&process, ends);
        assert!(start.elapsed() < GRACE);
        assert_eq!(process.status.get(), Some(&Some(Exit::Status(3))));
    }

    #[test]
    fn is_asked_to_end_and_then_made_to() {
        let (process, ends) =
            Process::start(&shell("trap '' TERM; sleep 60 & wait; sleep 60")).unwrap();
        end(&process, ends);
        assert_eq!(process.status.get(), Some(&Some(Exit::Signal(9))));
    }

    #[test]
    fn reads_what_is_said_until_the_end() {
        let script = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 5";
        let (process, ends) = Process::start(&shell(script)).unwrap();
        end(&process, ends);
        assert_eq!(process.status.get(), Some(&Some(Exit::Status(5))));
    }

    /// The number that the script writes first.
    fn number(ends: &Ends) -> u32 {
        let mut text = Vec::new();
        let mut byte = [0];
        while text.last() != Some(&b'\n') {
            match platform::read(&ends.stdout, &mut byte) {
                Ok(1) => text.push(byte[0]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                other => panic!("{other:?}"),
            }
        }
        String::from_utf8(text).unwrap().trim().parse().unwrap()
    }

    /// Whoever has become its parent waits for it, or not.
    fn runs(id: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with(['Z', 'X']))
    }

    fn soon_gone(id: u32) -> bool {
        (0..500).any(|_| {
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
    fn ends_what_it_has_left_behind_and_does_not_heed_a_signal() {
        for pipes in ["", APART] {
            for then in ["exit 0", "cat >/dev/null", "exec sleep 300"] {
                let (process, ends) = Process::start(&stubborn(pipes, then)).unwrap();
                let grandchild = number(&ends);
                assert!(runs(grandchild));
                let start = Instant::now();
                end(&process, ends);
                let most = GRACE * if then.ends_with("300") { 3 } else { 2 };
                assert!(start.elapsed() < most, "{then}: {:?}", start.elapsed());
                assert!(soon_gone(grandchild), "{pipes} {then}");
                assert!(process.status.get().is_some());
            }
        }
    }

    #[test]
    fn waits_for_what_it_has_left_behind_no_longer_than_that_takes() {
        let script = "(trap 'exit 0' TERM; while :; do sleep 0.01; done) & exit 0";
        let (process, ends) = Process::start(&shell(script)).unwrap();
        let start = Instant::now();
        end(&process, ends);
        assert!(start.elapsed() < GRACE, "{:?}", start.elapsed());
    }

    #[test]
    fn ends_what_is_left_behind_also_where_nobody_waits_any_more() {
        // After its last words, ...
        let (process, ends) = Process::start(&stubborn(APART, "exit 4")).unwrap();
        let grandchild = number(&ends);
        assert_eq!(obituary(&process).exit_status(), Some(4));
        drop(process);
        assert!(soon_gone(grandchild), "its process was dropped");
        // ... with no time left, ...
        let (process, ends) = Process::start(&stubborn(APART, "cat >/dev/null")).unwrap();
        let grandchild = number(&ends);
        drop(ends);
        let wait = Wait::for_at_most(Duration::ZERO);
        let until = Instant::now() + GRACE;
        while process.child.lock().unwrap().is_some() && Instant::now() < until {
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
        assert!(process.reap());
        drop(process);
        assert!(soon_gone(grandchild), "the wait was given up");
    }

    #[test]
    fn leaves_nothing_behind_when_it_is_dropped() {
        let (process, _ends) = Process::start(&shell("trap '' TERM; sleep 60")).unwrap();
        let id = process.id;
        drop(process);
        assert!(
            platform::exit_status(id).is_some(),
            "it was waited for, so that it is not there any more"
        );
    }

    #[test]
    fn knows_little_of_this_environment() {
        let mut program = shell("env >&2; exit 1");
        program.environment = vec![("A".into(), Some("b c".into())), ("HOME".into(), None)];
        let (process, _ends) = Process::start(&program).unwrap();
        let error = obituary(&process);
        assert!(error.message().contains("A=b c") && error.message().contains("PATH="));
        assert!(!error.message().contains("HOME=") && !error.message().contains("CARGO"));
    }

    #[test]
    fn begins_with_no_signal_held_back() {
        let program = shell("grep SigBlk /proc/self/status >&2; exit 1");
        let thread = std::thread::spawn(move || {
            platform::without_signals(|| Process::start(&program).unwrap())
        });
        let (process, _ends) = thread.join().unwrap();
        let error = obituary(&process);
        assert!(error.message().contains("0000000000000000"), "{}", error.message());
    }

    #[test]
    fn says_why_it_cannot_start() {
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

    #[test]
    fn says_that_there_was_more_where_little_is_left() {
        let mut tail = Tail::default();
        tail.add(&[b'x'; 2 * TAIL - 10]);
        tail.add("hunter2-\u{e9}".as_bytes());
        tail.add(&[b'\n'; TAIL - 4]);
        assert!(tail.is_cut);
        let shown = tail.shown();
        assert!(shown.starts_with("...") && shown.len() < 10, "{shown}");
    }

    #[test]
    fn keeps_the_end_of_what_was_said() {
        let mut tail = Tail::default();
        tail.add(b"all of it\n");
        assert_eq!(tail.shown(), "all of it");
        for _ in 0..100 {
            tail.add(&[b'x'; 1000]);
        }
        tail.add("\u{e9}\n\x1b[31mthe end\n".as_bytes());
        assert!(tail.bytes.len() <= 2 * TAIL + 1000);
        assert!(tail.shown().ends_with("\u{e9} [31mthe end") && tail.shown().len() < SHOWN + 8);
    }
}
