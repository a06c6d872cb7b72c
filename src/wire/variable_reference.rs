//! References such as `${NAME}` in the texts of a configuration file.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Plain(&'a str),
    /// `${NAME}` and `${env:NAME}`: an environment variable. `default` is the
    /// text after `:-`, used if the variable is unset or empty.
    Variable {
        name: &'a str,
        default: Option<&'a str>,
    },
    /// `${input:ID}`: an editor asks its user for it.
    Input(&'a str),
    /// `${command:ID}`, `${/}` and others: only an editor can replace it.
    Foreign(&'a str),
}

/// Why a text cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A `${` without its `}`.
    Open,
    /// A `${` between a `${` and its `}`.
    Nested,
    /// The text in `${}` is not a reference.
    Name,
}

/// Splits a text into its parts. A `$` without a `{` is an ordinary character.
pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, Wrong> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once("${") {
        let (inside, after) = behind.split_once('}').ok_or(Wrong::Open)?;
        if inside.contains("${") {
            return Err(Wrong::Nested);
        }
        if !plain.is_empty() {
            out.push(Part::Plain(plain));
        }
        out.push(reference(inside)?);
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Part::Plain(rest));
    }
    Ok(out)
}

fn reference(inside: &str) -> Result<Part<'_>, Wrong> {
    if let Some(id) = inside.strip_prefix("input:") {
        return if id.is_empty() { Err(Wrong::Name) } else { Ok(Part::Input(id)) };
    }
    let variable = inside.strip_prefix("env:").unwrap_or(inside);
    let (name, default) = match variable.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (variable, None),
    };
    if is_name(name) {
        return Ok(Part::Variable { name, default });
    }
    if inside == "/" {
        return Ok(Part::Foreign(inside));
    }
    match inside.split_once(':') {
        Some((kind, _)) if is_name(kind) && kind != "env" && default.is_none() => {
            Ok(Part::Foreign(inside))
        }
        _ => Err(Wrong::Name),
    }
}

/// Whether it is a name as in shells (POSIX, 3.216).
fn is_name(text: &str) -> bool {
    !text.starts_with(|character: char| character.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable<'a>(name: &'a str, default: Option<&'a str>) -> Part<'a> {
        Part::Variable { name, default }
    }

    #[test]
    fn splits_a_text_into_its_parts() {
        use Part::{Foreign, Input, Plain};
        for (text, all) in [
            ("", &[] as &[Part<'_>]),
            ("a", &[Plain("a")]),
            ("$", &[Plain("$")]),
            ("$$a$b {c} }", &[Plain("$$a$b {c} }")]),
            ("${A}", &[variable("A", None)]),
            ("x${env:A_1}y", &[Plain("x"), variable("A_1", None), Plain("y")]),
            ("$${_a}$", &[Plain("$"), variable("_a", None), Plain("$")]),
            ("${A:-}", &[variable("A", Some(""))]),
            ("${A:-b:-c $ {}", &[variable("A", Some("b:-c $ {"))]),
            ("${env:A:-b}${B}", &[variable("A", Some("b")), variable("B", None)]),
            ("${input:api key}", &[Input("api key")]),
            ("${command:x.y}${/}", &[Foreign("command:x.y"), Foreign("/")]),
            ("${workspaceFolder:root}", &[Foreign("workspaceFolder:root")]),
        ] {
            assert_eq!(parts(text).unwrap(), all, "{text}");
        }
    }

    #[test]
    fn refuses_malformed_references() {
        for (text, wrong) in [
            ("${", Wrong::Open),
            ("a ${A", Wrong::Open),
            ("${A} ${B:-", Wrong::Open),
            ("${A:-${B}}", Wrong::Nested),
            ("${${A}}", Wrong::Nested),
            ("${}", Wrong::Name),
            ("${ A}", Wrong::Name),
            ("${1}", Wrong::Name),
            ("${A-b}", Wrong::Name),
            ("${env:}", Wrong::Name),
            ("${env:a b}", Wrong::Name),
            ("${input:}", Wrong::Name),
            ("${:-a}", Wrong::Name),
            ("${é}", Wrong::Name),
        ] {
            assert_eq!(parts(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn accepts_every_beginning_and_end_of_a_text() {
        let text = "a${A}é${env:B:-c}$${input:d}${/}$";
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let (head, tail) = text.split_at(cut);
            assert!(matches!(parts(head), Ok(_) | Err(Wrong::Open)), "{head}");
            assert!(parts(tail).is_ok(), "{tail}");
        }
    }
}
