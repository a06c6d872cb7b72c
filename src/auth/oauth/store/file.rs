//! A store that is one file, which no other user may read or write.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::auth::oauth::store::fields::broken;
use crate::auth::oauth::store::file_document::StoreDocument;
use crate::auth::oauth::store::{Store, StoreLock};
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::platform::{Access, is_same_file, make_private_folder, open_private, state_folder};
use crate::transport::socket::plain;

/// A file that is replaced as a whole, a file beside it that is locked, and
/// another that is written before it takes the place of the first.
#[derive(Debug)]
pub(crate) struct FileStore {
    path: PathBuf,
    folder: PathBuf,
}

/// A larger file is none of ours.
const LARGEST: u64 = 4 * 1024 * 1024;

impl FileStore {
    /// Reads what is there, so that a file of no use is found at once; makes
    /// nothing before there is something to keep.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let absolute = std::path::absolute(path).ok().filter(|path| path.file_name().is_some());
        let folder = absolute.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (Some(path), Some(folder)) = (absolute, folder) else {
            let path = quote(&path.to_string_lossy());
            return Err(Error::argument(format!("\"{path}\" is no path of a file for tokens")));
        };
        let store = Self { path, folder };
        store.within(|_| Ok(()))?;
        Ok(store)
    }

    /// Where the tokens of a user are by custom of the system.
    pub(crate) fn default_path() -> Result<PathBuf> {
        let environment = Environment::read();
        default_path(&|name| environment.get(name).map(OsStr::to_owned))
    }

    /// Has a look at what the file holds now.
    fn within<T>(&self, look: impl FnOnce(&StoreDocument<'_>) -> Result<T>) -> Result<T> {
        let text = self.read()?;
        let document = text.as_ref().map_or_else(
            || Ok(StoreDocument::default()),
            |text| StoreDocument::parse(text.expose()).map_err(|error| error.during(&self.place())),
        );
        look(&document?)
    }

    fn read(&self) -> Result<Option<Secret>> {
        let mut options = OpenOptions::new();
        let file = match open_private(&self.path, options.read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result.map_err(|error| self.failed(&self.path, "opened", &error))?,
        };
        self.check_folder()?;
        let about = self.check(&self.path, &file)?;
        // A byte more, to find a file that grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(about.len().min(LARGEST) as usize + 1));
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(&self.path, "read", &error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(self.too_large());
        }
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| broken("it is not UTF-8").during(&self.place()))?;
        Ok(Some(text.into()))
    }

    fn change(&self, key: &str, entry: Option<&str>) -> Result<()> {
        let text = self.within(|document| {
            let is_same = document.get(key) == entry;
            if is_same { Ok(None) } else { document.with(key, entry).map(Some) }
        })?;
        let Some(text) = text else { return Ok(()) };
        if text.expose().len() as u64 > LARGEST {
            return Err(self.too_large());
        }
        let new = self.beside(".new");
        self.replace(&new, text.expose())
            .map_err(|error| self.failed(&new, "written in place of the old one", &error))
    }

    /// Whoever reads meanwhile finds the old text or the new one, whole; and
    /// so does whoever reads after the machine has stopped.
    fn replace(&self, new: &Path, text: &str) -> io::Result<()> {
        // Left by a process that was ended here. Nobody else is here now.
        match fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = open_private(new, options.write(true).create_new(true))?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(new, &self.path));
        if let Err(error) = written {
            let _ = fs::remove_file(new);
            return Err(error);
        }
        match File::open(&self.folder)?.sync_all() {
            // Some file systems have no such thing.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
            _ => Ok(()),
        }
    }

    fn make_folder(&self) -> Result<()> {
        let above = self.folder.parent().unwrap_or(&self.folder);
        let made = match fs::create_dir_all(above) {
            Ok(()) => make_private_folder(&self.folder),
            failed => failed,
        };
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(self.failed(&self.folder, "made", &error))
            }
            _ => self.check_folder(),
        }
    }

    /// Who may write in the folder may put another file in the place of ours.
    fn check_folder(&self) -> Result<()> {
        let folder = &self.folder;
        let about = fs::metadata(folder).map_err(|error| self.failed(folder, "read", &error))?;
        let (shown, access) = (shown(folder), Access::of(&about));
        if !access.is_own_or_of_system() {
            let owner = access.owner();
            return Err(insecure(format!(
                "{shown} belongs to user {owner}, who could take the tokens: use a folder of your \
                 own"
            )));
        }
        if access.is_writable_by_others() {
            return Err(insecure(format!(
                "other users may write in {shown} (mode {access}): chmod go-w {shown}, or use a \
                 folder of your own"
            )));
        }
        Ok(())
    }

    /// Whether nobody else has, or had, a hand in a file.
    fn check(&self, path: &Path, file: &File) -> Result<Metadata> {
        let about = file.metadata().map_err(|error| self.failed(path, "read", &error))?;
        let (shown, access) = (shown(path), Access::of(&about));
        if !about.is_file() {
            return Err(insecure(format!("{shown} is no regular file: use another path")));
        }
        if !access.is_own() {
            let (owner, user) = (access.owner(), Access::user());
            return Err(insecure(format!(
                "{shown} belongs to user {owner} and not to user {user}, who runs this: use a file of \
                 your own"
            )));
        }
        if access.is_open_to_others() {
            return Err(insecure(format!(
                "other users have access to {shown} (mode {access}), which is to hold tokens: \
                 chmod 600 {shown}, and sign in again if they may have read it"
            )));
        }
        Ok(about)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(ending);
        path.into()
    }

    fn failed(&self, path: &Path, what: &str, error: &io::Error) -> Error {
        let shown = shown(path);
        if fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
            return insecure(format!(
                "{shown} is a symbolic link, which may lead anywhere: use the path that it leads to"
            ));
        }
        Error::new(Status::Io, format!("{shown} cannot be {what}: {}", plain(error)))
    }

    fn too_large(&self) -> Error {
        Error::new(
            Status::TooLarge,
            format!("{} is larger than {LARGEST} bytes: use another", self.place()),
        )
    }
}

