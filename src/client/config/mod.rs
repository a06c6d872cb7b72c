//! Reads the configuration files of MCP hosts, and makes clients for the
//! servers in them.
//!
//! Loading checks the syntax of the file and the types of each entry. References
//! are replaced when a client is made, so a missing variable affects only the
//! server that uses it.

mod dialect;
pub(crate) mod document;
pub(crate) mod entry;
mod foreign;
mod place;
pub(crate) mod resolved_entry;

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, io_reason, quote};
use crate::base::secret::Secret;
use crate::client::authorization::{Auth, Grant};
use crate::client::config::document::Document;
use crate::client::config::entry::Entry;
use crate::client::config::resolved_entry::{
    References, ResolvedAuth, ResolvedEntry, ResolvedTarget,
};
use crate::client::core::client::Client;
use crate::platform::{Access, open_regular};

/// The servers of a file. It does not change after loading.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file in messages.
    name: String,
    /// The directory to which the paths in the file are relative.
    folder: PathBuf,
    pub(crate) entries: Vec<Entry>,
    pub(crate) warnings: Vec<String>,
}

/// The limit of the size of a file.
const LARGEST: u64 = 1024 * 1024;
/// The limit of names in a message.
const LISTED: usize = 20;
/// The name of a text that is no file, in messages.
const TEXT: &str = "json";

impl Config {
    pub(crate) fn load(path: &str) -> Result<Self> {
        let file = quote(path);
        let (text, access) = read(Path::new(path)).map_err(|error| error.during(&file))?;
        let Document { entries, mut warnings } = Document::parse(&file, text.expose())?;
        if access.is_readable_by_others() {
            warnings.extend(readable(&entries, access));
        }
        let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { name: file, folder, entries, warnings })
    }

    /// Reads the text of a file that the application has.
    pub(crate) fn parse(text: &str, folder: Option<&str>) -> Result<Self> {
        if text.len() as u64 > LARGEST {
            return Err(too_large().during(TEXT));
        }
        let Document { entries, warnings } = Document::parse(TEXT, text)?;
        let folder = folder.unwrap_or_default().into();
        Ok(Self { name: TEXT.to_owned(), folder, entries, warnings })
    }

    /// Makes a client for the server with this name, or for the only server.
    pub(crate) fn client(&self, name: Option<&str>) -> Result<Client> {
        self.client_of(self.entry(name)?)
    }

    /// Why no client can be made for an entry, with the environment of this
    /// moment. `None`: one can be made, or there is no such entry.
    pub(crate) fn fault(&self, index: usize) -> Option<Error> {
        self.client_of(self.entries.get(index)?).err()
    }

    fn client_of(&self, entry: &Entry) -> Result<Client> {
        let environment = Environment::read();
        let references = References {
            variable: &|name| environment.get(name).map(OsStr::to_owned),
            file: &|path| read(&self.folder.join(path)).map(|(text, _)| text),
        };
        client(&ResolvedEntry::new(entry, &references)?)
    }

    fn entry(&self, name: Option<&str>) -> Result<&Entry> {
        let none = |what: String| {
            let what = format!("{}: {what}: {}", self.name, self.names());
            Err(Error::new(Status::NotFound, what))
        };
        if let Some(name) = name {
            return match self.entries.iter().find(|entry| entry.name == name) {
                Some(entry) => Ok(entry),
                None => none(format!("has no server \"{}\"", quote(name))),
            };
        }
        let entries = || self.entries.iter();
        let usable = only(entries().filter(|entry| entry.is_usable()));
        if let Some(entry) = usable {
            return Ok(entry);
        }
        if entries().any(Entry::is_usable) {
            return none("has several servers, so the server must be named".to_owned());
        }
        // The error of the only server says why it cannot be used.
        let enabled = only(entries().filter(|entry| entry.off.is_none()));
        match enabled.or_else(|| only(entries())) {
            Some(entry) => Ok(entry),
            None if self.entries.is_empty() => none("has no server".to_owned()),
            None => none("has no server that can be used without its name".to_owned()),
        }
    }

    fn names(&self) -> String {
        let names: Vec<String> = self
            .entries
            .iter()
            .take(LISTED)
            .map(|entry| format!("\"{}\"", quote(&entry.name)))
            .collect();
        match self.entries.len() {
            0 => "there are none in it".to_owned(),
            count if count > LISTED => {
                format!("there are {} and {} others", names.join(", "), count - LISTED)
            }
            _ => format!("there are {}", names.join(", ")),
        }
    }
}

