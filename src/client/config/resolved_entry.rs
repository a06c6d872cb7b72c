//! An entry with its references replaced: what a client is made of.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::client::config::entry::{Auth, Entry, EntryTarget, OAuth, Text, Transport};
use crate::client::config::place::ConfigPlace;
use crate::wire::env_file;
use crate::wire::variable_reference::Part;

/// Where references are looked up.
pub(crate) struct Around<'a> {
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The text of a file of variables.
    pub(crate) file: &'a dyn Fn(&str) -> Result<Secret>,
}

#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) way: EntryWay<'a>,
}

#[derive(Debug)]
pub(crate) enum EntryWay<'a> {
    Program {
        command: Secret,
        args: Vec<Secret>,
        /// Each name once.
        env: Vec<(String, Secret)>,
        cwd: Option<Secret>,
    },
    Address {
        url: (&'a ConfigPlace, Secret),
        headers: Vec<(&'a str, &'a ConfigPlace, Secret)>,
        auth: Option<ReadyAuth<'a>>,
        transport: Transport,
    },
}

/// The token, or how one is got.
#[derive(Debug)]
pub(crate) enum ReadyAuth<'a> {
    Token(&'a ConfigPlace, Secret),
    OAuth {
        place: &'a ConfigPlace,
        client: Option<(Secret, Option<Secret>)>,
        scope: Option<Secret>,
    },
}

/// What editors have under a name that looks like a variable's.
const EDITORS: [&str; 4] =
    ["workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator"];

impl<'a> Ready<'a> {
    pub(crate) fn new(entry: &'a Entry, around: &Around<'_>) -> Result<Self> {
        if let Some(place) = &entry.disabled {
            return Err(place.fails(
                Status::State,
                "the server is disabled: write false, or take the key out, to use it",
            ));
        }
        let way = match &entry.target {
            EntryTarget::Program { command, args, env, env_file, cwd } => EntryWay::Program {
                command: command.replaced(around)?,
                args: args.iter().map(|text| text.replaced(around)).collect::<Result<_>>()?,
                env: environment(env, env_file.as_ref(), around)?,
                cwd: cwd.as_ref().map(|text| text.replaced(around)).transpose()?,
            },
            EntryTarget::Address { url, headers, auth, transport } => EntryWay::Address {
                url: (&url.place, url.replaced(around)?),
                headers: headers
                    .iter()
                    .map(|(name, text)| Ok((&**name, &text.place, text.replaced(around)?)))
                    .collect::<Result<_>>()?,
                auth: auth.as_ref().map(|auth| auth.ready(around)).transpose()?,
                transport: *transport,
            },
        };
        Ok(Self { entry, way })
    }
}

impl Auth {
    fn ready(&self, around: &Around<'_>) -> Result<ReadyAuth<'_>> {
        match self {
            Self::Token(text) => {
                let token = text.replaced(around)?;
                if token.expose().is_empty() {
                    return Err(text.place.wrong("is empty: leave it out for no token"));
                }
                Ok(ReadyAuth::Token(&text.place, token))
            }
            Self::OAuth(oauth) => oauth.ready(around),
        }
    }
}

impl OAuth {
    fn ready(&self, around: &Around<'_>) -> Result<ReadyAuth<'_>> {
        let replaced =
            |text: &Option<Text>| text.as_ref().map(|text| text.replaced(around)).transpose();
        let secret = replaced(&self.client_secret)?;
        let scopes: Vec<Secret> =
            self.scopes.iter().map(|text| text.replaced(around)).collect::<Result<_>>()?;
        let scopes: Vec<&str> = scopes.iter().map(Secret::expose).collect();
        Ok(ReadyAuth::OAuth {
            place: &self.place,
            client: replaced(&self.client_id)?.map(|id| (id, secret)),
            scope: (!scopes.is_empty()).then(|| Secret::from(scopes.join(" "))),
        })
    }
}

/// The file's variables, and over them those of the entry; the last of a name
/// counts.
fn environment(
    env: &[(String, Option<Text>)],
    env_file: Option<&Text>,
    around: &Around<'_>,
) -> Result<Vec<(String, Secret)>> {
    let mut all: Vec<(String, Option<Secret>)> = Vec::new();
    if let Some(text) = env_file {
        let path = text.replaced(around)?;
        let content =
            (around.file)(path.expose()).map_err(|error| error.during(&text.place.to_string()))?;
        let variables = env_file::parse(content.expose()).map_err(|wrong| {
            text.place.wrong(format!("line {} of that file: {}", wrong.line, wrong.what))
        })?;
        all.extend(variables.into_iter().map(|(name, value)| (name, Some(value))));
    }
    for (name, text) in env {
        let value = text.as_ref().map(|text| text.replaced(around)).transpose()?;
        all.push((name.clone(), value));
    }
    let last: HashMap<String, usize> =
        all.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
    let kept = all.into_iter().enumerate().filter(|(at, (name, _))| last.get(name) == Some(at));
    Ok(kept.filter_map(|(_, (name, value))| Some((name, value?))).collect())
}

impl Text {
    fn replaced(&self, around: &Around<'_>) -> Result<Secret> {
        let parts = self.parts();
        let pieces: Vec<Secret> = parts
            .into_iter()
            .map(|part| match part {
                Part::Plain(text) => Ok(Secret::from(text)),
                Part::Variable { name, otherwise } => self.variable(name, otherwise, around),
                Part::Input(id) => Err(self.input(id)),
                Part::Foreign(inside) => Err(self.place.fails(
                    Status::Unsupported,
                    format!(
                        "\"${{{}}}\" is known to an editor alone: write what it stands for, or \
                         ${{NAME}} for an environment variable",
                        quote(inside)
                    ),
                )),
            })
            .collect::<Result<_>>()?;
        // Of the right size at once: growing would leave copies behind.
        let mut out = String::with_capacity(pieces.iter().map(|one| one.expose().len()).sum());
        pieces.iter().for_each(|one| out.push_str(one.expose()));
        Ok(Secret::from(out))
    }

    fn variable(&self, name: &str, otherwise: Option<&str>, around: &Around<'_>) -> Result<Secret> {
        let value = match (around.variable)(name).map(OsString::into_string) {
            Some(Ok(value)) => Some(Secret::from(value)),
            Some(Err(_)) => {
                return Err(self
                    .place
                    .wrong(format!("the environment variable {} is not UTF-8", quote(name))));
            }
            None => None,
        };
        match (value, otherwise) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.expose().is_empty() => Ok(value),
            (_, Some(otherwise)) => Ok(Secret::from(otherwise)),
            (None, None) if EDITORS.contains(&name) => Err(self.place.wrong(format!(
                "\"${{{name}}}\" is known to an editor alone: write what it stands for, or set \
                 an environment variable {name}"
            ))),
            (None, None) => Err(self.place.wrong(format!(
                "the environment variable {0} is not set: set it, or write ${{{0}:-...}} with \
                 what counts without it",
                quote(name)
            ))),
        }
    }

    fn input(&self, id: &str) -> Error {
        let id = quote(id);
        self.place.fails(
            Status::Unsupported,
            format!(
                "\"${{input:{id}}}\" is what an editor asks its user for: write ${{NAME}} in its \
                 place, and put the value of {id} into the environment variable NAME"
            ),
        )
    }
}
