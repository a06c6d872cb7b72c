//! A server of a configuration file, checked, with its references as written.

use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::client::config::place::ConfigPlace;
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
        command: Text,
        args: Vec<Text>,
        /// `None` for a variable that the program is not to have.
        env: Vec<(String, Option<Text>)>,
        env_file: Option<Text>,
        cwd: Option<Text>,
    },
    /// A server behind HTTP.
    Address { url: Text, headers: Vec<(String, Text)>, auth: Option<Auth>, transport: Transport },
}

#[derive(Debug)]
pub(crate) enum Auth {
    Token(Text),
    OAuth(Box<OAuth>),
}

/// What is said of the way to a token, and where.
#[derive(Debug)]
pub(crate) struct OAuth {
    pub(crate) place: ConfigPlace,
    pub(crate) client_id: Option<Text>,
    pub(crate) client_secret: Option<Text>,
    pub(crate) scopes: Vec<Text>,
}

/// How an address is spoken to; numbered as `Client::set_transport` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Auto = 0,
    StreamableHttp = 1,
    Sse = 2,
}

/// A text of the file. What its references stand for is looked up when a
/// client is made.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) place: ConfigPlace,
    written: Secret,
}

impl Text {
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
        let texts: Vec<&Text> = match &self.target {
            EntryTarget::Program { env, .. } => {
                env.iter().filter_map(|(_, text)| text.as_ref()).collect()
            }
            EntryTarget::Address { headers, auth, .. } => {
                let secret = match auth {
                    Some(Auth::Token(token)) => Some(token),
                    Some(Auth::OAuth(oauth)) => oauth.client_secret.as_ref(),
                    None => None,
                };
                headers.iter().map(|(_, text)| text).chain(secret).collect()
            }
        };
        texts.into_iter().filter(|text| text.is_literal()).map(|text| &text.place).collect()
    }
}
