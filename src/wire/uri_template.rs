//! URI templates (RFC 6570), all four levels.
//!
//! The RFC permits to return a part of the expansion beside an error. This
//! returns the error alone.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::wire::json_string::unescape;
use crate::wire::object::Members;

/// Why there is no expansion.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TemplateError {
    /// The template is malformed at this byte, counted from 0.
    Template { at: usize, what: Cow<'static, str> },
    /// The value of a variable cannot be used in the template.
    Value { name: String, what: &'static str },
    /// The expansion has more bytes than allowed.
    TooLong,
}

/// Expands a template with the members of `values`, to at most `most` bytes.
pub(crate) fn expand<'a>(
    template: &'a str,
    values: &'a Members<'_>,
    most: usize,
) -> Result<String, TemplateError> {
    let mut out = Expansion { text: String::new(), most };
    let mut values = Values::new(values);
    let mut rest = template;
    loop {
        let at = template.len() - rest.len();
        let Some(brace) = rest.find(['{', '}']) else { break };
        let (literal, from) = rest.split_at(brace);
        out.encode(literal, Allowed::Reserved)?;
        let at = at + brace;
        let Some(inner) = from.strip_prefix('{') else {
            return Err(malformed(at, "a \"}\" has no \"{\" before it"));
        };
        let Some((expression, after)) = inner.split_once('}') else {
            return Err(malformed(at, "the \"{\" is not closed by a \"}\""));
        };
        expand_expression(expression, at + 1, &mut values, &mut out)?;
        rest = after;
    }
    out.encode(rest, Allowed::Reserved)?;
    Ok(out.text)
}

/// What an operator does (RFC 6570, appendix A).
struct Operator {
    first: &'static str,
    separator: &'static str,
    /// Whether each value has its name before it.
    is_named: bool,
    /// What follows a name whose value is empty.
    if_empty: &'static str,
    allowed: Allowed,
}

/// The characters that are copied; all others are percent-encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Unreserved,
    /// Also reserved characters and percent-encoded triplets.
    Reserved,
}

impl Operator {
    fn of(letter: char) -> Option<Self> {
        let (first, separator, is_named, if_empty) = match letter {
            '+' => ("", ",", false, ""),
            '#' => ("#", ",", false, ""),
            '.' => (".", ".", false, ""),
            '/' => ("/", "/", false, ""),
            ';' => (";", ";", true, ""),
            '?' => ("?", "&", true, "="),
            '&' => ("&", "&", true, "="),
            _ => return None,
        };
        let allowed =
            if matches!(letter, '+' | '#') { Allowed::Reserved } else { Allowed::Unreserved };
        Some(Self { first, separator, is_named, if_empty, allowed })
    }

    const SIMPLE: Self = Self {
        first: "",
        separator: ",",
        is_named: false,
        if_empty: "",
        allowed: Allowed::Unreserved,
    };
}

/// How a variable is modified in an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Modifier {
    None,
    Explode,
    Prefix(usize),
}

/// The operators that RFC 6570 reserves for extensions.
const RESERVED_OPERATORS: [char; 5] = ['=', ',', '!', '@', '|'];

fn expand_expression(
    expression: &str,
    at: usize,
    values: &mut Values<'_>,
    out: &mut Expansion,
) -> Result<(), TemplateError> {
    let first = expression.chars().next();
    let operator = first.and_then(Operator::of);
    let (operator, mut at, list) = match operator {
        Some(operator) => (operator, at + 1, expression.get(1..).unwrap_or_default()),
        None => (Operator::SIMPLE, at, expression),
    };
    if let Some(reserved) = first.filter(|first| RESERVED_OPERATORS.contains(first)) {
        return Err(malformed(at, format!("the operator \"{reserved}\" has no meaning")));
    }
    let mut prefix = operator.first;
    for variable in list.split(',') {
        let (name, modifier) = read_variable(variable, at)?;
        at += variable.len() + 1;
        let Some(value) = values.get(name)? else { continue };
        out.push(prefix)?;
        prefix = operator.separator;
        expand_variable(name, value, modifier, &operator, out)?;
    }
    Ok(())
}

