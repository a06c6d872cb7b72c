//! A server of a configuration file, checked, with its references as written.

use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::client::config::place::ConfigPlace;
use crate::client::options::server::HttpTransport;
use crate::wire::variable_reference::{Part, Wrong, parts};

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) place: ConfigPlace,
    /// Where it is said to be disabled.
    pub(crate) disabled: Option<ConfigPlace>,
    /// In milliseconds.
    pub(crate) timeout: Option<i32>,
    pub(crate) target: EntryTarget,
}

#[derive(Debug)]
pub(crate) enum EntryTarget {
    /// A program on this machine, at stdio.
    Program {
        command: ConfigText,
        args: Vec<ConfigText>,
        /// `None` for a variable that the program is not to have.
        env: Vec<(String, Option<ConfigText>)>,
        env_file: Option<ConfigText>,
        cwd: Option<ConfigText>,
    },
    /// A server behind HTTP.
    Address {
        url: ConfigText,
        headers: Vec<(String, ConfigText)>,
        auth: Option<EntryAuth>,
        transport: HttpTransport,
    },
}

#[derive(Debug)]
pub(crate) enum EntryAuth {
    Token(ConfigText),
    OAuth(Box<OAuthEntry>),
}

/// What is said of the way to a token, and where.
#[derive(Debug)]
pub(crate) struct OAuthEntry {
    pub(crate) place: ConfigPlace,
    pub(crate) client_id: Option<ConfigText>,
    pub(crate) client_secret: Option<ConfigText>,
    pub(crate) scopes: Vec<ConfigText>,
}

/// A text of the file. What its references stand for is looked up when a
/// client is made.
#[derive(Debug)]
pub(crate) struct ConfigText {
    pub(crate) place: ConfigPlace,
    written: Secret,
}

impl ConfigText {
    /// Refuses what can stand for nothing, without quoting it.
    pub(crate) fn new(place: ConfigPlace, written: Secret) -> Result<Self> {
        if written.expose().contains('\0') {
            return Err(place.wrong("has a NUL (\\u0000), which cannot be passed on"));
        }
        parts(written.expose()).map_err(|why| {
            place.wrong(match why {
                Wrong::Open => "has a \"${\" without its \"}\": write ${NAME} or ${NAME:-default}",
                Wrong::Nested => {
                    "has a \"${\" inside another: references cannot be inside each other"
                }
                Wrong::Name => {
                    "has a \"${...}\" that names no variable: write ${NAME}, of letters, digits \
                     and \"_\", or ${NAME:-default}"
                }
            })
        })?;
        Ok(Self { place, written })
    }

    pub(crate) fn written(&self) -> &str {
        self.written.expose()
    }

    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        // Checked when it was made.
        parts(self.written.expose()).unwrap_or_default()
    }

    /// Whether all of it stands in the file.
    fn is_literal(&self) -> bool {
        matches!(*self.parts(), [Part::Plain(_)])
    }
}

impl Entry {
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.target {
            EntryTarget::Address { url, .. } => Some(url.written()),
            EntryTarget::Program { .. } => None,
        }
    }

    pub(crate) fn command(&self) -> Option<&str> {
        match &self.target {
            EntryTarget::Program { command, .. } => Some(command.written()),
            EntryTarget::Address { .. } => None,
        }
    }

    /// Tokens, headers and variables that are written out.
    pub(crate) fn literals(&self) -> Vec<&ConfigPlace> {
        let texts: Vec<&ConfigText> = match &self.target {
            EntryTarget::Program { env, .. } => {
                env.iter().filter_map(|(_, text)| text.as_ref()).collect()
            }
            EntryTarget::Address { headers, auth, .. } => {
                let secret = match auth {
                    Some(EntryAuth::Token(token)) => Some(token),
                    Some(EntryAuth::OAuth(oauth)) => oauth.client_secret.as_ref(),
                    None => None,
                };
                headers.iter().map(|(_, text)| text).chain(secret).collect()
            }
        };
        texts.into_iter().filter(|text| text.is_literal()).map(|text| &text.place).collect()
    }
}
