//! The program that is a server: what to start, and with which environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, io_reason, quote};
use crate::base::secret::Secret;
use crate::platform::Descriptor;

/// What to start, and how.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) argv: Vec<OsString>,
    /// The variables to set, or to remove, in addition to [`INHERITED`].
    pub(crate) environment: Vec<(OsString, Option<OsString>)>,
    pub(crate) directory: Option<PathBuf>,
    /// Parts of the arguments and variables that are secrets, whatever their
    /// names and forms say.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) stderr: StandardError,
    /// The environment that the variables of [`INHERITED`] come from.
    pub(crate) around: Arc<Environment>,
}

/// Where a program's standard error goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum StandardError {
    /// The library keeps the end of it, for the error that says how the
    /// program ended.
    #[default]
    Keep,
    Discard,
    Inherit,
    Descriptor(Arc<Descriptor>),
}

/// The variables that a server gets from the environment of this process. The
/// SDKs of the specification pass on the same ones; none is a secret.
const INHERITED: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

impl Program {
    /// A program with the environment that every server gets.
    pub(crate) fn new(argv: Vec<OsString>) -> Result<Self> {
        if argv.first().is_none_or(|name| name.is_empty()) {
            return Err(Error::argument("argv names no program"));
        }
        let (environment, directory) = (Vec::new(), None);
        let (stderr, around) = (StandardError::Keep, Environment::read());
        let secrets = Vec::new();
        Ok(Self { argv, environment, directory, secrets, stderr, around })
    }

    /// The name, fit for a message.
    pub(super) fn shown_name(&self) -> String {
        let name = self.argv.first().map(|name| name.to_string_lossy().into_owned());
        quote(&name.unwrap_or_default())
    }

    pub(super) fn command(&self) -> Result<Command> {
        let mut argv = self.argv.iter();
        let name = argv.next().ok_or_else(|| Error::argument("argv names no program"))?;
        let mut command = Command::new(name);
        // The whole environment is given, so nothing reads that of this
        // process. The program is searched for in the PATH that is given.
        command.args(argv).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        for name in INHERITED {
            // A shell exports a function as a value that begins with "()". It
            // is code and not passed on.
            if let Some(value) = self.around.get(name)
                && !value.as_encoded_bytes().starts_with(b"()")
            {
                command.env(name, value);
            }
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let no_descriptor = |error: std::io::Error| {
            let what = format!(
                "cannot duplicate the descriptor for standard error: {}",
                io_reason(&error)
            );
            Error::new(Status::Internal, what)
        };
        command.stderr(match &self.stderr {
            StandardError::Keep => Stdio::piped(),
            StandardError::Discard => Stdio::null(),
            StandardError::Inherit => Stdio::inherit(),
            StandardError::Descriptor(fd) => fd.to_stdio().map_err(no_descriptor)?,
        });
        Ok(command)
    }

    /// The error for a program that could not be started.
    pub(super) fn not_started(&self, error: &std::io::Error) -> Error {
        let hint = match (&self.directory, error.kind()) {
            (Some(directory), _) if !directory.is_dir() => {
                format!(": there is no directory \"{}\"", quote(&directory.to_string_lossy()))
            }
            (_, std::io::ErrorKind::NotFound) => ": is it installed, and in the PATH?".to_owned(),
            (_, std::io::ErrorKind::PermissionDenied) => ": is it executable?".to_owned(),
            _ => String::new(),
        };
        let (name, why) = (self.shown_name(), io_reason(error));
        Error::new(Status::Process, format!("cannot start \"{name}\" ({why}){hint}"))
    }
}
