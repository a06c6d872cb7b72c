//! Reads the servers out of a configuration file's text.
//!
//! `mcpServers` as Claude, Cursor and FastMCP have it, `servers` as VS Code
//! has it, or a root that is a map of servers. Keys that are not known are
//! passed over, and null is as if the key were not there.

use std::collections::HashMap;

use crate::base::error::{Result, quote};
use crate::client::config::entry::{ConfigText, Entry, EntryAuth, EntryTarget, OAuthEntry};
use crate::client::config::place::ConfigPlace;
use crate::client::options::server::HttpTransport;
use crate::wire::jsonc::{JsonKind, Member, Value};

/// What a file says, and what in it was passed over.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) entries: Vec<Entry>,
    pub(crate) warnings: Vec<String>,
}

impl Document {
    /// `file` is its name for messages.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self> {
        let root = ConfigPlace::file(file);
        let value = Value::parse(text).map_err(|wrong| {
            root.on(wrong.line).wrong(format!(
                "column {}: is not JSON (comments and commas at the end are allowed): {}",
                wrong.column, wrong.what
            ))
        })?;
        let mut reader = DocumentReader::default();
        let entries = reader.root(&root, &value)?;
        Ok(Self { entries, warnings: reader.warnings })
    }
}

#[derive(Default)]
struct DocumentReader {
    warnings: Vec<String>,
}

/// The members of an object of the file, each name once.
struct Object<'a> {
    place: ConfigPlace,
    members: Vec<&'a Member>,
}

impl DocumentReader {
    fn root(&mut self, root: &ConfigPlace, value: &Value) -> Result<Vec<Entry>> {
        let JsonKind::Object(members) = &value.kind else {
            return Err(root.on(value.line).wrong(format!(
                "is {}, not an object: write {{\"mcpServers\": {{...}}}}",
                value.what()
            )));
        };
        let object = self.object(root.on(value.line), members, str::to_owned);
        let (ours, editors) = (object.member("mcpServers"), object.member("servers"));
        if let (Some(_), Some(editors)) = (ours, editors) {
            let place = root.inside("servers", editors.line);
            self.warnings.push(format!("{place}: is passed over, as there is \"mcpServers\""));
        }
        if let Some(member) = ours.or(editors) {
            let place = root.inside(&member.name, member.line);
            let JsonKind::Object(servers) = &member.value.kind else {
                return Err(place.on(member.value.line).wrong(format!(
                    "is {}, not an object: write the servers by their names, as in \
                     {{\"weather\": {{\"url\": \"https://example.com/mcp\"}}}}",
                    member.value.what()
                )));
            };
            let servers = self.object(place, servers, str::to_owned);
            return servers
                .members
                .iter()
                .map(|one| self.entry(&servers.place, one, member.name == "servers"))
                .collect();
        }
        let is_map = object.members.iter().any(|one| names_a_server(&one.value));
        if !is_map {
            return Err(object.place.wrong(
                "has no \"mcpServers\", no \"servers\" and no server: write \
                 {\"mcpServers\": {\"weather\": {\"url\": \"https://example.com/mcp\"}}}",
            ));
        }
        let servers =
            object.members.iter().filter(|one| matches!(one.value.kind, JsonKind::Object(_)));
        servers.map(|one| self.entry(root, one, false)).collect()
    }

