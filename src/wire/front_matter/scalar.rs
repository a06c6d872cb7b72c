//! Scalars of YAML: plain, quoted and block ones.

use serde_json::{Number, Value};

use super::{BLANK, Outer, YamlReader, YamlResult, colon, quoted_end, without_comment};

impl<'a> YamlReader<'a> {
    /// A plain scalar. It may continue on the next lines.
    pub(super) fn plain(&mut self, text: &str, outer: Outer) -> YamlResult<Value> {
        let (first, mut has_comment) = without_comment(text);
        self.check_plain(first)?;
        self.check_no_key(first)?;
        let value = self.resolve(first)?;
        let mut out = first.to_owned();
        let mut blank = 0;
        self.at += 1;
        while let Some(line) = self.line() {
            let content = self.content();
            if content.trim_start_matches(BLANK).is_empty() {
                (blank, self.at) = (blank + 1, self.at + 1);
                continue;
            }
            let is_inside = outer.is_none_or(|outer| line.indent() > outer);
            if has_comment || !is_inside || content.starts_with('#') {
                break;
            }
            let (more, comment) = without_comment(content.trim_start_matches(BLANK));
            self.check_no_key(more)?;
            push_break(&mut out, blank);
            out.push_str(more);
            (blank, has_comment) = (0, comment);
            self.at += 1;
        }
        Ok(if out == first { value } else { Value::String(out) })
    }

    fn check_no_key(&self, text: &str) -> YamlResult<()> {
        if colon(text).is_some() {
            return self.wrong("a value contains a colon and a blank: put it in quotes");
        }
        Ok(())
    }