/// Splits a variable into its name and its modifier.
fn read_variable(variable: &str, at: usize) -> Result<(&str, Modifier), TemplateError> {
    let (name, modifier) = match variable.split_once(':') {
        Some((name, digits)) => {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let length = digits.parse().ok();
            let length = length.filter(|length| is_number && (1..10_000).contains(length));
            let length = length.filter(|_| !digits.starts_with('0')).ok_or_else(|| {
                malformed(at + name.len() + 1, "a number from 1 to 9999 must follow the \":\"")
            })?;
            (name, Modifier::Prefix(length))
        }
        None => match variable.strip_suffix('*') {
            Some(name) => (name, Modifier::Explode),
            None => (variable, Modifier::None),
        },
    };
    if name.is_empty() {
        return Err(malformed(at, "a variable has no name"));
    }
    let mut is_after_dot = true;
    let mut letters = name.char_indices();
    while let Some((place, letter)) = letters.next() {
        let is_dot = letter == '.';
        let is_good = match letter {
            '.' => !is_after_dot,
            '%' => {
                letters.next().is_some_and(|(_, digit)| digit.is_ascii_hexdigit())
                    && letters.next().is_some_and(|(_, digit)| digit.is_ascii_hexdigit())
            }
            _ => letter.is_ascii_alphanumeric() || letter == '_',
        };
        if !is_good {
            let what =
                format!("\"{}\" cannot stand in the name of a variable", letter.escape_debug());
            return Err(malformed(at + place, what));
        }
        is_after_dot = is_dot;
    }
    if is_after_dot {
        return Err(malformed(at + name.len() - 1, "the name of a variable ends with a \".\""));
    }
    Ok((name, modifier))
}

/// The values of the variables. Each is found and read once, so that a variable
/// that a template names often costs no more than its expansions.
struct Values<'a>(HashMap<&'a str, Known<'a>>);

/// What is known of a variable.
enum Known<'a> {
    Raw(&'a RawValue),
    Read(Option<Value>),
}

impl<'a> Values<'a> {
    fn new(values: &'a Members<'_>) -> Self {
        let mut all = HashMap::new();
        for (name, raw) in &values.0 {
            all.insert(&**name, Known::Raw(raw));
        }
        Self(all)
    }

    fn get(&mut self, name: &str) -> Result<Option<&Value>, TemplateError> {
        let Some(known) = self.0.get_mut(name) else { return Ok(None) };
        if let Known::Raw(raw) = known {
            *known = Known::Read(Value::of(name, raw.get())?);
        }
        match known {
            Known::Read(value) => Ok(value.as_ref()),
            Known::Raw(_) => Ok(None),
        }
    }
}

/// The value of a variable that is defined.
enum Value {
    Text(String),
    List(Vec<String>),
    /// Names and values, in their order.
    Pairs(Vec<(String, String)>),
}

impl Value {
    /// `None`: the variable is not defined, and leaves no trace. Null, an empty
    /// array and an empty object count as not defined, and so does a member
    /// that is null.
    fn of(name: &str, raw: &str) -> Result<Option<Self>, TemplateError> {
        let wrong = |what| TemplateError::Value { name: name.to_owned(), what };
        let nested = || {
            wrong(
                "has arrays or objects inside: only texts, numbers and booleans can \
                               be members of a list",
            )
        };
        match raw.as_bytes().first() {
            Some(b'[') => {
                let all: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
                let all = all.into_iter().map(RawValue::get).filter(|raw| *raw != "null");
                let all: Option<Vec<String>> = all.map(plain).collect();
                let all = all.ok_or_else(nested)?;
                Ok(Some(Self::List(all)).filter(|value| !value.is_empty()))
            }
            Some(b'{') => {
                let members = Members::parse(raw).unwrap_or_default().0.into_iter();
                let members = members.filter(|(_, raw)| raw.get() != "null");
                let pair = |(name, raw): (Cow<'_, str>, &RawValue)| {
                    plain(raw.get()).map(|value| (name.into_owned(), value))
                };
                let pairs: Option<Vec<(String, String)>> = members.map(pair).collect();
                let pairs = pairs.ok_or_else(nested)?;
                Ok(Some(Self::Pairs(pairs)).filter(|value| !value.is_empty()))
            }
            _ if raw == "null" => Ok(None),
            _ => Ok(plain(raw).map(Self::Text)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::List(all) => all.is_empty(),
            Self::Pairs(all) => all.is_empty(),
        }
    }
}

/// A string as its text, a number or a boolean as its JSON text.
fn plain(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => {
            let mut bytes = unescape(raw);
            bytes.pop(); // the NUL at the end
            String::from_utf8(bytes).ok()
        }
        b'[' | b'{' => None,
        _ => Some(raw.to_owned()),
    }
}

