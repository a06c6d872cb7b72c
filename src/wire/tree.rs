//! A JSON value as a tree, built and read by JSON Pointer.
//!
//! Numbers keep the text with which they were written, and members their order.
//! The address of a value does not change until the tree is changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use serde::de::IgnoredAny;

use crate::wire::json_number;
use crate::wire::json_string::push_string;
use crate::wire::json_text::{NESTING, TextFault};
use crate::wire::short_text::ShortText;
use crate::wire::tape::{Place, Tape};

#[derive(Clone, Debug, Default)]
pub(crate) enum Tree {
    #[default]
    Null,
    Boolean(bool),
    /// As it is written.
    Number(ShortText),
    Text(ShortText),
    Array(Vec<Written>),
    Object(Vec<(ShortText, Written)>),
}

/// A value, and its JSON text after the first use of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    tree: Tree,
    /// JSON that ends with a NUL; cleared when the value changes.
    text: OnceLock<Vec<u8>>,
}

impl From<Tree> for Written {
    fn from(tree: Tree) -> Self {
        Self { tree, text: OnceLock::new() }
    }
}

/// The limit for the length of an array that a pointer extends.
const LONGEST: usize = 1_000_000;

/// Why a pointer leads to no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// It is not a JSON Pointer.
    Malformed,
    /// A step leads into a value without members, or past the end of an array.
    Missing,
    TooDeep,
}

