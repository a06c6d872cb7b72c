//! A server entry with its references replaced. A client is made from it.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::base::secret_name::{is_secret_name, may_be_secret};
use crate::client::config::entry::{ConfigText, Entry, EntryAuth, EntryTarget, OAuthEntry};
use crate::client::config::place::ConfigPlace;
use crate::client::options::server::HttpTransport;
use crate::wire::env_file;
use crate::wire::variable_reference::Part;

/// Looks up references.
pub(crate) struct References<'a> {
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Returns the text of an `envFile`.
    pub(crate) file: &'a dyn Fn(&str) -> Result<Secret>,
}

#[derive(Debug)]
pub(crate) struct ResolvedEntry<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) target: ResolvedTarget<'a>,
}

#[derive(Debug)]
pub(crate) enum ResolvedTarget<'a> {
    Program {
        command: Secret,
        args: Vec<Secret>,
        /// Each name once.
        env: Vec<(String, Secret)>,
        cwd: Option<Secret>,
        /// The values of variables such as `${API_KEY}`.
        secrets: Vec<Secret>,
    },
    Address {
        url: (&'a ConfigPlace, Secret),
        headers: Vec<(&'a str, &'a ConfigPlace, Secret)>,
        auth: Option<ResolvedAuth<'a>>,
        transport: HttpTransport,
    },
}

/// The token, or how to get one.
#[derive(Debug)]
pub(crate) enum ResolvedAuth<'a> {
    Token(&'a ConfigPlace, Secret),
    OAuth {
        place: &'a ConfigPlace,
        client: Option<(Secret, Option<Secret>)>,
        scope: Option<Secret>,
    },
}

/// The names that editors replace, although they look like environment
/// variables.
const EDITOR_VARIABLES: [&str; 4] =
    ["workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator"];

impl<'a> ResolvedEntry<'a> {
    pub(crate) fn new(entry: &'a Entry, references: &References<'_>) -> Result<Self> {
        if let Some(place) = &entry.off {
            return Err(place.fails(
                Status::State,
                format!(
                    "the server \"{}\" is disabled there: change the value, or take it out, to use \
                     the server",
                    quote(&entry.name)
                ),
            ));
        }
        let target = entry.target.as_ref().map_err(Error::clone)?;
        target.check_size(entry, references)?;
        let target = match target {
            EntryTarget::Program { command, args, env, env_file, cwd } => ResolvedTarget::Program {
                command: command.resolved(references)?,
                args: args.iter().map(|text| text.resolved(references)).collect::<Result<_>>()?,
                env: environment(env, env_file.as_ref(), references)?,
                cwd: cwd.as_ref().map(|text| text.resolved(references)).transpose()?,
                secrets: {
                    let env = env.iter().filter_map(|(_, text)| text.as_ref());
                    let all = std::iter::once(command).chain(args).chain(env);
                    all.flat_map(|text| text.secrets(references)).collect()
                },
            },
            EntryTarget::Address { url, headers, auth, transport } => ResolvedTarget::Address {
                url: (&url.place, url.resolved(references)?),
                headers: headers
                    .iter()
                    .map(|(name, text)| Ok((&**name, &text.place, text.resolved(references)?)))
                    .collect::<Result<_>>()?,
                auth: auth.as_ref().map(|auth| auth.resolve(references)).transpose()?,
                transport: *transport,
            },
        };
        Ok(Self { entry, target })
    }
}

/// The limit of bytes that all references of an entry stand for. A file of 1 MiB
/// has room for a hundred thousand references to the same long value.
pub(crate) const MOST_EXPANDED: usize = 4 * 1024 * 1024;

impl EntryTarget {
    fn texts(&self) -> Vec<&ConfigText> {
        match self {
            Self::Program { command, args, env, env_file, cwd } => std::iter::once(command)
                .chain(args)
                .chain(env.iter().filter_map(|(_, text)| text.as_ref()))
                .chain(env_file)
                .chain(cwd)
                .collect(),
            Self::Address { url, headers, auth, .. } => {
                let (token, oauth) = match auth {
                    Some(EntryAuth::Token(text)) => (Some(text), None),
                    Some(EntryAuth::OAuth(oauth)) => (None, Some(oauth)),
                    None => (None, None),
                };
                let ids = oauth.iter().flat_map(|it| it.client_id.iter().chain(&it.client_secret));
                std::iter::once(url)
                    .chain(headers.iter().map(|(_, text)| text))
                    .chain(token)
                    .chain(ids)
                    .chain(oauth.iter().flat_map(|it| &it.scopes))
                    .collect()
            }
        }
    }

    /// Checks the size of all values before the first one is copied.
    fn check_size(&self, entry: &Entry, references: &References<'_>) -> Result<()> {
        let mut size = 0;
        for part in self.texts().into_iter().flat_map(ConfigText::parts) {
            let Part::Variable { name, .. } = part else { continue };
            size += (references.variable)(name).map_or(0, |value| value.len());
            if size > MOST_EXPANDED {
                return Err(entry.place.fails(
                    Status::TooLarge,
                    format!("its references stand for more than {MOST_EXPANDED} bytes"),
                ));
            }
        }
        Ok(())
    }
}

