//! Reads the servers from the text of a configuration file.
//!
//! Applications share such files, and write them in dialects of their own. The
//! unit is the entry: one that cannot be used keeps its error to itself.
//! `dialect.rs` has the names of the members. Unknown keys are ignored. A null
//! counts as a missing key, and so does an empty text where a program, an address
//! or a path is due.

use std::collections::{HashMap, HashSet};

use crate::base::error::{Error, Result, quote};
use crate::base::secret::Secret;
use crate::client::config::dialect::{
    self, ALLOWED, ConfigDialect, DISABLED_LISTS, OFF_IF_FALSE, OFF_IF_TRUE, ROOTS, SECONDS, URLS,
};
use crate::client::config::entry::{ConfigText, Entry, EntryAuth, EntryTarget, OAuthEntry};
use crate::client::config::foreign;
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
        let jsonc = Jsonc::parse(text).map_err(|wrong| match foreign::format(file, text) {
            Some((line, what)) => root.on(line).wrong(what),
            None => root.on(wrong.line).wrong(format!(
                "column {}: is not JSON (comments and commas at the end are allowed): {}",
                wrong.column, wrong.what
            )),
        })?;
        let mut reader = DocumentReader { jsonc: &jsonc, warnings: Vec::new(), repeated: 0 };
        let entries = reader.root(&root)?;
        reader.warn_of_repeated(&root);
        reader.warn_of_mistakes(&root, &entries);
        Ok(Self { entries, warnings: reader.warnings })
    }
}

struct DocumentReader<'a> {
    jsonc: &'a Jsonc<'a>,
    warnings: Vec<String>,
    /// The number of members that are there twice.
    repeated: usize,
}

/// The object of servers in a file.
struct Servers<'a> {
    place: ConfigPlace,
    value: &'a Value<'a>,
    dialect: ConfigDialect,
}

