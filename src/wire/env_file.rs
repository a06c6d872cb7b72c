//! Environment files: lines of `NAME=VALUE`.

use std::borrow::Cow;

use crate::base::secret::Secret;

/// The line that is wrong, counted from 1, and why. It never quotes the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EnvFileError {
    pub(crate) line: usize,
    pub(crate) what: &'static str,
}

/// Reads the variables in the order of the file.
///
/// Ignored are: blanks around names and values, empty lines, comments that
/// begin with `#`, and the word `export`. A value may be in quotes; in double
/// quotes `\n`, `\"` and `\\` are escapes. There is no other syntax.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Secret)>, EnvFileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        out.push(variable(line).map_err(|what| EnvFileError { line: at + 1, what })?);
    }
    Ok(out)
}

fn variable(line: &str) -> Result<(String, Secret), &'static str> {
    let (name, rest) = line.split_once('=').ok_or("the line has no \"=\": write NAME=VALUE")?;
    let name = match name.split_once(char::is_whitespace) {
        Some(("export", name)) => name,
        _ => name,
    };
    let name = name.trim();
    if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '\0') {
        return Err("the name before \"=\" is empty or has a blank: write NAME=VALUE");
    }
    let value = value(rest.trim())?;
    if value.contains('\0') {
        return Err("the value has a NUL, which no variable can hold");
    }
    Ok((name.to_owned(), Secret::from(value.into_owned())))
}

fn value(text: &str) -> Result<Cow<'_, str>, &'static str> {
    const OPEN: &str = "the quotes of the value do not end where the line does: close them, or \
                        leave them out";
    let (quote, rest) = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => (quote, text.get(1..).unwrap_or_default()),
        _ => {
            let end = text.match_indices('#').map(|(at, _)| at).find(|at| {
                text.get(..*at).is_some_and(|before| before.ends_with([' ', '\t']) || *at == 0)
            });
            let kept = end.and_then(|end| text.get(..end)).unwrap_or(text);
            return Ok(kept.trim_end().into());
        }
    };
    let mut out = String::with_capacity(rest.len());
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        if letter == quote {
            let after = letters.as_str().trim_start();
            return if after.is_empty() || after.starts_with('#') {
                Ok(out.into())
            } else {
                Err(OPEN)
            };
        }
        if letter != '\\' || quote == '\'' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some(escaped @ ('"' | '\\')) => out.push(escaped),
            Some(other) => out.extend(['\\', other]),
            None => return Err(OPEN),
        }
    }
    Err(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\u{feff}# a\r\n\nA=1\r\n export B = two words # c\nC=\nD=' # \\n'\n\
                        E=\"a\\n\\\"b\\\\\\c\" # d\nF=a#b=c\nexport=x\nG=# e";

    #[test]
    fn reads_the_common_forms() {
        let all = parse(GOOD).unwrap();
        let all: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (&**name, value.expose())).collect();
        assert_eq!(
            all,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", ""),
                ("D", " # \\n"),
                ("E", "a\n\"b\\\\c"),
                ("F", "a#b=c"),
                ("export", "x"),
                ("G", ""),
            ]
        );
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        for (text, line, what) in [
            ("A=1\nhunter2", 2, "no \"=\""),
            ("\n\n=hunter2", 3, "name"),
            ("A B=hunter2", 1, "name"),
            ("A='hunter2", 1, "quotes"),
            ("A=\"hunter2\\\"", 1, "quotes"),
            ("A=\"hunter2\\", 1, "quotes"),
            ("A=\"a\" hunter2", 1, "quotes"),
            ("A=hunter2\0", 1, "NUL"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.line == line && wrong.what.contains(what), "{text}: {wrong:?}");
            assert!(!wrong.what.contains("hunter2"));
        }
    }

    #[test]
    fn accepts_every_beginning_of_a_file() {
        for (cut, _) in GOOD.char_indices() {
            let _ = parse(&GOOD[..cut]);
        }
    }
}