impl EntryAuth {
    fn resolve(&self, references: &References<'_>) -> Result<ResolvedAuth<'_>> {
        match self {
            Self::Token(text) => {
                let token = text.resolved(references)?;
                if token.expose().is_empty() {
                    return Err(text.place.wrong("is empty: leave it out for no token"));
                }
                Ok(ResolvedAuth::Token(&text.place, token))
            }
            Self::OAuth(oauth) => oauth.resolve(references),
        }
    }
}

impl OAuthEntry {
    fn resolve(&self, references: &References<'_>) -> Result<ResolvedAuth<'_>> {
        let resolved = |text: &Option<ConfigText>| {
            text.as_ref().map(|text| text.resolved(references)).transpose()
        };
        let secret = resolved(&self.client_secret)?;
        let scopes: Vec<Secret> =
            self.scopes.iter().map(|text| text.resolved(references)).collect::<Result<_>>()?;
        let scopes: Vec<&str> = scopes.iter().map(Secret::expose).collect();
        Ok(ResolvedAuth::OAuth {
            place: &self.place,
            client: resolved(&self.client_id)?.map(|id| (id, secret)),
            scope: (!scopes.is_empty()).then(|| Secret::from(scopes.join(" "))),
        })
    }
}

/// Returns the variables of the file and of the entry. The last of each name
/// counts.
fn environment(
    env: &[(String, Option<ConfigText>)],
    env_file: Option<&ConfigText>,
    references: &References<'_>,
) -> Result<Vec<(String, Secret)>> {
    let mut all: Vec<(String, Option<Secret>)> = Vec::new();
    if let Some(text) = env_file {
        let path = text.resolved(references)?;
        let content = (references.file)(path.expose())
            .map_err(|error| error.during(&text.place.to_string()))?;
        let variables = env_file::parse(content.expose()).map_err(|wrong| {
            text.place.wrong(format!("line {} of that file: {}", wrong.line, wrong.what))
        })?;
        all.extend(variables.into_iter().map(|(name, value)| (name, Some(value))));
    }
    for (name, text) in env {
        let value = text.as_ref().map(|text| text.resolved(references)).transpose()?;
        all.push((name.clone(), value));
    }
    let last: HashMap<String, usize> =
        all.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
    let kept = all.into_iter().enumerate().filter(|(at, (name, _))| last.get(name) == Some(at));
    Ok(kept.filter_map(|(_, (name, value))| Some((name, value?))).collect())
}

impl ConfigText {
    /// The values of the variables whose names say that they are secrets.
    fn secrets(&self, references: &References<'_>) -> Vec<Secret> {
        let value = |part| match part {
            Part::Variable { name, default } if is_secret_name(name) => {
                self.variable(name, default, references).ok()
            }
            _ => None,
        };
        let values = self.parts().into_iter().filter_map(value);
        values.filter(|value| may_be_secret(value.expose())).collect()
    }

    fn resolved(&self, references: &References<'_>) -> Result<Secret> {
        let parts = self.parts();
        let pieces: Vec<Secret> = parts
            .into_iter()
            .map(|part| match part {
                Part::Plain(text) => Ok(Secret::from(text)),
                Part::Variable { name, default } => self.variable(name, default, references),
                Part::Input(id) => Err(self.input(id)),
                Part::Foreign(inside) => Err(self.place.fails(
                    Status::Unsupported,
                    format!(
                        "\"${{{}}}\" is known only to an editor: write its value, or \
                         ${{NAME}} for an environment variable",
                        quote(inside)
                    ),
                )),
            })
            .collect::<Result<_>>()?;
        // The exact size: a string that grows would leave copies of a secret in
        // memory.
        let mut out = String::with_capacity(pieces.iter().map(|one| one.expose().len()).sum());
        pieces.iter().for_each(|one| out.push_str(one.expose()));
        Ok(Secret::from(out))
    }

    fn variable(
        &self,
        name: &str,
        default: Option<&str>,
        references: &References<'_>,
    ) -> Result<Secret> {
        let value = match (references.variable)(name).map(OsString::into_string) {
            Some(Ok(value)) => Some(Secret::from(value)),
            Some(Err(_)) => {
                return Err(self
                    .place
                    .wrong(format!("the environment variable {} is not UTF-8", quote(name))));
            }
            None => None,
        };
        match (value, default) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.expose().is_empty() => Ok(value),
            (_, Some(default)) => Ok(Secret::from(default)),
            (None, None) if EDITOR_VARIABLES.contains(&name) => Err(self.place.wrong(format!(
                "\"${{{name}}}\" is known only to an editor: write its value, or set \
                 an environment variable {name}"
            ))),
            (None, None) => Err(self.place.wrong(format!(
                "the environment variable {0} is not set: set it, or write ${{{0}:-...}} with \
                 a default value",
                quote(name)
            ))),
        }
    }

    fn input(&self, id: &str) -> Error {
        let id = quote(id);
        self.place.fails(
            Status::Unsupported,
            format!(
                "\"${{input:{id}}}\" is a value that an editor asks its user for: write ${{NAME}} in its \
                 place, and put the value of {id} into the environment variable NAME"
            ),
        )
    }
}
