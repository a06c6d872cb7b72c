//! A JSON value as a tree that can be built and read a place at a time.
//!
//! Numbers stay as they are written, members in their order, and a place in
//! the tree where it is until the tree is changed.

use std::sync::OnceLock;

use serde_json::value::RawValue;

use crate::wire::jsonrpc::push_string;
use crate::wire::object::Members;
use crate::wire::text::unescape;

#[derive(Clone, Debug, Default)]
pub(crate) enum Tree {
    #[default]
    Null,
    Boolean(bool),
    Number(String),
    /// UTF-8 with a NUL behind it.
    Text(Vec<u8>),
    Array(Vec<Written>),
    /// The names with a NUL behind them.
    Object(Vec<(Vec<u8>, Written)>),
}

/// A value, and its text once somebody has asked for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    tree: Tree,
    /// JSON with a NUL behind it; of a value that was not changed since.
    text: OnceLock<Vec<u8>>,
}

impl From<Tree> for Written {
    fn from(tree: Tree) -> Self {
        Self { tree, text: OnceLock::new() }
    }
}

/// The most arrays and objects inside each other.
const DEPTH: usize = 128;
/// The largest place of an array that may be named.
const LONGEST: usize = 1_000_000;

/// Why there is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// What was given is no JSON Pointer.
    Malformed,
    /// A step leads into what has no members, or past the end of an array.
    Missing,
    TooDeep,
}