    /// The last member of each name counts, as parsers have it; `fold` makes
    /// names equal.
    fn object<'a>(
        &mut self,
        place: ConfigPlace,
        members: &'a [Member],
        fold: fn(&str) -> String,
    ) -> Object<'a> {
        let last: HashMap<String, usize> =
            members.iter().enumerate().map(|(at, one)| (fold(&one.name), at)).collect();
        let mut kept = Vec::with_capacity(last.len());
        for (at, one) in members.iter().enumerate() {
            match last.get(&fold(&one.name)).and_then(|last| members.get(*last)) {
                Some(other) if !std::ptr::eq(other, one) => self.warnings.push(format!(
                    "{}: is there twice: the one in line {} counts",
                    place.inside(&one.name, one.line),
                    other.line
                )),
                _ => kept.extend(members.get(at)),
            }
        }
        Object { place, members: kept }
    }

    fn entry(&mut self, servers: &ConfigPlace, member: &Member, is_editors: bool) -> Result<Entry> {
        let place = servers.inside(&member.name, member.line);
        if member.name.contains('\0') {
            return Err(place.wrong("the name has a NUL (\\u0000): take it out"));
        }
        let JsonKind::Object(members) = &member.value.kind else {
            return Err(place.on(member.value.line).wrong(format!(
                "is {}, not an object: write {{\"url\": ...}} or {{\"command\": ...}}",
                member.value.what()
            )));
        };
        let object = self.object(place, members, str::to_owned);
        let said = object.transport(is_editors)?;
        let target = match (object.text("command")?, object.text("url")?) {
            (Some(_), Some(_)) => {
                return Err(object.place.wrong(
                    "has both \"command\" and \"url\": keep \"command\" for a program on this \
                     machine, or \"url\" for a server behind HTTP",
                ));
            }
            (None, None) => {
                return Err(object.place.wrong(
                    "has neither \"command\" nor \"url\": write \"command\" for a program on \
                     this machine, or \"url\" for a server behind HTTP",
                ));
            }
            (Some(command), None) => match said {
                Some((place, Some(_))) => {
                    return Err(place.wrong(
                        "is for a server behind HTTP, and there is \"command\": write \"stdio\", \
                         or \"url\" in place of \"command\"",
                    ));
                }
                _ => self.program(&object, command)?,
            },
            (None, Some(url)) => match said {
                Some((place, None)) => {
                    return Err(place.wrong(
                        "is \"stdio\", and there is \"url\": write \"http\" or \"sse\", or \
                         \"command\" in place of \"url\"",
                    ));
                }
                said => {
                    let transport = said.and_then(|(_, transport)| transport);
                    self.address(&object, url, transport.unwrap_or(HttpTransport::Auto))?
                }
            },
        };
        Ok(Entry {
            name: member.name.clone(),
            disabled: object.disabled()?,
            timeout: object.timeout()?,
            place: object.place,
            target,
        })
    }

    fn program(&mut self, object: &Object<'_>, command: ConfigText) -> Result<EntryTarget> {
        if command.written().is_empty() {
            return Err(command.place.wrong("is empty: write the program's name or path"));
        }
        if let Some(auth) = object.member("auth") {
            return Err(object.place.member("auth", auth.line).wrong(
                "there is no token for a program at stdio: give it what it needs in \"env\"",
            ));
        }
        if let Some((_, text)) = self.texts(object, "headers", str::to_ascii_lowercase)?.first() {
            return Err(text.place.wrong(
                "there are no headers for a program at stdio: give it what it needs in \"env\"",
            ));
        }
        Ok(EntryTarget::Program {
            command,
            args: object.list("args")?,
            env: self.env(object)?,
            env_file: object.text("envFile")?,
            cwd: object.text("cwd")?,
        })
    }

    fn address(
        &mut self,
        object: &Object<'_>,
        url: ConfigText,
        transport: HttpTransport,
    ) -> Result<EntryTarget> {
        let headers = self.texts(object, "headers", str::to_ascii_lowercase)?;
        let auth = self.auth(object)?;
        let given = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let (Some(_), Some((_, text))) = (&auth, given) {
            return Err(text
                .place
                .wrong("is there beside \"auth\", which is the same header: keep one of them"));
        }
        Ok(EntryTarget::Address { url, headers, auth, transport })
    }

    /// A token, or how one is got.
    fn auth(&mut self, object: &Object<'_>) -> Result<Option<EntryAuth>> {
        let Some(member) = object.member("auth") else { return Ok(None) };
        let place = object.place.member("auth", member.value.line);
        let (client_id, client_secret, scopes) = match &member.value.kind {
            // Cursor's: as whom the program is known.
            JsonKind::Object(members) => {
                let inside = object.place.inside("auth", member.value.line);
                let client = self.object(inside, members, str::to_owned);
                let id = client.text("CLIENT_ID")?;
                let secret = client.text("CLIENT_SECRET")?;
                if let (None, Some(secret)) = (&id, &secret) {
                    return Err(secret
                        .place
                        .wrong("is there without \"CLIENT_ID\", which it belongs to"));
                }
                (id, secret, client.list("scopes")?)
            }
            JsonKind::Text(written) if written.expose() == "oauth" => (None, None, Vec::new()),
            _ => return Ok(Some(EntryAuth::Token(text(place, &member.value)?))),
        };
        Ok(Some(EntryAuth::OAuth(Box::new(OAuthEntry { place, client_id, client_secret, scopes }))))
    }

    /// An object of strings.
    fn texts(
        &mut self,
        object: &Object<'_>,
        name: &'static str,
        fold: fn(&str) -> String,
    ) -> Result<Vec<(String, ConfigText)>> {
        let mut out = Vec::new();
        for one in self.members(object, name, fold)? {
            let place = object.place.named(name, &one.name, one.value.line);
            out.push((one.name.clone(), text(place, &one.value)?));
        }
        Ok(out)
    }

    /// An object of strings, of numbers that count as written, and of nulls
    /// for what is not to be there.
    fn env(&mut self, object: &Object<'_>) -> Result<Vec<(String, Option<ConfigText>)>> {
        let mut out = Vec::new();
        for one in self.members(object, "env", str::to_owned)? {
            let place = object.place.named("env", &one.name, one.value.line);
            if one.name.is_empty() || one.name.contains(['=', '\0']) {
                return Err(place.wrong(
                    "no variable can have this name: it is empty, or has a \"=\" or a NUL",
                ));
            }
            let text = match &one.value.kind {
                JsonKind::Null => None,
                JsonKind::Number(written) => Some(ConfigText::new(place, written.as_str().into())?),
                _ => Some(text(place, &one.value)?),
            };
            out.push((one.name.clone(), text));
        }
        Ok(out)
    }

    fn members<'a>(
        &mut self,
        object: &Object<'a>,
        name: &'static str,
        fold: fn(&str) -> String,
    ) -> Result<Vec<&'a Member>> {
        let Some(member) = object.member(name) else { return Ok(Vec::new()) };
        match &member.value.kind {
            JsonKind::Object(members) => {
                let place = object.place.inside(name, member.line);
                Ok(self.object(place, members, fold).members)
            }
            _ => Err(object.other(name, &member.value, "an object of strings")),
        }
    }
}