impl Tree {
    /// Parses JSON text, with the nesting limit of messages from a server.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match Tape::read(text, NESTING) {
            Ok(tape) => Ok(Self::of(text, &tape, 0)),
            // serde_json describes the error with line and column.
            Err(TextFault::Malformed(what, at)) => Err(serde_json::from_str::<IgnoredAny>(text)
                .err()
                .map_or_else(|| format!("{what} at byte {at}"), |error| error.to_string())),
            Err(TextFault::TooDeep) => {
                Err(format!("it has more than {NESTING} nested objects and arrays"))
            }
            Err(TextFault::TooLong) => Err("it has more than 4 GiB".to_owned()),
        }
    }

    /// The value at a place of a text.
    fn of(text: &str, tape: &Tape, place: Place) -> Self {
        let raw = tape.text(text, place);
        match raw.as_bytes().first() {
            Some(b'{') => Self::object(text, tape, place),
            Some(b'[') => {
                let places = tape.elements(text, place);
                let mut all = Vec::with_capacity(tape.elements(text, place).count());
                all.extend(places.map(|one| Self::of(text, tape, one).into()));
                Self::Array(all)
            }
            Some(b'"') => Self::Text(ShortText::of_string(raw)),
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::number(raw),
        }
    }

    fn object(text: &str, tape: &Tape, place: Place) -> Self {
        let mut members = ObjectMembers::default();
        // Many members may have one name.
        members.all.reserve_exact(tape.members(text, place).take(FEW).count());
        for (name, value) in tape.members(text, place) {
            members.put(tape.text(text, name), Self::of(text, tape, value).into());
        }
        Self::Object(members.all)
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(ShortText::new(text))
    }

    /// `text` is a number as JSON.
    pub(crate) fn number(text: &str) -> Self {
        Self::Number(ShortText::new(text))
    }

    /// The value of a number without a fraction.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(text) => json_number::integer(text),
            _ => None,
        }
    }

    /// How deep its objects and arrays are nested.
    fn depth(&self) -> usize {
        let below = |deepest: usize, one: &Written| deepest.max(one.tree.depth());
        match self {
            Self::Array(all) => 1 + all.iter().fold(0, below),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value).fold(0, below),
            _ => 0,
        }
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => push_string(out, text),
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
                    push_string(out, name);
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

    /// The value as JSON text that ends with a NUL.
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
                Tree::Object(members) => &members.iter().find(|(known, _)| is(known, &step))?.1,
                Tree::Array(all) => all.get(index(&step)?)?,
                _ => return None,
            };
        }
        Some(place)
    }

    /// Sets the value at a JSON Pointer. Missing values on the way are created:
    /// an array if the step is "-", otherwise an object.
    pub(crate) fn put(&mut self, pointer: &str, value: Tree) -> Result<(), NoPlace> {
        let steps = steps(pointer)?;
        if steps.len() + value.depth() > NESTING {
            return Err(NoPlace::TooDeep);
        }
        // Checked first, so that a failure changes nothing.
        self.check(&steps)?;
        let mut place = self;
        for step in steps {
            // The text of every value around the place changes too.
            place.text = OnceLock::new();
            if matches!(place.tree, Tree::Null) {
                let empty =
                    if *step == *"-" { Tree::Array(Vec::new()) } else { Tree::Object(Vec::new()) };
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
                    let at = match members.iter().position(|(known, _)| is(known, &step)) {
                        Some(at) => at,
                        None => {
                            members.push((ShortText::new(&step), Written::default()));
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

    fn check(&self, steps: &[Cow<'_, str>]) -> Result<(), NoPlace> {
        let mut place = self;
        for step in steps {
            place = match &place.tree {
                Tree::Object(members) => match members.iter().find(|(known, _)| is(known, step)) {
                    Some((_, value)) => value,
                    None => return Ok(()),
                },
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

/// The members of an object that is being read.
#[derive(Default)]
struct ObjectMembers<'a> {
    all: Vec<(ShortText, Written)>,
    /// The places of the members, once there are many.
    known: HashMap<Cow<'a, [u8]>, usize>,
}

/// An object with at most so many members is searched from one end to the other.
const FEW: usize = 16;

impl<'a> ObjectMembers<'a> {
    /// Adds a member. Of several members with one name the last one counts.
    fn put(&mut self, raw: &'a str, value: Written) {
        let name = ShortText::of_string(raw);
        let place = if self.all.len() < FEW {
            self.all.iter().position(|(known, _)| *known == name)
        } else {
            self.place(bare(raw, &name))
        };
        match place.and_then(|place| self.all.get_mut(place)) {
            Some(member) => member.1 = value,
            None => self.all.push((name, value)),
        }
    }

    /// The place of a name, or `None` if the next member has this name.
    fn place(&mut self, name: Cow<'a, [u8]>) -> Option<usize> {
        if self.known.is_empty() {
            let names = self.all.iter().enumerate();
            let bare = |name: &ShortText| Cow::Owned(name.bytes().to_vec());
            self.known = names.map(|(place, (name, _))| (bare(name), place)).collect();
        }
        let next = self.all.len();
        match self.known.entry(name) {
            Entry::Occupied(place) => Some(*place.get()),
            Entry::Vacant(place) => {
                place.insert(next);
                None
            }
        }
    }
}

/// A name, borrowed from the text if it has no escapes.
fn bare<'a>(raw: &'a str, name: &ShortText) -> Cow<'a, [u8]> {
    match raw.as_bytes() {
        [b'"', inner @ .., b'"'] if inner.len() == name.bytes().len() => Cow::Borrowed(inner),
        _ => Cow::Owned(name.bytes().to_vec()),
    }
}

/// Whether a name is this step.
fn is(name: &ShortText, step: &str) -> bool {
    name.bytes() == step.as_bytes()
}

/// The steps of a JSON Pointer, with `~1` and `~0` replaced.
fn steps(pointer: &str) -> Result<Vec<Cow<'_, str>>, NoPlace> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or(NoPlace::Malformed)?;
    rest.split('/')
        .map(|step| {
            if !step.contains('~') {
                return Ok(Cow::Borrowed(step));
            }
            let mut tildes = step.split('~').skip(1);
            if tildes.any(|after| !after.starts_with(['0', '1'])) {
                return Err(NoPlace::Malformed);
            }
            Ok(Cow::Owned(step.replace("~1", "/").replace("~0", "~")))
        })
        .collect()
}

/// An index of an array: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_plain =
        step == "0" || !step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit());
    if is_plain { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::assert_linear;

    fn tree(text: &str) -> Written {
        Tree::parse(text).unwrap().into()
    }

    fn written(tree: &Written) -> &str {
        std::str::from_utf8(tree.text().strip_suffix(b"\0").unwrap()).unwrap()
    }

    #[test]
    fn writes_the_value_it_read_without_white_space() {
        let text = r#" {"b": [1.50, 1e2, -0], "a\n\u0000": "é\"", "c": {}, "d": [null, true]} "#;
        assert_eq!(
            written(&tree(text)),
            r#"{"b":[1.50,1e2,-0],"a\n\u0000":"é\"","c":{},"d":[null,true]}"#
        );
        assert_eq!(written(&tree(r#"{"a":1,"b":2,"a":3}"#)), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn finds_values_by_json_pointer() {
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
    fn creates_missing_values_and_changes_nothing_on_failure() {
        let mut made = Written::from(Tree::Object(Vec::new()));
        made.put("/a/b", Tree::text("x")).unwrap();
        made.put("/list/-", Tree::number("1")).unwrap();
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
    fn says_where_a_text_is_wrong_and_limits_the_nesting() {
        assert!(Tree::parse("{\n\"a\": }").unwrap_err().contains("line 2 column 6"));
        assert!(Tree::parse("").is_err() && Tree::parse("{} {}").is_err());
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tree::parse(&nested(NESTING)).is_ok());
        assert!(Tree::parse(&nested(NESTING + 1)).unwrap_err().contains("512"));
        let mut deep = Written::default();
        assert_eq!(deep.put(&"/a".repeat(NESTING + 1), Tree::Null), Err(NoPlace::TooDeep));
    }

    #[test]
    fn reads_lone_surrogates_duplicate_names_and_deep_nesting() {
        let text = r#"{"\ud83d":1,"a":{"\u0062":[[]],"b":{}},"\ud83d\ude00":"\ude00","a":null}"#;
        let read = tree(text);
        assert_eq!(written(&read), "{\"\u{fffd}\":1,\"a\":null,\"😀\":\"\u{fffd}\"}");
        let deep = format!("{}{{\"a\":1,\"a\":2}}{}", "{\"b\":[".repeat(250), "]}".repeat(250));
        assert_eq!(written(&tree(&deep)), deep.replace("\"a\":1,", ""));
    }

    #[test]
    fn keeps_the_last_of_equal_names_among_few_and_many_members() {
        for count in FEW - 2..FEW + 3 {
            for again in 0..count {
                // The second spelling of the name has an escape.
                let names = (0..count).chain([again]).enumerate();
                let member = |(at, number): (usize, usize)| {
                    let first = if at < count { "k" } else { "\\u006b" };
                    format!("\"{first}{number}\":{at}")
                };
                let all: Vec<String> = names.map(member).collect();
                let read = tree(&format!("{{{},\"z\":0,\"z\":1}}", all.join(",")));
                let Tree::Object(members) = read.tree() else { unreachable!() };
                assert_eq!(members.len(), count + 1);
                let value = read.at(&format!("/k{again}")).unwrap();
                assert_eq!(
                    (written(value), written(read.at("/z").unwrap())),
                    (&*count.to_string(), "1")
                );
                assert_eq!(members[again].0.with_nul(), format!("k{again}\0").as_bytes());
            }
        }
    }

    #[test]
    fn reads_large_values_in_linear_time() {
        let names = |count: usize, name: &dyn Fn(usize) -> String| {
            let all: Vec<String> = (0..count).map(|at| format!("\"{}\":{at}", name(at))).collect();
            (count, format!("{{{}}}", all.join(",")))
        };
        let wide = |count| names(count, &|at| format!("k{at}"));
        assert_linear("an object", 32_000, wide, |(count, text)| {
            let Tree::Object(members) = Tree::parse(text).unwrap() else { unreachable!() };
            assert_eq!(members.len(), *count);
        });
        let same = |count| names(count, &|_| "a".to_owned());
        assert_linear("an object with one name", 32_000, same, |(count, text)| {
            assert_eq!(written(&tree(text)), format!("{{\"a\":{}}}", count - 1));
        });
        let deep = |count| {
            let inner = "[1,{\"a\":2}],".repeat(count);
            format!("{}{inner}0{}", "[".repeat(500), "]".repeat(500))
        };
        assert_linear("an array", 16_000, deep, |text| assert_eq!(written(&tree(text)), *text));
    }
}