impl Store for FileStore {
    fn load(&self, key: &str) -> Result<Option<Secret>> {
        self.within(|document| Ok(document.get(key).map(Secret::from)))
    }

    fn save(&self, _held: &StoreLock, key: &str, data: &Secret) -> Result<()> {
        self.change(key, Some(data.expose()))
    }

    fn remove(&self, _held: &StoreLock, key: &str) -> Result<()> {
        self.change(key, None)
    }

    fn try_lock(&self) -> Result<Option<StoreLock>> {
        self.make_folder()?;
        let path = self.beside(".lock");
        let failed = |error: io::Error| self.failed(&path, "locked", &error);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = open_private(&path, options).map_err(failed)?;
        let about = self.check(&path, &file)?;
        let held = StoreLock::of(file).map_err(failed)?;
        // One that was removed meanwhile keeps nobody away.
        let is_there = fs::symlink_metadata(&path).is_ok_and(|there| is_same_file(&there, &about));
        Ok(held.filter(|_| is_there))
    }

    fn runs_callbacks(&self) -> bool {
        false
    }

    fn place(&self) -> String {
        format!("the file of tokens {}", shown(&self.path))
    }
}

fn insecure(message: String) -> Error {
    Error::new(Status::Insecure, message)
}

fn shown(path: &Path) -> String {
    format!("\"{}\"", quote(&path.to_string_lossy()))
}

fn default_path(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    state_folder(variable).map(|state| state.join("mcpclient/tokens.json")).ok_or_else(|| {
        Error::new(
            Status::NotFound,
            "there is no place for tokens, as HOME is not set to an absolute path: set it, or \
             pass the path of a file",
        )
    })
}

#[cfg(test)]
mod tests;