    /// The value of a plain scalar (YAML 1.2.2, 10.3.2).
    pub(super) fn resolve(&self, text: &str) -> YamlResult<Value> {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
            "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
            _ => {}
        }
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => (if text.starts_with('-') { "-" } else { "" }, digits),
            None => ("", text),
        };
        if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
            return self.wrong("a number cannot be written in JSON");
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let based = |prefix: &str, base: u32| {
            let digits = text.strip_prefix(prefix).filter(|digits| !digits.starts_with('+'))?;
            u64::from_str_radix(digits, base).ok()
        };
        if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)) {
            return Ok(number.into());
        }
        if is_number(digits) {
            // Some parsers read a number with leading zeros as text, others as
            // octal.
            if digits.starts_with('0') && digits.len() > 1 {
                return Ok(Value::String(text.to_owned()));
            }
            let written = format!("{sign}{digits}");
            if let Ok(number) = written.parse::<i64>() {
                return Ok(number.into());
            }
            if let Ok(number) = written.parse::<u64>() {
                return Ok(number.into());
            }
        }
        let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let is_float = (is_number(whole) || whole.is_empty() && is_number(fraction))
            && (fraction.is_empty() || is_number(fraction))
            && is_number(exponent);
        let number = text.parse::<f64>().ok().filter(|_| is_float).and_then(Number::from_f64);
        Ok(number.map_or_else(|| Value::String(text.to_owned()), Value::Number))
    }

    /// A block scalar: `|` or `>` with its indicators, and the lines below.
    pub(super) fn block_scalar(&mut self, header: &str, outer: Outer) -> YamlResult<Value> {
        let is_folded = header.starts_with('>');
        let (marks, _) = without_comment(header.get(1..).unwrap_or_default());
        let (mut chomp, mut width) = (None, None);
        for mark in marks.chars() {
            match mark {
                '-' | '+' if chomp.is_none() => chomp = Some(mark),
                '1'..='9' if width.is_none() => width = mark.to_digit(10),
                _ => return self.wrong("the text after | or > is not valid in a block scalar"),
            }
        }
        self.at += 1;
        let from = outer.map_or(0, |outer| outer + 1);
        let indent = match width {
            Some(width) => outer.unwrap_or(0) + width as usize,
            None => {
                let rest = self.lines.get(self.at..).unwrap_or_default();
                let blank = rest.iter().take_while(|line| line.start == line.end).count();
                let leading = rest.iter().take(blank + 1).map(|line| line.indent());
                leading.max().unwrap_or(from).max(from)
            }
        };
        let mut out = String::new();
        // The break after the last line, and those of blank lines after it.
        let (mut last, mut breaks, mut was_deeper) = ("", 0, false);
        while let Some(line) = self.line() {
            if line.start == line.end && line.indent() <= indent {
                breaks += 1;
            } else if line.indent() >= indent {
                let text = self.part(line.begin + indent, line.end);
                let is_deeper = text.starts_with(BLANK);
                if !is_folded || was_deeper || is_deeper {
                    out.push_str(last);
                } else if breaks == 0 && !last.is_empty() {
                    out.push(' ');
                }
                out.extend(std::iter::repeat_n('\n', breaks));
                out.push_str(text);
                (last, breaks, was_deeper) = ("\n", 0, is_deeper);
            } else {
                break;
            }
            self.at += 1;
        }
        if chomp != Some('-') {
            out.push_str(last);
        }
        if chomp == Some('+') {
            out.extend(std::iter::repeat_n('\n', breaks));
        }
        Ok(Value::String(out))
    }

    /// Rejects a plain scalar that begins with an indicator of YAML.
    pub(super) fn check_plain(&self, text: &str) -> YamlResult<()> {
        let mut characters = text.chars();
        let first = characters.next();
        match first {
            Some('&') => self.wrong("anchors (&) are not supported"),
            Some('*') => self.wrong("aliases (*) are not supported"),
            Some('!') => self.wrong("tags (!) are not supported"),
            Some('|' | '>' | '%' | '@' | '`' | '"' | '\'' | '#' | ',' | '[' | ']' | '{' | '}') => {
                self.wrong("a value begins with a special character: put it in quotes")
            }
            Some('-' | '?' | ':')
                if characters.next().is_none_or(|next| matches!(next, ' ' | '\t')) =>
            {
                self.wrong("a value cannot begin with \"- \", \"? \" or \": \"")
            }
            Some(_) => Ok(()),
            None => self.wrong("there is no name before a colon"),
        }
    }

    /// A quoted scalar. It may continue on the next lines.
    pub(super) fn quoted(
        &mut self,
        place: &mut usize,
        quote: char,
        outer: Outer,
    ) -> YamlResult<String> {
        let start = *place;
        let Some(length) = quoted_end(self.part(start, self.text.len()), quote) else {
            return self.wrong("a value has no end");
        };
        *place = start + length;
        while self.line().is_some_and(|line| line.end < *place) {
            self.next_inside(outer)?;
        }
        self.unquote(self.part(start, *place), quote)
    }

    /// The text of a quoted scalar. `raw` has the quotes; line breaks are
    /// folded.
    pub(super) fn unquote(&self, raw: &str, quote: char) -> YamlResult<String> {
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        let mut out = String::with_capacity(inner.len());
        // Blanks before this position were written as escapes, and stay.
        let mut kept = 0;
        let mut rest = inner;
        while let Some(character) = rest.chars().next() {
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
            match character {
                '\n' | '\r' => {
                    let after = rest.trim_start_matches([' ', '\t', '\r', '\n']);
                    let gone = rest.get(..rest.len() - after.len()).unwrap_or_default();
                    let blank = gone.matches('\n').count() - usize::from(character == '\r');
                    let open = out.get(kept..).unwrap_or_default();
                    let end = kept + open.trim_end_matches(BLANK).len();
                    out.truncate(end);
                    push_break(&mut out, blank);
                    kept = out.len();
                    rest = after;
                }
                '\'' if quote == '\'' => {
                    rest = rest.strip_prefix('\'').unwrap_or(rest);
                    out.push('\'');
                }
                '\\' if quote == '"' => {
                    rest = self.escape(rest, &mut out)?;
                    kept = out.len();
                }
                other => out.push(other),
            }
        }
        Ok(out)
    }

    /// Reads the escape after a backslash. Returns the rest.
    fn escape<'b>(&self, rest: &'b str, out: &mut String) -> YamlResult<&'b str> {
        let mut after = rest.chars();
        let digits = match after.next() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            // The text continues on the next line.
            Some('\n' | '\r') => {
                let next = rest.trim_start_matches('\r');
                let next = next.strip_prefix('\n').unwrap_or(next);
                return Ok(next.trim_start_matches(BLANK));
            }
            Some(code) => {
                out.push(match code {
                    '0' => '\0',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    't' | '\t' => '\t',
                    'n' => '\n',
                    'v' => '\u{b}',
                    'f' => '\u{c}',
                    'r' => '\r',
                    'e' => '\u{1b}',
                    'N' => '\u{85}',
                    '_' => '\u{a0}',
                    'L' => '\u{2028}',
                    'P' => '\u{2029}',
                    ' ' | '"' | '/' | '\\' => code,
                    _ => return self.wrong("a backslash is not followed by a valid escape"),
                });
                return Ok(after.as_str());
            }
            None => return self.wrong("a backslash has nothing after it"),
        };
        let number = |text: &str| {
            let digits =
                text.get(..digits).filter(|all| all.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let mut rest = after.as_str();
        let mut code = number(rest);
        rest = rest.get(digits..).unwrap_or_default();
        // A surrogate pair, as in JSON.
        if let Some(high @ 0xd800..0xdc00) = code
            && let Some(low @ 0xdc00..0xe000) = rest.strip_prefix("\\u").and_then(number)
        {
            code = Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            rest = rest.get(6..).unwrap_or_default();
        }
        let Some(character) = code.and_then(char::from_u32) else {
            return self.wrong("an escape is not a valid character");
        };
        out.push(character);
        Ok(rest)
    }
}

/// Folds a line break: to a space, or to the breaks of the blank lines after
/// it.
fn push_break(out: &mut String, blank: usize) {
    if blank == 0 {
        out.push(' ');
    } else {
        out.extend(std::iter::repeat_n('\n', blank));
    }
}