fn expand_variable(
    name: &str,
    value: &Value,
    modifier: Modifier,
    operator: &Operator,
    out: &mut Expansion,
) -> Result<(), TemplateError> {
    let Operator { separator, is_named, allowed, .. } = *operator;
    if matches!(modifier, Modifier::Prefix(_)) && !matches!(value, Value::Text(_)) {
        return Err(TemplateError::Value {
            name: name.to_owned(),
            what: "is an array or an object, of which no prefix can be taken",
        });
    }
    if modifier == Modifier::Explode {
        match value {
            Value::Text(_) => {}
            Value::List(all) => {
                return out.join(all, separator, |out, one| {
                    out.push_name(is_named.then_some(name), one.is_empty(), operator)?;
                    out.encode(one, allowed)
                });
            }
            Value::Pairs(all) => {
                return out.join(all, separator, |out, (key, one)| {
                    out.encode(key, allowed)?;
                    let is_short = is_named && one.is_empty();
                    out.push(if is_short { operator.if_empty } else { "=" })?;
                    out.encode(one, allowed)
                });
            }
        }
    }
    let name = is_named.then_some(name);
    match value {
        Value::Text(text) => {
            out.push_name(name, text.is_empty(), operator)?;
            let text = match modifier {
                Modifier::Prefix(length) => first_characters(text, length, allowed),
                _ => text,
            };
            out.encode(text, allowed)
        }
        Value::List(all) => {
            let is_empty = matches!(all.as_slice(), [one] if one.is_empty());
            out.push_name(name, is_empty, operator)?;
            out.join(all, ",", |out, one| out.encode(one, allowed))
        }
        Value::Pairs(all) => {
            out.push_name(name, false, operator)?;
            out.join(all, ",", |out, (key, one)| {
                out.encode(key, allowed)?;
                out.push(",")?;
                out.encode(one, allowed)
            })
        }
    }
}

