//! A server in a configuration file: checked, with its references not yet
//! replaced.

use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::client::config::place::ConfigPlace;
use crate::client::options::server::HttpTransport;
use crate::wire::variable_reference::{Part, Wrong, parts};

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) place: ConfigPlace,
    /// The place that switches the server off.
    pub(crate) off: Option<ConfigPlace>,
    /// In milliseconds.
    pub(crate) timeout: Option<i64>,
    /// Or why the entry cannot be used.
    pub(crate) target: Result<EntryTarget>,
}

#[derive(Debug)]
pub(crate) enum EntryTarget {
    /// A program on this machine, over stdio.
    Program {
        command: ConfigText,
        args: Vec<ConfigText>,
        /// `None` removes the variable.
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

/// The settings of an authorization, and their place.
#[derive(Debug)]
pub(crate) struct OAuthEntry {
    pub(crate) place: ConfigPlace,
    pub(crate) client_id: Option<ConfigText>,
    pub(crate) client_secret: Option<ConfigText>,
    pub(crate) scopes: Vec<ConfigText>,
}

/// A text of the file. Its references are replaced when a client is made.
#[derive(Debug)]
pub(crate) struct ConfigText {
    pub(crate) place: ConfigPlace,
    written: Secret,
}

impl ConfigText {
    /// Refuses a text with malformed references. The error does not quote the
    /// text, which may be a secret.
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
        // `new` has checked the text.
        parts(self.written.expose()).unwrap_or_default()
    }

    /// Whether it has no reference.
    fn is_literal(&self) -> bool {
        matches!(*self.parts(), [Part::Plain(_)])
    }
}

impl Entry {
    /// Whether a client can be made, as far as the file shows.
    pub(crate) fn is_usable(&self) -> bool {
        self.off.is_none() && self.target.is_ok()
    }

    pub(crate) fn url(&self) -> Option<&str> {
        match &self.target {
            Ok(EntryTarget::Address { url, .. }) => Some(url.written()),
            _ => None,
        }
    }

    pub(crate) fn command(&self) -> Option<&str> {
        match &self.target {
            Ok(EntryTarget::Program { command, .. }) => Some(command.written()),
            _ => None,
        }
    }

    /// Returns the places of tokens, headers and variables whose values are
    /// written in the file.
    pub(crate) fn literals(&self) -> Vec<&ConfigPlace> {
        let texts: Vec<&ConfigText> = match &self.target {
            Ok(EntryTarget::Program { env, .. }) => {
                env.iter().filter_map(|(_, text)| text.as_ref()).collect()
            }
            Ok(EntryTarget::Address { headers, auth, .. }) => {
                let secret = match auth {
                    Some(EntryAuth::Token(token)) => Some(token),
                    Some(EntryAuth::OAuth(oauth)) => oauth.client_secret.as_ref(),
                    None => None,
                };
                headers.iter().map(|(_, text)| text).chain(secret).collect()
            }
            Err(_) => Vec::new(),
        };
        texts.into_iter().filter(|text| text.is_literal()).map(|text| &text.place).collect()
    }
}