impl Tree {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Self::of(raw.get(), DEPTH)
            .ok_or_else(|| format!("it has more than {DEPTH} objects and arrays inside each other"))
    }

    /// The value of a text that is known to be JSON.
    fn of(text: &str, depth: usize) -> Option<Self> {
        Some(match text.bytes().next()? {
            b'{' => {
                let depth = depth.checked_sub(1)?;
                let mut out: Vec<(Vec<u8>, Written)> = Vec::new();
                for (name, value) in Members::parse(text).ok()?.0 {
                    let name = with_nul(&name);
                    let value = Written::from(Self::of(value.get(), depth)?);
                    // The last one of a name counts.
                    match out.iter_mut().find(|(known, _)| *known == name) {
                        Some(known) => known.1 = value,
                        None => out.push((name, value)),
                    }
                }
                Self::Object(out)
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                let all: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let each = all.into_iter().map(|one| Self::of(one.get(), depth).map(Written::from));
                Self::Array(each.collect::<Option<_>>()?)
            }
            b'"' => Self::Text(unescape(text)),
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(with_nul(text))
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => push_string(out, without_nul(text)),
            Self::Array(all) => {
                out.push('[');
                for (at, one) in all.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    one.tree.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    push_string(out, without_nul(name));
                    out.push(':');
                    value.tree.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl Written {
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The value as JSON text, with a NUL behind it.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.get_or_init(|| {
            let mut out = String::new();
            self.tree.write(&mut out);
            out.push('\0');
            out.into_bytes()
        })
    }

    /// The value at a JSON Pointer (RFC 6901).
    pub(crate) fn at(&self, pointer: &str) -> Option<&Self> {
        let mut place = self;
        for step in steps(pointer).ok()? {
            place = match &place.tree {
                Tree::Object(members) => {
                    let name = with_nul(&step);
                    &members.iter().find(|(known, _)| *known == name)?.1
                }
                Tree::Array(all) => all.get(index(&step)?)?,
                _ => return None,
            };
        }
        Some(place)
    }

    /// Puts a value at a JSON Pointer. What is missing on the way is made:
    /// objects, and arrays where the step is "-".
    pub(crate) fn put(&mut self, pointer: &str, value: Tree) -> Result<(), NoPlace> {
        let steps = steps(pointer)?;
        if steps.len() > DEPTH {
            return Err(NoPlace::TooDeep);
        }
        // Looked at first, so that a failure changes nothing.
        self.check(&steps)?;
        let mut place = self;
        for step in steps {
            // Its text is another now.
            place.text = OnceLock::new();
            if matches!(place.tree, Tree::Null) {
                let empty =
                    if step == "-" { Tree::Array(Vec::new()) } else { Tree::Object(Vec::new()) };
                place.tree = empty;
            }
            place = match &mut place.tree {
                Tree::Array(all) => {
                    let at = if step == "-" { all.len() } else { index(&step).unwrap_or(0) };
                    if at == all.len() {
                        all.push(Written::default());
                    }
                    all.get_mut(at).ok_or(NoPlace::Missing)?
                }
                Tree::Object(members) => {
                    let name = with_nul(&step);
                    let at = match members.iter().position(|(known, _)| *known == name) {
                        Some(at) => at,
                        None => {
                            members.push((name, Written::default()));
                            members.len() - 1
                        }
                    };
                    &mut members.get_mut(at).ok_or(NoPlace::Missing)?.1
                }
                _ => return Err(NoPlace::Missing),
            };
        }
        *place = value.into();
        Ok(())
    }

    fn check(&self, steps: &[String]) -> Result<(), NoPlace> {
        let mut place = self;
        for step in steps {
            place = match &place.tree {
                Tree::Object(members) => {
                    let name = with_nul(step);
                    match members.iter().find(|(known, _)| *known == name) {
                        Some((_, value)) => value,
                        None => return Ok(()),
                    }
                }
                Tree::Array(all) => {
                    let at = if step == "-" { Some(all.len()) } else { index(step) };
                    match at.ok_or(NoPlace::Missing)? {
                        at if at == all.len() && at < LONGEST => return Ok(()),
                        at => all.get(at).ok_or(NoPlace::Missing)?,
                    }
                }
                Tree::Null => return Ok(()),
                _ => return Err(NoPlace::Missing),
            };
        }
        Ok(())
    }
}

fn with_nul(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1);
    out.extend_from_slice(text.as_bytes());
    out.push(0);
    out
}

pub(crate) fn without_nul(text: &[u8]) -> &str {
    let text = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    std::str::from_utf8(text).unwrap_or_default()
}

/// The steps of a JSON Pointer, with `~1` and `~0` read.
fn steps(pointer: &str) -> Result<Vec<String>, NoPlace> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or(NoPlace::Malformed)?;
    rest.split('/')
        .map(|step| {
            let mut tildes = step.split('~').skip(1);
            if tildes.any(|after| !after.starts_with(['0', '1'])) {
                return Err(NoPlace::Malformed);
            }
            Ok(step.replace("~1", "/").replace("~0", "~"))
        })
        .collect()
}

/// A place in an array: digits without a zero in front.
fn index(step: &str) -> Option<usize> {
    let is_plain =
        step == "0" || !step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit());
    if is_plain { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Written {
        Tree::parse(text).unwrap().into()
    }

    fn written(tree: &Written) -> &str {
        without_nul(tree.text())
    }

    #[test]
    fn writes_what_it_read_without_blanks() {
        let text = r#" {"b": [1.50, 1e2, -0], "a\n\u0000": "é\"", "c": {}, "d": [null, true]} "#;
        assert_eq!(
            written(&tree(text)),
            r#"{"b":[1.50,1e2,-0],"a\n\u0000":"é\"","c":{},"d":[null,true]}"#
        );
        assert_eq!(written(&tree(r#"{"a":1,"b":2,"a":3}"#)), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn finds_places_as_rfc_6901_names_them() {
        let tree = tree(r#"{"a":[10,{"b":"x"}],"m~n":1,"o/p":2,"":3}"#);
        for (pointer, value) in
            [("/a/0", "10"), ("/a/1/b", "\"x\""), ("/m~0n", "1"), ("/o~1p", "2"), ("/", "3")]
        {
            assert_eq!(written(tree.at(pointer).unwrap()), value, "{pointer}");
        }
        assert!(matches!(tree.at("").unwrap().tree(), Tree::Object(_)));
        for pointer in ["a", "/x", "/a/2", "/a/-", "/a/01", "/a/+1", "/a/0/b", "/m~n", "/m~2n"] {
            assert!(tree.at(pointer).is_none(), "{pointer}");
        }
    }

    #[test]
    fn makes_what_is_missing_on_the_way_and_changes_nothing_when_it_fails() {
        let mut made = Written::from(Tree::Object(Vec::new()));
        made.put("/a/b", Tree::text("x")).unwrap();
        made.put("/list/-", Tree::Number("1".into())).unwrap();
        made.put("/list/-/c", Tree::Null).unwrap();
        made.put("/list/0", Tree::Boolean(true)).unwrap();
        assert_eq!(written(&made), r#"{"a":{"b":"x"},"list":[true,{"c":null}]}"#);
        let before = written(&made).to_owned();
        for pointer in ["/a/b/c", "/list/7", "/list/x/y", "no", "/~"] {
            assert!(made.put(pointer, Tree::Null).is_err(), "{pointer}");
        }
        assert_eq!(written(&made), before);
        made.put("", Tree::Null).unwrap();
        assert_eq!(written(&made), "null");
    }

    #[test]
    fn says_where_a_text_is_wrong_and_bounds_the_depth() {
        assert!(Tree::parse("{\n\"a\": }").unwrap_err().contains("line 2 column 6"));
        assert!(Tree::parse("").is_err() && Tree::parse("{} {}").is_err());
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tree::parse(&nested(DEPTH)).is_ok());
        assert!(Tree::parse(&nested(DEPTH + 1)).unwrap_err().contains("128"));
        let mut deep = Written::default();
        assert_eq!(deep.put(&"/a".repeat(DEPTH + 1), Tree::Null), Err(NoPlace::TooDeep));
    }
}