/// The first characters of a value. A triplet that is copied counts as one.
fn first_characters(text: &str, length: usize, allowed: Allowed) -> &str {
    let mut rest = text;
    for _ in 0..length {
        let step = if allowed == Allowed::Reserved && is_triplet(rest) {
            3
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    text.get(..text.len() - rest.len()).unwrap_or(text)
}

fn is_triplet(text: &str) -> bool {
    match text.as_bytes() {
        [b'%', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The expansion so far.
struct Expansion {
    text: String,
    most: usize,
}

impl Expansion {
    fn push(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.text.len() + text.len() > self.most {
            return Err(TemplateError::TooLong);
        }
        self.text.push_str(text);
        Ok(())
    }

    fn push_name(
        &mut self,
        name: Option<&str>,
        is_empty: bool,
        operator: &Operator,
    ) -> Result<(), TemplateError> {
        let Some(name) = name else { return Ok(()) };
        self.encode(name, Allowed::Reserved)?;
        self.push(if is_empty { operator.if_empty } else { "=" })
    }

    fn join<T>(
        &mut self,
        all: &[T],
        separator: &str,
        write: impl Fn(&mut Self, &T) -> Result<(), TemplateError>,
    ) -> Result<(), TemplateError> {
        for (at, one) in all.iter().enumerate() {
            if at > 0 {
                self.push(separator)?;
            }
            write(self, one)?;
        }
        Ok(())
    }

    fn encode(&mut self, text: &str, allowed: Allowed) -> Result<(), TemplateError> {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";
        for (at, byte) in text.bytes().enumerate() {
            let is_copied = byte.is_ascii_alphanumeric()
                || b"-._~".contains(&byte)
                || allowed == Allowed::Reserved
                    && (RESERVED.contains(&byte)
                        || byte == b'%' && is_triplet(text.get(at..).unwrap_or_default()));
            if is_copied {
                self.push(char::from(byte).encode_utf8(&mut [0; 4]))?;
            } else {
                let digit =
                    |value: u8| HEX.get(usize::from(value)).copied().map_or('0', char::from);
                let triplet = ['%', digit(byte >> 4), digit(byte & 15)];
                self.push(&String::from_iter(triplet))?;
            }
        }
        Ok(())
    }
}

fn malformed(at: usize, what: impl Into<Cow<'static, str>>) -> TemplateError {
    TemplateError::Template { at, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::processor_time;
    use std::time::Duration;

    /// The variables of RFC 6570, section 3.2.
    const VALUES: &str = r##"{
        "count": ["one", "two", "three"], "dom": ["example", "com"], "dub": "me/too",
        "hello": "Hello World!", "half": "50%", "var": "value", "who": "fred",
        "base": "http://example.com/home/", "path": "/foo/bar",
        "list": ["red", "green", "blue"], "keys": {"semi": ";", "dot": ".", "comma": ","},
        "v": "6", "x": "1024", "y": "768", "empty": "", "empty_keys": {}, "undef": null,
        "one_empty": [""], "no_value": {"a": "", "b": null}, "pages": [5, null, true, "\u00fc"],
        "triplet": "a%41b", "number": 1.50, "Some%20Name": "n", "a.b": "dotted",
        "nested": [[1]], "deep": {"a": {}}
    }"##;

    fn expanded(template: &str) -> Result<String, TemplateError> {
        expand(template, &Members::parse(VALUES).unwrap(), 1000)
    }

    #[test]
    fn expands_as_the_sections_of_the_rfc_show() {
        for (template, uri) in [
            // 2.4.1 and 2.4.2: modifiers.
            ("{var:3}", "val"),
            ("{var:30}", "value"),
            ("{list}", "red,green,blue"),
            ("{list*}", "red,green,blue"),
            ("{keys}", "semi,%3B,dot,.,comma,%2C"),
            ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
            ("find{?year*}", "find"),
            // 3.2.1: variables.
            ("{count}", "one,two,three"),
            ("{count*}", "one,two,three"),
            ("{/count}", "/one,two,three"),
            ("{/count*}", "/one/two/three"),
            ("{;count}", ";count=one,two,three"),
            ("{;count*}", ";count=one;count=two;count=three"),
            ("{?count}", "?count=one,two,three"),
            ("{?count*}", "?count=one&count=two&count=three"),
            ("{&count*}", "&count=one&count=two&count=three"),
            // 3.2.2: simple.
            ("{hello}", "Hello%20World%21"),
            ("{half}", "50%25"),
            ("O{empty}X", "OX"),
            ("O{undef}X", "OX"),
            ("{x,y}", "1024,768"),
            ("{x,hello,y}", "1024,Hello%20World%21,768"),
            ("?{x,empty}", "?1024,"),
            ("?{x,undef}", "?1024"),
            ("?{undef,y}", "?768"),
            // 3.2.3: reserved.
            ("{+hello}", "Hello%20World!"),
            ("{+half}", "50%25"),
            ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
            ("{+base}index", "http://example.com/home/index"),
            ("O{+empty}X", "OX"),
            ("up{+path}{var}/here", "up/foo/barvalue/here"),
            ("{+path:6}/here", "/foo/b/here"),
            ("{+keys}", "semi,;,dot,.,comma,,"),
            ("{+keys*}", "semi=;,dot=.,comma=,"),
            // 3.2.4: fragment.
            ("{#path,x}/here", "#/foo/bar,1024/here"),
            ("foo{#empty}", "foo#"),
            ("foo{#undef}", "foo"),
            ("{#keys*}", "#semi=;,dot=.,comma=,"),
            // 3.2.5: label.
            ("www{.dom*}", "www.example.com"),
            ("X{.empty}", "X."),
            ("X{.undef}", "X"),
            ("X{.list*}", "X.red.green.blue"),
            ("X{.keys*}", "X.semi=%3B.dot=..comma=%2C"),
            ("X{.empty_keys*}", "X"),
            // 3.2.6: path.
            ("{/who,dub}", "/fred/me%2Ftoo"),
            ("{/var,empty}", "/value/"),
            ("{/var:1,var}", "/v/value"),
            ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
            ("{/keys*}", "/semi=%3B/dot=./comma=%2C"),
            // 3.2.7: path parameters.
            ("{;v,empty,who}", ";v=6;empty;who=fred"),
            ("{;x,y,undef}", ";x=1024;y=768"),
            ("{;hello:5}", ";hello=Hello"),
            ("{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"),
            ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
            // 3.2.8 and 3.2.9: query.
            ("{?x,y,empty}", "?x=1024&y=768&empty="),
            ("{?var:3}", "?var=val"),
            ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"),
            ("?fixed=yes{&x,y,empty}", "?fixed=yes&x=1024&y=768&empty="),
            ("{&keys}", "&keys=semi,%3B,dot,.,comma,%2C"),
        ] {
            assert_eq!(expanded(template).as_deref(), Ok(uri), "{template}");
        }
    }

    #[test]
    fn expands_empty_members_numbers_and_texts_outside_ascii() {
        for (template, uri) in [
            ("{?one_empty}{&one_empty*}", "?one_empty=&one_empty="),
            ("{;one_empty}{;one_empty*}", ";one_empty;one_empty"),
            ("{?no_value*}{;no_value*}", "?a=;a"),
            ("{/pages*}", "/5/true/%C3%BC"),
            ("{number}", "1.50"),
            ("{Some%20Name}{?Some%20Name}", "n?Some%20Name=n"),
            ("{a.b}", "dotted"),
            ("{triplet}{+triplet}{+triplet:2}", "a%2541ba%41ba%41"),
            ("{half:3}", "50%25"),
            ("", ""),
            // Other characters of the template are encoded where a URI needs it.
            ("db://a b/%41/%zz/\u{fc}/'x'?q=[1]#f", "db://a%20b/%41/%25zz/%C3%BC/'x'?q=[1]#f"),
        ] {
            assert_eq!(expanded(template).as_deref(), Ok(uri), "{template}");
        }
    }

    #[test]
    fn names_the_place_of_a_mistake_in_the_template() {
        for (template, place, words) in [
            ("/{id*", 1, "not closed"),
            ("/id*}", 4, "no \"{\" before"),
            ("a{}", 2, "no name"),
            ("a{?}", 3, "no name"),
            ("a{x,,y}", 4, "no name"),
            ("{/?id}", 2, "\"?\""),
            ("{var:prefix}", 5, "1 to 9999"),
            ("{var:0}", 5, "1 to 9999"),
            ("{var:10000}", 5, "1 to 9999"),
            ("{var:}", 5, "1 to 9999"),
            ("{var:+1}", 5, "1 to 9999"),
            ("{hello:2*}", 7, "1 to 9999"),
            ("{!hello}", 1, "operator \"!\""),
            ("{=path}", 1, "operator \"=\""),
            ("{|var*}", 1, "operator \"|\""),
            ("{$var}", 1, "\"$\""),
            ("{*keys?}", 1, "\"*\""),
            ("{with space}", 5, "\" \""),
            ("{?empty=default,var}", 7, "\"=\""),
            ("{x, y}", 3, "\" \""),
            ("{default-graph-uri}", 8, "\"-\""),
            ("{a..b}", 3, "\".\""),
            ("{a.}", 2, "ends with"),
            ("{%4}", 1, "\"%\""),
            ("{x{y}", 2, "\"{\""),
            ("{\u{fc}}", 1, "\"\u{fc}\""),
        ] {
            match expanded(template).unwrap_err() {
                TemplateError::Template { at, what } => {
                    assert_eq!(at, place, "{template}: {what}");
                    assert!(what.contains(words), "{template}: {what}");
                }
                other => panic!("{template}: {other:?}"),
            }
        }
    }

    #[test]
    fn names_the_variable_whose_value_cannot_be_used() {
        for (template, variable) in [
            ("{keys:1}", "keys"),
            ("{+list:3}", "list"),
            ("{nested}", "nested"),
            ("{deep*}", "deep"),
        ] {
            let error = expanded(template).unwrap_err();
            assert!(
                matches!(&error, TemplateError::Value { name, .. } if name == variable),
                "{template}: {error:?}"
            );
        }
    }

    #[test]
    fn reads_each_value_once() {
        let time = processor_time(expands_many_names);
        assert!(time < Duration::from_secs(20), "{time:?}");
    }

    fn expands_many_names() {
        let text = format!(
            "{{\"none\":[{}null],\"long\":\"{}\"}}",
            "null,".repeat(100_000),
            "x".repeat(500_000)
        );
        let values = Members::parse(&text).unwrap();
        let template = format!("{{{}none}}", "none,long:1,".repeat(20_000));
        assert_eq!(expand(&template, &values, 100_000).unwrap().len(), 39_999);
        // Names that the values do not have.
        let names: Vec<String> = (0..50_000).map(|at| format!("\"a{at}\":1")).collect();
        let text = format!("{{{}}}", names.join(","));
        let values = Members::parse(&text).unwrap();
        let names: Vec<String> = (0..50_000).map(|at| format!("b{at}")).collect();
        assert_eq!(expand(&format!("{{{}}}", names.join(",")), &values, 100).as_deref(), Ok(""));
    }

    #[test]
    fn bounds_the_expansion() {
        let values = Members::parse(r#"{"x":"aaaaaaaaaa"}"#).unwrap();
        assert_eq!(expand("{x}{x}", &values, 20).as_deref(), Ok("aaaaaaaaaaaaaaaaaaaa"));
        assert_eq!(expand("{x}{x}b", &values, 20), Err(TemplateError::TooLong));
        assert_eq!(expand("{x}{x}{?x}", &values, 20), Err(TemplateError::TooLong));
    }
}
