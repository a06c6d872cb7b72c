//! Reads the servers from the text of a configuration file.
//!
//! The servers are in `mcpServers` (Claude, Cursor, FastMCP), in `servers` (VS
//! Code), or directly in the root. Unknown keys are ignored. A null counts as a
//! missing key.

use std::collections::HashMap;

use crate::base::error::{Error, Result, quote};
use crate::base::secret::Secret;
use crate::client::config::entry::{ConfigText, Entry, EntryAuth, EntryTarget, OAuthEntry};
use crate::client::config::place::ConfigPlace;
use crate::client::options::server::HttpTransport;
use crate::wire::jsonc::{Jsonc, Member, Value, kind};

/// The servers of a file, and warnings about ignored parts.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) entries: Vec<Entry>,
    pub(crate) warnings: Vec<String>,
}

impl Document {
    /// `file` is the name of the file in messages.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self> {
        let root = ConfigPlace::file(file);
        let jsonc = Jsonc::parse(text).map_err(|wrong| {
            root.on(wrong.line).wrong(format!(
                "column {}: is not JSON (comments and commas at the end are allowed): {}",
                wrong.column, wrong.what
            ))
        })?;
        let mut reader = DocumentReader { jsonc: &jsonc, warnings: Vec::new() };
        let entries = reader.root(&root)?;
        Ok(Self { entries, warnings: reader.warnings })
    }
}

struct DocumentReader<'a> {
    jsonc: &'a Jsonc<'a>,
    warnings: Vec<String>,
}

/// The members of an object, each name once.
struct Object<'a> {
    jsonc: &'a Jsonc<'a>,
    place: ConfigPlace,
    members: Vec<&'a Member<'a>>,
}

impl<'a> DocumentReader<'a> {
    fn root(&mut self, root: &ConfigPlace) -> Result<Vec<Entry>> {
        let jsonc = self.jsonc;
        let place = root.on(jsonc.line(&jsonc.root));
        let object = self.object(place, &jsonc.root, "{\"mcpServers\": {...}}")?;
        let (mcp_servers, servers) = (object.member("mcpServers"), object.member("servers"));
        if let (Some(_), Some(servers)) = (mcp_servers, servers) {
            let place = root.inside("servers", jsonc.line(servers));
            self.warnings.push(format!("{place}: is ignored, because there is \"mcpServers\""));
        }
        if let Some(member) = mcp_servers.or(servers) {
            let name = member.name.as_str();
            let place = root.inside(name, jsonc.line(member));
            let wanted = "the servers by their names, as in \
                          {\"weather\": {\"url\": \"https://example.com/mcp\"}}";
            let servers = self.object(place, &member.value, wanted)?;
            return servers
                .members
                .iter()
                .map(|one| self.entry(&servers.place, one, name == "servers"))
                .collect();
        }
        let is_map = object.members.iter().any(|one| names_a_server(&one.value));
        if !is_map {
            return Err(object.place.wrong(
                "has no \"mcpServers\", no \"servers\" and no server: write \
                 {\"mcpServers\": {\"weather\": {\"url\": \"https://example.com/mcp\"}}}",
            ));
        }
        let servers = object.members.iter().filter(|one| matches!(one.value, Value::Object(_)));
        servers.map(|one| self.entry(root, one, false)).collect()
    }