impl<'a> Object<'a> {
    fn member(&self, name: &str) -> Option<&'a Member> {
        let found = self.members.iter().find(|one| one.name == name);
        found.filter(|one| !matches!(one.value.kind, JsonKind::Null)).copied()
    }

    fn other(&self, name: &'static str, value: &Value, wanted: &str) -> crate::base::error::Error {
        let place = self.place.member(name, value.line);
        place.wrong(format!("is {}: write {wanted}", value.what()))
    }

    fn text(&self, name: &'static str) -> Result<Option<ConfigText>> {
        let Some(member) = self.member(name) else { return Ok(None) };
        text(self.place.member(name, member.value.line), &member.value).map(Some)
    }

    /// An array of strings.
    fn list(&self, name: &'static str) -> Result<Vec<ConfigText>> {
        let Some(member) = self.member(name) else { return Ok(Vec::new()) };
        let JsonKind::Array(all) = &member.value.kind else {
            return Err(self.other(name, &member.value, "an array of strings"));
        };
        let each = all.iter().enumerate();
        each.map(|(at, one)| text(self.place.element(name, at, one.line), one)).collect()
    }

    /// What `transport` or `type` says, and where; with `None` for stdio.
    fn transport(&self, is_editors: bool) -> Result<Option<(ConfigPlace, Option<HttpTransport>)>> {
        let mut said = None;
        for name in ["transport", "type"] {
            let Some(member) = self.member(name) else { continue };
            let place = self.place.member(name, member.value.line);
            let JsonKind::Text(written) = &member.value.kind else {
                return Err(self.other(name, &member.value, "a string such as \"http\""));
            };
            let transport = match written.expose() {
                "stdio" => None,
                // VS Code tries both for it.
                "http" if is_editors => Some(HttpTransport::Auto),
                "http" | "streamable-http" | "streamable_http" | "streamableHttp" => {
                    Some(HttpTransport::StreamableHttp)
                }
                "sse" => Some(HttpTransport::Sse),
                other => {
                    return Err(place.wrong(format!(
                        "\"{}\" is no transport that is known: write \"http\", \
                         \"streamable-http\", \"sse\" or \"stdio\"",
                        quote(other)
                    )));
                }
            };
            if said.as_ref().is_some_and(|(_, other)| *other != transport) {
                return Err(place.wrong("is not what \"transport\" says: keep one of them"));
            }
            said = Some((place, transport));
        }
        Ok(said)
    }

    fn timeout(&self) -> Result<Option<i32>> {
        let Some(member) = self.member("timeout") else { return Ok(None) };
        let wanted = "a number of milliseconds, such as 30000";
        let JsonKind::Number(written) = &member.value.kind else {
            return Err(self.other("timeout", &member.value, wanted));
        };
        let number = written.parse::<f64>().unwrap_or_default();
        if number.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(&number) {
            return Ok(Some(number as i32));
        }
        let place = self.place.member("timeout", member.value.line);
        Err(place.wrong(format!(
            "is {}, not a whole number from 1 to {}: write {wanted}",
            quote(written),
            i32::MAX
        )))
    }

    fn disabled(&self) -> Result<Option<ConfigPlace>> {
        let Some(member) = self.member("disabled") else { return Ok(None) };
        match member.value.kind {
            JsonKind::Boolean(false) => Ok(None),
            JsonKind::Boolean(true) => Ok(Some(self.place.member("disabled", member.value.line))),
            _ => Err(self.other("disabled", &member.value, "true or false")),
        }
    }
}

fn text(place: ConfigPlace, value: &Value) -> Result<ConfigText> {
    match &value.kind {
        JsonKind::Text(written) => ConfigText::new(place, written.clone()),
        _ => Err(place.wrong(format!("is {}: write a string in quotes", value.what()))),
    }
}

fn names_a_server(value: &Value) -> bool {
    let JsonKind::Object(members) = &value.kind else { return false };
    members.iter().any(|one| one.name == "command" || one.name == "url")
}