/// The names of servers that the file switches off outside their entries, with
/// the place that does so.
#[derive(Default)]
struct SwitchedOff {
    listed: HashMap<String, ConfigPlace>,
    /// All servers but these are off.
    allowed: Option<(HashSet<String>, ConfigPlace)>,
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
        let off = self.switched_off(&object);
        let mut found = servers_of(&object).into_iter();
        if let Some(used) = found.next() {
            for ignored in found {
                let name = quote(&used.place.key());
                self.warnings
                    .push(format!("{}: is ignored, because there is \"{name}\"", ignored.place));
            }
            let wanted = "the servers by their names, as in \
                          {\"weather\": {\"url\": \"https://example.com/mcp\"}}";
            let servers = self.object(used.place, used.value, wanted)?;
            let all = servers.members.iter();
            return Ok(all
                .map(|one| self.entry(&servers.place, one, used.dialect, &off))
                .collect());
        }
        let is_map = object.members.iter().any(|one| dialect::names_a_server(&one.value));
        if !is_map {
            return Err(object.place.wrong(
                "has no \"mcpServers\", no \"servers\" and no server: write \
                 {\"mcpServers\": {\"weather\": {\"url\": \"https://example.com/mcp\"}}}",
            ));
        }
        let servers = object.members.iter().filter(|one| matches!(one.value, Value::Object(_)));
        Ok(servers.map(|one| self.entry(root, one, ConfigDialect::Common, &off)).collect())
    }

    /// Reads the lists of names that switch servers off.
    fn switched_off(&mut self, root: &Object<'a>) -> SwitchedOff {
        let mut off = SwitchedOff::default();
        let gemini = root.member("mcp").and_then(|mcp| match &mcp.value {
            Value::Object(inner) => {
                let place = root.place.inside("mcp", self.jsonc.line(mcp));
                let members = inner.properties.iter().collect();
                Some(Object { jsonc: self.jsonc, place, members })
            }
            _ => None,
        });
        for (object, name) in DISABLED_LISTS
            .iter()
            .map(|name| (Some(root), *name))
            .chain([(gemini.as_ref(), "excluded")])
        {
            for (name, place) in self.names(object, name).into_iter().flatten() {
                off.listed.entry(name).or_insert(place);
            }
        }
        for (object, name) in
            ALLOWED.iter().map(|name| (Some(root), *name)).chain([(gemini.as_ref(), "allowed")])
        {
            let Some(names) = self.names(object, name) else { continue };
            let Some((object, member)) = object.and_then(|it| Some((it, it.member(name)?))) else {
                continue;
            };
            let names = names.into_iter().map(|(name, _)| name).collect();
            off.allowed = Some((names, object.at(name, &member.value)));
        }
        off
    }

    /// The names in a list, each with its place. A text is one name, and an
    /// object has names as its keys.
    fn names(
        &mut self,
        object: Option<&Object<'a>>,
        name: &'static str,
    ) -> Option<Vec<(String, ConfigPlace)>> {
        let object = object?;
        let value = &object.member(name)?.value;
        let line = |value: &Value<'_>| self.jsonc.line(value);
        match value {
            Value::Array(all) => {
                let each = all.elements.iter().enumerate();
                let names = each.filter_map(|(at, one)| match one {
                    Value::StringLit(text) => {
                        let place = object.place.element(name, at, line(one));
                        Some((text.value.clone().into_owned(), place))
                    }
                    _ => None,
                });
                Some(names.collect())
            }
            Value::StringLit(text) => {
                Some(vec![(text.value.clone().into_owned(), object.at(name, value))])
            }
            Value::Object(members) => {
                let names = members.properties.iter().map(|one| {
                    let key = one.name.as_str();
                    (key.to_owned(), object.place.named(name, key, line(&one.value)))
                });
                Some(names.collect())
            }
            _ => {
                let wrong = object.other(name, value, "an array of the names of servers");
                self.warnings.push(wrong.message().to_owned());
                None
            }
        }
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
                Some(other) if !std::ptr::eq(other, one) => {
                    self.repeated += 1;
                    if self.repeated <= MISTAKES {
                        self.warnings.push(format!(
                            "{}: is there twice: the one in line {} counts",
                            place.inside(one.name.as_str(), self.jsonc.line(one)),
                            self.jsonc.line(other)
                        ));
                    }
                }
                _ => kept.extend(members.get(at)),
            }
        }
        Object { jsonc: self.jsonc, place, members: kept }
    }

    fn entry(
        &mut self,
        servers: &ConfigPlace,
        member: &'a Member<'a>,
        dialect: ConfigDialect,
        off: &SwitchedOff,
    ) -> Entry {
        let name = member.name.as_str();
        let place = servers.inside(name, self.jsonc.line(member));
        let mut entry = Entry {
            name: name.to_owned(),
            place: place.clone(),
            off: off.place(name),
            timeout: None,
            target: Err(place.wrong("the name has a NUL (\\u0000): take it out")),
        };
        if !name.contains('\0') {
            let wanted = "{\"url\": ...} or {\"command\": ...}";
            entry.target = self
                .object(place, &member.value, wanted)
                .and_then(|object| self.members_of_entry(&object, dialect, &mut entry));
        }
        entry
    }

    /// Warns of the members beyond the limit that are there twice.
    fn warn_of_repeated(&mut self, file: &ConfigPlace) {
        let others = self.repeated.saturating_sub(MISTAKES);
        if others > 0 {
            self.warnings.push(format!("{file}: {others} other members are there twice"));
        }
    }

    /// Warns of the entries that have mistakes.
    fn warn_of_mistakes(&mut self, file: &ConfigPlace, entries: &[Entry]) {
        let wrong = || entries.iter().filter_map(|entry| entry.target.as_ref().err());
        self.warnings.extend(wrong().take(MISTAKES).map(|error| error.message().to_owned()));
        let others = wrong().count().saturating_sub(MISTAKES);
        if others > 0 {
            self.warnings.push(format!("{file}: {others} other servers have mistakes as well"));
        }
    }

    fn members_of_entry(
        &mut self,
        object: &Object<'a>,
        dialect: ConfigDialect,
        entry: &mut Entry,
    ) -> Result<EntryTarget> {
        let is_off = object.is_off();
        entry.off = is_off.as_ref().ok().and_then(Clone::clone).or(entry.off.take());
        is_off?;
        entry.timeout = self.timeout(object)?;
        self.target(object, dialect)
    }

    fn target(&mut self, object: &Object<'a>, dialect: ConfigDialect) -> Result<EntryTarget> {
        let stated = object.transport(dialect)?;
        let url = self.url(object)?;
        let is_http = stated.as_ref().map(|(_, transport)| transport.is_some());
        match (object.command(dialect), url) {
            (Some(_), Some(_)) if is_http.is_none() => Err(object.place.wrong(
                "has both \"command\" and \"url\": keep \"command\" for a program on this \
                 machine, or \"url\" for a server behind HTTP",
            )),
            (None, None) => Err(object.place.wrong(object.lacks_target())),
            (Some(command), url) if url.is_none() || is_http == Some(false) => match stated {
                Some((place, Some(_))) => Err(place.wrong(
                    "is for a server behind HTTP, and there is \"command\": write \"stdio\", \
                     or \"url\" in place of \"command\"",
                )),
                _ => self.program(object, command, dialect),
            },
            (_, Some(url)) => match stated {
                Some((place, None)) => Err(place.wrong(
                    "is \"stdio\", and there is \"url\": write \"http\" or \"sse\", or \
                     \"command\" in place of \"url\"",
                )),
                stated => {
                    let transport = stated.and_then(|(_, transport)| transport);
                    self.address(object, url, transport.unwrap_or(HttpTransport::Auto))
                }
            },
            (Some(command), None) => self.program(object, command, dialect),
        }
    }

    /// Reads the address. Of several members for it, the first of [`URLS`]
    /// counts.
    fn url(&mut self, object: &Object<'a>) -> Result<Option<ConfigText>> {
        let mut found: Option<ConfigText> = None;
        for name in URLS {
            let Some(text) = object.nonempty_text(name)? else { continue };
            match &found {
                Some(used) if used.written() != text.written() => self.warnings.push(format!(
                    "{}: is ignored, because there is {}",
                    text.place,
                    used.place.key()
                )),
                Some(_) => {}
                None => found = Some(text),
            }
        }
        Ok(found)
    }

    /// Reads `timeout`, in milliseconds. Some applications write seconds.
    fn timeout(&mut self, object: &Object<'a>) -> Result<Option<i64>> {
        let Some(member) = object.member("timeout") else { return Ok(None) };
        let wanted = "a number of milliseconds, such as 30000";
        let place = object.at("timeout", &member.value);
        let Value::NumberLit(written) = &member.value else {
            return Err(object.other("timeout", &member.value, wanted));
        };
        let number = written.value.parse::<f64>().unwrap_or_default();
        let has_seconds = SECONDS.iter().any(|name| object.has(name));
        let is_in_seconds = number < SHORTEST_MILLISECONDS && has_seconds;
        let milliseconds = if is_in_seconds { number * 1000.0 } else { number };
        if milliseconds.fract() != 0.0 || !(1.0..=f64::from(i32::MAX)).contains(&milliseconds) {
            return Err(place.wrong(format!(
                "is {}, not a whole number from 1 to {}: write {wanted}",
                quote(written.value),
                i32::MAX
            )));
        }
        let is_short = milliseconds < SHORTEST_MILLISECONDS && !is_in_seconds;
        let milliseconds = milliseconds as i64;
        if is_short {
            self.warnings.push(format!(
                "{place}: is {milliseconds} milliseconds, in which most calls fail: write {} if \
                 {milliseconds} seconds are meant",
                milliseconds * 1000
            ));
        }
        Ok(Some(milliseconds))
    }

    fn program(
        &mut self,
        object: &Object<'a>,
        command: &'a Member<'a>,
        dialect: ConfigDialect,
    ) -> Result<EntryTarget> {
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
        let (command, args, env) = match &command.value {
            // The form of Zed.
            Value::Object(members) => {
                let inside = object.place.inside("command", self.jsonc.line(command));
                let inner = self.distinct(inside, &members.properties, str::to_owned);
                let Some(path) = inner.nonempty_text("path")? else {
                    return Err(inner.place.wrong(
                        "is an object without \"path\": write the program's name or path there",
                    ));
                };
                (path, inner.list("args")?, self.env(&inner, "env")?)
            }
            // The form of opencode.
            Value::Array(_) if dialect == ConfigDialect::Opencode => {
                let mut all = object.list("command")?;
                if all.is_empty() {
                    let place = object.at("command", &command.value);
                    return Err(place.wrong("is empty: write the program's name or path"));
                }
                (all.remove(0), all, Vec::new())
            }
            value => (text(object.at("command", value), value)?, object.list("args")?, Vec::new()),
        };
        let mut env = env;
        let names: &[&'static str] =
            if dialect == ConfigDialect::Opencode { &["environment", "env"] } else { &["env"] };
        for name in names {
            env.extend(self.env(object, name)?);
        }
        Ok(EntryTarget::Program {
            command,
            args,
            env,
            env_file: object.nonempty_text("envFile")?,
            cwd: object.nonempty_text("cwd")?,
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
    fn env(
        &mut self,
        object: &Object<'a>,
        name: &'static str,
    ) -> Result<Vec<(String, Option<ConfigText>)>> {
        let mut out = Vec::new();
        for one in self.members(object, name, str::to_owned)? {
            let key = one.name.as_str();
            let place = object.place.named(name, key, self.jsonc.line(&one.value));
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

    /// Reads a string. An empty one counts as absent.
    fn nonempty_text(&self, name: &'static str) -> Result<Option<ConfigText>> {
        Ok(self.text(name)?.filter(|text| !text.written().is_empty()))
    }

    fn has(&self, name: &str) -> bool {
        self.members.iter().any(|one| one.name.as_str() == name)
    }

    /// The member for the program, unless it is empty.
    fn command(&self, dialect: ConfigDialect) -> Option<&'a Member<'a>> {
        self.member("command").filter(|member| match &member.value {
            Value::StringLit(text) => !text.value.is_empty(),
            Value::Array(all) => dialect != ConfigDialect::Opencode || !all.elements.is_empty(),
            _ => true,
        })
    }

    /// What to say of an entry that has neither a program nor an address.
    fn lacks_target(&self) -> String {
        let names = || self.members.iter().map(|one| one.name.as_str());
        let is_of_extension = self.member("source").is_some_and(
            |source| matches!(&source.value, Value::StringLit(text) if text.value == "extension"),
        );
        let mut meant: Vec<&str> = names().filter(|name| dialect::is_meant(name)).collect();
        if meant.is_empty() {
            meant = names().filter(|name| !matches!(*name, "command" | "url")).collect();
        }
        let shown: Vec<String> =
            meant.iter().take(SHOWN).map(|name| format!("\"{}\"", quote(name))).collect();
        let more = if meant.len() > SHOWN { " and others" } else { "" };
        let but = if shown.is_empty() {
            String::new()
        } else {
            format!(", but {}{more}", shown.join(", "))
        };
        let who = if is_of_extension {
            "; its program is in an extension of an editor (\"source\": \"extension\")"
        } else {
            ""
        };
        format!(
            "has neither \"command\" nor \"url\"{but}{who}: write \"command\" for a program on \
             this machine, or \"url\" for a server behind HTTP"
        )
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
    fn transport(
        &self,
        dialect: ConfigDialect,
    ) -> Result<Option<(ConfigPlace, Option<HttpTransport>)>> {
        let mut stated = None;
        for name in ["transport", "type", "transportType"] {
            let Some(member) = self.member(name) else { continue };
            let place = self.at(name, &member.value);
            let Value::StringLit(written) = &member.value else {
                return Err(self.other(name, &member.value, "a string such as \"http\""));
            };
            if written.value.is_empty() {
                continue;
            }
            let Some(transport) = dialect::transport(&written.value, dialect) else {
                return Err(place.wrong(format!(
                    "\"{}\" is no transport that is known: write \"http\", \
                     \"streamable-http\", \"sse\" or \"stdio\"",
                    quote(&written.value)
                )));
            };
            if stated.as_ref().is_some_and(|(_, other)| *other != transport) {
                return Err(place.wrong("contradicts \"transport\": keep one of them"));
            }
            stated = Some((place, transport));
        }
        Ok(stated)
    }

    /// The place of the member that switches the server off.
    fn is_off(&self) -> Result<Option<ConfigPlace>> {
        let mut off = self.is_switched_off()?;
        // The form of mcp-proxy.
        if let Some(Value::Object(options)) = self.member("options").map(|member| &member.value) {
            let place = self.place.inside("options", self.place.line());
            let members = options.properties.iter().collect();
            let options = Object { jsonc: self.jsonc, place, members };
            off = off.or(options.is_switched_off()?);
        }
        Ok(off)
    }

    fn is_switched_off(&self) -> Result<Option<ConfigPlace>> {
        let mut off = None;
        let flags = OFF_IF_TRUE.iter().map(|name| (*name, true));
        for (name, value_of_off) in flags.chain(OFF_IF_FALSE.iter().map(|name| (*name, false))) {
            let Some(member) = self.member(name) else { continue };
            match &member.value {
                Value::BooleanLit(one) if one.value == value_of_off => {
                    off.get_or_insert_with(|| self.at(name, &member.value));
                }
                Value::BooleanLit(_) => {}
                _ => return Err(self.other(name, &member.value, "true or false")),
            }
        }
        // The form of Witsy.
        if let Some(member) = self.member("state")
            && matches!(&member.value, Value::StringLit(text) if text.value == "disabled")
        {
            off.get_or_insert_with(|| self.at("state", &member.value));
        }
        Ok(off)
    }
}

impl SwitchedOff {
    /// The place that switches this server off.
    fn place(&self, name: &str) -> Option<ConfigPlace> {
        let listed = self.listed.get(name);
        let left_out = || {
            let (allowed, place) = self.allowed.as_ref()?;
            (!allowed.contains(name)).then_some(place)
        };
        listed.or_else(left_out).cloned()
    }
}

/// The objects of servers in a file. The first one is used.
fn servers_of<'a>(root: &Object<'a>) -> Vec<Servers<'a>> {
    let jsonc = root.jsonc;
    let mut found = Vec::new();
    for (name, dialect) in ROOTS {
        let Some(member) = root.member(name) else { continue };
        let place = root.place.inside(name, jsonc.line(member));
        if *name != "mcp" {
            found.push(Servers { place, value: &member.value, dialect: *dialect });
            continue;
        }
        // Settings of VS Code have the servers inside, those of opencode are the
        // servers, and those of other applications have only options there.
        let Value::Object(inner) = &member.value else { continue };
        let servers = inner.properties.iter().find(|one| one.name.as_str() == "servers");
        if let Some(servers) = servers.filter(|one| matches!(one.value, Value::Object(_))) {
            let place = place.inside("servers", jsonc.line(servers));
            found.push(Servers { place, value: &servers.value, dialect: ConfigDialect::VsCode });
        } else if inner.properties.iter().any(|one| dialect::names_a_server(&one.value)) {
            found.push(Servers { place, value: &member.value, dialect: *dialect });
        }
    }
    found
}

/// The most entries with mistakes that have a warning each.
const MISTAKES: usize = 100;

/// The most names of members in a message.
const SHOWN: usize = 5;

/// A shorter timeout was hardly meant in milliseconds.
const SHORTEST_MILLISECONDS: f64 = 1000.0;

fn text(place: ConfigPlace, value: &Value<'_>) -> Result<ConfigText> {
    match value {
        Value::StringLit(written) => ConfigText::new(place, Secret::from(&*written.value)),
        _ => Err(place.wrong(format!("is {}: write a string in quotes", kind(value)))),
    }
}