    /// The members of a value that must be an object. `wanted` is for the
    /// message if it is none.
    fn object(
        &mut self,
        place: ConfigPlace,
        value: &'a Value<'a>,
        wanted: &str,
    ) -> Result<Object<'a>> {
        let Value::Object(all) = value else {
            let place = place.on(self.jsonc.line(value));
            return Err(place.wrong(format!("is {}, not an object: write {wanted}", kind(value))));
        };
        Ok(self.distinct(place, &all.properties, str::to_owned))
    }

    /// Keeps the last member of each name, as JSON parsers do. Names are equal
    /// if `fold` makes them equal.
    fn distinct(
        &mut self,
        place: ConfigPlace,
        members: &'a [Member<'a>],
        fold: fn(&str) -> String,
    ) -> Object<'a> {
        let last: HashMap<String, usize> =
            members.iter().enumerate().map(|(at, one)| (fold(one.name.as_str()), at)).collect();
        let mut kept = Vec::with_capacity(last.len());
        for (at, one) in members.iter().enumerate() {
            match last.get(&fold(one.name.as_str())).and_then(|last| members.get(*last)) {
                Some(other) if !std::ptr::eq(other, one) => self.warnings.push(format!(
                    "{}: is there twice: the one in line {} counts",
                    place.inside(one.name.as_str(), self.jsonc.line(one)),
                    self.jsonc.line(other)
                )),
                _ => kept.extend(members.get(at)),
            }
        }
        Object { jsonc: self.jsonc, place, members: kept }
    }

    fn entry(
        &mut self,
        servers: &ConfigPlace,
        member: &'a Member<'a>,
        is_vs_code: bool,
    ) -> Result<Entry> {
        let name = member.name.as_str();
        let place = servers.inside(name, self.jsonc.line(member));
        if name.contains('\0') {
            return Err(place.wrong("the name has a NUL (\\u0000): take it out"));
        }
        let wanted = "{\"url\": ...} or {\"command\": ...}";
        let object = self.object(place, &member.value, wanted)?;
        let stated = object.transport(is_vs_code)?;
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
            (Some(command), None) => match stated {
                Some((place, Some(_))) => {
                    return Err(place.wrong(
                        "is for a server behind HTTP, and there is \"command\": write \"stdio\", \
                         or \"url\" in place of \"command\"",
                    ));
                }
                _ => self.program(&object, command)?,
            },
            (None, Some(url)) => match stated {
                Some((place, None)) => {
                    return Err(place.wrong(
                        "is \"stdio\", and there is \"url\": write \"http\" or \"sse\", or \
                         \"command\" in place of \"url\"",
                    ));
                }
                stated => {
                    let transport = stated.and_then(|(_, transport)| transport);
                    self.address(&object, url, transport.unwrap_or(HttpTransport::Auto))?
                }
            },
        };
        Ok(Entry {
            name: name.to_owned(),
            disabled: object.disabled()?,
            timeout: object.timeout()?,
            place: object.place,
            target,
        })
    }

    fn program(&mut self, object: &Object<'a>, command: ConfigText) -> Result<EntryTarget> {
        if command.written().is_empty() {
            return Err(command.place.wrong("is empty: write the program's name or path"));
        }
        if let Some(auth) = object.member("auth") {
            return Err(object.place.member("auth", self.jsonc.line(auth)).wrong(
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
        object: &Object<'a>,
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

    /// Reads `auth`: a token, or how to get one.
    fn auth(&mut self, object: &Object<'a>) -> Result<Option<EntryAuth>> {
        let Some(member) = object.member("auth") else { return Ok(None) };
        let place = object.at("auth", &member.value);
        let (client_id, client_secret, scopes) = match &member.value {
            // The form of Cursor: the registered client.
            Value::Object(members) => {
                let inside = object.place.inside("auth", self.jsonc.line(&member.value));
                let registered = self.distinct(inside, &members.properties, str::to_owned);
                let id = registered.text("CLIENT_ID")?;
                let secret = registered.text("CLIENT_SECRET")?;
                if let (None, Some(secret)) = (&id, &secret) {
                    return Err(secret
                        .place
                        .wrong("is there without \"CLIENT_ID\", which it belongs to"));
                }
                (id, secret, registered.list("scopes")?)
            }
            Value::StringLit(written) if written.value == "oauth" => (None, None, Vec::new()),
            _ => return Ok(Some(EntryAuth::Token(text(place, &member.value)?))),
        };
        Ok(Some(EntryAuth::OAuth(Box::new(OAuthEntry { place, client_id, client_secret, scopes }))))
    }

    /// Reads an object of strings.
    fn texts(
        &mut self,
        object: &Object<'a>,
        name: &'static str,
        fold: fn(&str) -> String,
    ) -> Result<Vec<(String, ConfigText)>> {
        let mut out = Vec::new();
        for one in self.members(object, name, fold)? {
            let key = one.name.as_str();
            let place = object.place.named(name, key, self.jsonc.line(&one.value));
            out.push((key.to_owned(), text(place, &one.value)?));
        }
        Ok(out)
    }

    /// Reads an object of strings and numbers. A number is used as it is
    /// written. A null removes the variable.
    fn env(&mut self, object: &Object<'a>) -> Result<Vec<(String, Option<ConfigText>)>> {
        let mut out = Vec::new();
        for one in self.members(object, "env", str::to_owned)? {
            let key = one.name.as_str();
            let place = object.place.named("env", key, self.jsonc.line(&one.value));
            if key.is_empty() || key.contains(['=', '\0']) {
                return Err(place.wrong(
                    "no variable can have this name: it is empty, or has a \"=\" or a NUL",
                ));
            }
            let text = match &one.value {
                Value::NullKeyword(_) => None,
                Value::NumberLit(written) => Some(ConfigText::new(place, written.value.into())?),
                _ => Some(text(place, &one.value)?),
            };
            out.push((key.to_owned(), text));
        }
        Ok(out)
    }

    fn members(
        &mut self,
        object: &Object<'a>,
        name: &'static str,
        fold: fn(&str) -> String,
    ) -> Result<Vec<&'a Member<'a>>> {
        let Some(member) = object.member(name) else { return Ok(Vec::new()) };
        match &member.value {
            Value::Object(members) => {
                let place = object.place.inside(name, self.jsonc.line(member));
                Ok(self.distinct(place, &members.properties, fold).members)
            }
            _ => Err(object.other(name, &member.value, "an object of strings")),
        }
    }
}

impl<'a> Object<'a> {
    fn member(&self, name: &str) -> Option<&'a Member<'a>> {
        let found = self.members.iter().find(|one| one.name.as_str() == name);
        found.filter(|one| !matches!(one.value, Value::NullKeyword(_))).copied()
    }

    /// The place of a member's value.
    fn at(&self, name: &'static str, value: &Value<'_>) -> ConfigPlace {
        self.place.member(name, self.jsonc.line(value))
    }

    fn other(&self, name: &'static str, value: &Value<'_>, wanted: &str) -> Error {
        self.at(name, value).wrong(format!("is {}: write {wanted}", kind(value)))
    }

    fn text(&self, name: &'static str) -> Result<Option<ConfigText>> {
        let Some(member) = self.member(name) else { return Ok(None) };
        text(self.at(name, &member.value), &member.value).map(Some)
    }

    /// Reads an array of strings.
    fn list(&self, name: &'static str) -> Result<Vec<ConfigText>> {
        let Some(member) = self.member(name) else { return Ok(Vec::new()) };
        let Value::Array(all) = &member.value else {
            return Err(self.other(name, &member.value, "an array of strings"));
        };
        let each = all.elements.iter().enumerate();
        each.map(|(at, one)| text(self.place.element(name, at, self.jsonc.line(one)), one))
            .collect()
    }

    /// Reads `transport` or `type`: its place and the transport, or `None` for
    /// stdio.
    fn transport(&self, is_vs_code: bool) -> Result<Option<(ConfigPlace, Option<HttpTransport>)>> {
        let mut stated = None;
        for name in ["transport", "type"] {
            let Some(member) = self.member(name) else { continue };
            let place = self.at(name, &member.value);
            let Value::StringLit(written) = &member.value else {
                return Err(self.other(name, &member.value, "a string such as \"http\""));
            };
            let transport = match &*written.value {
                "stdio" => None,
                // VS Code tries both HTTP transports.
                "http" if is_vs_code => Some(HttpTransport::Auto),
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
            if stated.as_ref().is_some_and(|(_, other)| *other != transport) {
                return Err(place.wrong("contradicts \"transport\": keep one of them"));
            }
            stated = Some((place, transport));
        }
        Ok(stated)
    }

    fn timeout(&self) -> Result<Option<i32>> {
        let Some(member) = self.member("timeout") else { return Ok(None) };
        let wanted = "a number of milliseconds, such as 30000";
        let Value::NumberLit(written) = &member.value else {
            return Err(self.other("timeout", &member.value, wanted));
        };
        let number = written.value.parse::<f64>().unwrap_or_default();
        if number.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(&number) {
            return Ok(Some(number as i32));
        }
        Err(self.at("timeout", &member.value).wrong(format!(
            "is {}, not a whole number from 1 to {}: write {wanted}",
            quote(written.value),
            i32::MAX
        )))
    }

    fn disabled(&self) -> Result<Option<ConfigPlace>> {
        let Some(member) = self.member("disabled") else { return Ok(None) };
        match &member.value {
            Value::BooleanLit(one) => Ok(one.value.then(|| self.at("disabled", &member.value))),
            _ => Err(self.other("disabled", &member.value, "true or false")),
        }
    }
}

fn text(place: ConfigPlace, value: &Value<'_>) -> Result<ConfigText> {
    match value {
        Value::StringLit(written) => ConfigText::new(place, Secret::from(&*written.value)),
        _ => Err(place.wrong(format!("is {}: write a string in quotes", kind(value)))),
    }
}

fn names_a_server(value: &Value<'_>) -> bool {
    let Value::Object(members) = value else { return false };
    members.properties.iter().any(|one| matches!(one.name.as_str(), "command" | "url"))
}
