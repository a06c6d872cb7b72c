//! TODO
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use crate::base::error::Result;
use crate::base::secret::Secret;

pub(crate) trait Store: Debug + Send + Sync {
    fn load(&self, key: &str) -> Result<Option<Secret>>;
    fn save(&self, key: &str, data: &str) -> Result<()>;
    fn remove(&self, key: &str) -> Result<()>;
    fn asks(&self) -> bool;
}
#[derive(Debug)]
pub(crate) struct FileStore;
impl FileStore {
    pub(crate) fn new(_path: &Path) -> Result<Self> {
        Ok(Self)
    }
    pub(crate) fn default_path() -> Result<PathBuf> {
        Ok(PathBuf::new())
    }
}
impl Store for FileStore {
    fn load(&self, _key: &str) -> Result<Option<Secret>> {
        Ok(None)
    }
    fn save(&self, _key: &str, _data: &str) -> Result<()> {
        Ok(())
    }
    fn remove(&self, _key: &str) -> Result<()> {
        Ok(())
    }
    fn asks(&self) -> bool {
        false
    }
}