/// The only item, if there is one and no other.
fn only<'a>(mut all: impl Iterator<Item = &'a Entry>) -> Option<&'a Entry> {
    all.next().filter(|_| all.next().is_none())
}

/// Makes a client from an entry.
fn client(resolved: &ResolvedEntry<'_>) -> Result<Client> {
    let client = match &resolved.target {
        ResolvedTarget::Address { url: (place, url), headers, auth, transport } => {
            let at = |place: &place::ConfigPlace| {
                let place = place.to_string();
                move |error: Error| error.during(&place)
            };
            let client = Client::new(url.expose(), None).map_err(at(place))?;
            match auth {
                Some(ResolvedAuth::Token(place, token)) => {
                    client.set_token(Some(token.expose())).map_err(at(place))?;
                }
                Some(ResolvedAuth::OAuth { place, client: registered, scope }) => {
                    let auth = Auth::new(Grant::AuthorizationCode);
                    if let Some((id, secret)) = registered {
                        let secret = secret.as_ref().map(Secret::expose);
                        auth.set_client(id.expose(), secret).map_err(at(place))?;
                    }
                    auth.set_scope(scope.as_ref().map(Secret::expose)).map_err(at(place))?;
                    client.set_auth(Some(&auth)).map_err(at(place))?;
                }
                None => {}
            }
            for (name, place, value) in headers {
                client.set_header(name, Some(value.expose())).map_err(at(place))?;
            }
            client.set_transport(*transport as i32)?;
            client
        }
        ResolvedTarget::Program { command, args, env, cwd, secrets } => {
            let argv = std::iter::once(command).chain(args).map(|text| text.expose().into());
            let client = Client::new_stdio(argv.collect())
                .map_err(|error| error.during(&resolved.entry.place.to_string()))?;
            for (name, value) in env {
                client
                    .set_environment(name, Some(value.expose()))
                    .map_err(|error| error.during(&resolved.entry.place.to_string()))?;
            }
            client.set_directory(cwd.as_ref().map(Secret::expose))?;
            client.set_program_secrets(secrets.clone())?;
            client
        }
    };
    if let Some(timeout) = resolved.entry.timeout {
        client.set_timeout(timeout)?;
    }
    Ok(client)
}

/// Returns the text of a file and its permissions.
fn read(path: &Path) -> Result<(Secret, Access)> {
    let failed = |error: io::Error| {
        let status = match error.kind() {
            io::ErrorKind::NotFound => Status::NotFound,
            _ => Status::InvalidArgument,
        };
        Error::new(status, format!("the file cannot be read: {}", io_reason(&error)))
    };
    let file = open_regular(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Error::argument("is no regular file: pass the path of one"));
    }
    if about.len() > LARGEST {
        return Err(too_large());
    }
    // One byte more than the limit, to detect a file that grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(about.len() as usize + 1));
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Error::argument(format!("line {line} is not UTF-8: save the file as UTF-8"))
    })?;
    Ok((Secret::from(text), Access::of(&about)))
}

fn too_large() -> Error {
    Error::new(
        Status::TooLarge,
        format!("the file is larger than {LARGEST} bytes, which is no configuration"),
    )
}

/// Returns the warning about secrets that other users may read.
fn readable(entries: &[Entry], access: Access) -> Option<String> {
    let all: Vec<&place::ConfigPlace> = entries.iter().flat_map(Entry::literals).collect();
    let first = all.first()?;
    let others = match all.len() {
        1 => String::new(),
        2 => " (and 1 other)".to_owned(),
        count => format!(" (and {} others)", count - 1),
    };
    Some(format!(
        "{first}: the value{others} is written out where users other than the file's owner may \
         read it (mode {access}): chmod 600 the file, or write ${{NAME}} and put the value into the \
         environment variable NAME"
    ))
}

#[cfg(test)]
mod tests;
