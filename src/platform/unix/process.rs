//! Child processes and their process groups.
//!
//! No handler of SIGCHLD is needed. The end of a child is seen through a
//! descriptor where the system has one, and by asking otherwise.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::platform::exit::Exit;
use crate::platform::unix::descriptor::Descriptor;
use crate::platform::unix::poll::RawDescriptor;

/// A child process, which leads a process group of its own.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    id: u32,
    /// Readable when the process has ended.
    ended: Option<Descriptor>,
    /// `None` after [`ChildProcess::reap`]. Until then the system gives its
    /// number to no other process and to no other group.
    child: Mutex<Option<Child>>,
}

/// This process's ends of the pipes that the command asked for.
#[derive(Debug)]
pub(crate) struct ChildPipes {
    pub(crate) stdin: Option<Descriptor>,
    pub(crate) stdout: Option<Descriptor>,
    pub(crate) stderr: Option<Descriptor>,
}

impl ChildProcess {
    /// Starts a process that inherits no descriptor but its standard streams.
    pub(crate) fn start(mut command: Command) -> io::Result<(Self, ChildPipes)> {
        isolate(&mut command);
        let mut child = command.spawn()?;
        let pipes = ChildPipes {
            stdin: child.stdin.take().map(|pipe| OwnedFd::from(pipe).into()),
            stdout: child.stdout.take().map(|pipe| OwnedFd::from(pipe).into()),
            stderr: child.stderr.take().map(|pipe| OwnedFd::from(pipe).into()),
        };
        let id = child.id();
        Ok((Self { id, ended: end_descriptor(id), child: Mutex::new(Some(child)) }, pipes))
    }

    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// A descriptor that becomes readable when the process ends, where the
    /// system has one.
    pub(crate) fn end_descriptor(&self) -> Option<RawDescriptor> {
        self.ended.as_ref().map(Descriptor::raw)
    }

    /// How the process ended; the outer `None` while it runs. Does not reap
    /// it. The inner `None` means that the application has reaped it, so that
    /// its status is not known.
    pub(crate) fn exit(&self) -> Option<Option<Exit>> {
        exit_status(self.id)
    }

    /// Asks the process and its group to end (SIGTERM).
    pub(crate) fn ask_to_end(&self) {
        self.signal_group(libc::SIGTERM);
    }

    /// Ends the process and its group (SIGKILL).
    pub(crate) fn kill(&self) {
        self.signal_group(libc::SIGKILL);
    }

    /// Whether the group has a process in it. Also reaps processes of it whose
    /// parent this process has become, as the first process of a container
    /// does.
    pub(crate) fn has_group(&self) -> bool {
        let Ok(group) = libc::pid_t::try_from(self.id) else { return false };
        // SAFETY: both take numbers, and the first one NULL for no status.
        unsafe {
            while libc::waitpid(-group, std::ptr::null_mut(), libc::WNOHANG) > 0 {}
            libc::kill(-group, 0) == 0
        }
    }

    /// Releases the number of a process that has ended, and asks the rest of
    /// its group to end. Returns false if that was done before.
    pub(crate) fn reap(&self) -> bool {
        let Some(mut child) = self.child().take() else { return false };
        self.ask_to_end();
        let _ = child.wait();
        true
    }

    pub(crate) fn is_reaped(&self) -> bool {
        self.child().is_none()
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal_group(&self, signal: libc::c_int) {
        let Ok(group) = libc::pid_t::try_from(self.id) else { return };
        // SAFETY: takes two numbers. The group is the child's own: a group
        // keeps its number for as long as it has a process in it, and the
        // child has its number until it is reaped.
        unsafe { libc::kill(-group, signal) };
    }
}

fn exit_status(child: u32) -> Option<Option<Exit>> {
    // SAFETY: the structure is valid for the call. The call has filled it in
    // if it holds the number of a signal.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        if libc::waitid(libc::P_PID, child as libc::id_t, &mut info, flags) < 0 {
            return Some(None);
        }
        match (info.si_signo, info.si_code) {
            (libc::SIGCHLD, libc::CLD_EXITED) => Some(Some(Exit::Status(info.si_status()))),
            (libc::SIGCHLD, _) => Some(Some(Exit::Signal(info.si_status()))),
            _ => None,
        }
    }
}

#[cfg(target_os = "linux")]
fn end_descriptor(child: u32) -> Option<Descriptor> {
    use std::os::fd::{FromRawFd, RawFd};
    // SAFETY: takes two numbers. Nothing else owns the descriptor it returns.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, child as libc::pid_t, 0);
        let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        Some(OwnedFd::from_raw_fd(fd).into())
    }
}

#[cfg(not(target_os = "linux"))]
fn end_descriptor(_child: u32) -> Option<Descriptor> {
    None
}

/// Makes a command start in a process group of its own, without the signal
/// settings of this process and with its standard descriptors alone.
pub(crate) fn isolate(command: &mut Command) {
    command.process_group(0);
    // SAFETY: between fork and exec only system calls are made; no memory is
    // allocated and no lock is taken.
    unsafe { command.pre_exec(|| reset_signals().and_then(|()| close_others_on_exec())) };
}

/// The signals that this thread blocks, or that the application ignores, must
/// not be blocked or ignored in another program. The background thread blocks
/// all of them.
fn reset_signals() -> io::Result<()> {
    // SAFETY: the set is valid for both calls. The child of a fork has this
    // thread alone.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        if libc::pthread_sigmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()) != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        for signal in 1..65 {
            // Signals that cannot be changed give an error, which is ignored.
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    Ok(())
}

/// The descriptors are marked and not closed: the standard library reports to
/// the parent through one of them whether exec succeeded.
fn close_others_on_exec() -> io::Result<()> {
    const FIRST: libc::c_int = 3;
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: takes three numbers.
        let done = unsafe {
            libc::syscall(
                libc::SYS_close_range,
                FIRST as libc::c_uint,
                libc::c_uint::MAX,
                CLOSE_RANGE_CLOEXEC,
            )
        };
        if done == 0 {
            return Ok(());
        }
    }
    // SAFETY: takes numbers. A number that is no open descriptor gives an
    // error, which is ignored.
    unsafe {
        let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536) as libc::c_int;
        for fd in FIRST..most {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
    Ok(())
}
