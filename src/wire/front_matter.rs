//! Front matter: the part of YAML that people write above a text, as JSON.
//!
//! Mappings, sequences, plain, quoted and block scalars, flow collections and
//! comments are read as YAML 1.2 has them, with its core schema. What makes
//! more of a text than is in it, or has a meaning of its own, is refused:
//! anchors, aliases, tags, merge keys, complex keys, directives, a key twice.

use serde_json::{Map, Number, Value};

/// The most values, and the most of them inside each other.
const NODES: usize = 10_000;
const DEPTH: usize = 64;

/// What is blank inside a line: other spaces of Unicode are a part of a text.
const BLANK: [char; 2] = [' ', '\t'];

const TAB: &str = "a tab indents it, where blanks have to";

/// Reads a text. An error names the line, of which the first is `first`.
pub(crate) fn parse(text: &str, first: usize) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, lines: Vec::new(), at: 0, first, nodes: 0, depth: 0 };
    reader.cut()?;
    reader.skip_blank();
    if reader.at == reader.lines.len() {
        return Ok(Value::Null);
    }
    let value = reader.block(None)?;
    reader.skip_blank();
    if reader.at < reader.lines.len() {
        return reader.wrong("a line is not indented as those around it");
    }
    Ok(value)
}

#[derive(Clone, Copy)]
struct Line {
    /// Where the line begins, its content, and where it ends.
    begin: usize,
    start: usize,
    end: usize,
}

impl Line {
    fn indent(self) -> usize {
        self.start - self.begin
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<Line>,
    /// The line that is read next.
    at: usize,
    first: usize,
    nodes: usize,
    depth: usize,
}

type Step<T> = Result<T, String>;

/// The indentation of what a value stands in; nothing for the outermost.
type Outer = Option<usize>;

impl<'a> Reader<'a> {
    /// Cuts the text into lines.
    fn cut(&mut self) -> Step<()> {
        let mut begin = 0;
        for whole in self.text.split_inclusive('\n') {
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let start = begin + line.len() - line.trim_start_matches(' ').len();
            self.lines.push(Line { begin, start, end: begin + line.len() });
            if line.chars().any(|one| one != '\t' && one.is_control() && one != '\u{85}') {
                self.at = self.lines.len() - 1;
                return self.wrong("there is a control character");
            }
            begin += whole.len();
        }
        Ok(())
    }

    fn wrong<T>(&self, what: &str) -> Step<T> {
        Err(format!("line {}: {what}", self.first + self.at.min(self.lines.len())))
    }

    fn line(&self) -> Option<Line> {
        self.lines.get(self.at).copied()
    }

    fn part(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn content(&self) -> &'a str {
        self.line().map_or("", |line| self.part(line.start, line.end))
    }

    /// Passes over blank lines and comments.
    fn skip_blank(&mut self) {
        while self.at < self.lines.len() && is_blank(self.content()) {
            self.at += 1;
        }
    }

    fn count(&mut self) -> Step<()> {
        self.nodes += 1;
        if self.nodes > NODES {
            return self.wrong(&format!("there are more than {NODES} values"));
        }
        Ok(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.wrong(&format!("more than {DEPTH} values are inside each other"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The value that begins with the content of this line.
    fn block(&mut self, outer: Outer) -> Step<Value> {
        let Some(line) = self.line() else { return Ok(Value::Null) };
        let content = self.content();
        if content.starts_with('\t') {
            return self.wrong(TAB);
        }
        if is_entry(content) {
            return self.nested(|this| this.sequence(line.indent()));
        }
        if self.key(line)?.is_some() {
            return self.nested(|this| this.mapping(line.indent()));
        }
        self.value(line.start, outer)
    }

    fn mapping(&mut self, indent: usize) -> Step<Value> {
        self.count()?;
        let mut out = Map::new();
        loop {
            self.skip_blank();
            let Some(line) = self.line().filter(|line| line.indent() >= indent) else { break };
            if self.content().starts_with('\t') {
                return self.wrong(TAB);
            }
            if line.indent() > indent {
                return self.wrong("a line is not indented as those around it");
            }
            let Some((name, after)) = self.key(line)? else {
                return self.wrong("there is no key with a colon and a blank behind it");
            };
            if name == "<<" {
                return self.wrong("merge keys (<<) are not read here");
            }
            if out.contains_key(&name) {
                return self.wrong("a key is there twice");
            }
            let value = if is_blank(self.part(after, line.end)) {
                self.below(indent, true)?
            } else {
                self.value(after, Some(indent))?
            };
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }

    fn sequence(&mut self, indent: usize) -> Step<Value> {
        self.count()?;
        let mut out = Vec::new();
        loop {
            self.skip_blank();
            let Some(line) = self.line().filter(|line| line.indent() >= indent) else { break };
            if line.indent() > indent {
                return self.wrong("a line is not indented as those around it");
            }
            if !is_entry(self.content()) {
                break;
            }
            if is_blank(self.part(line.start + 1, line.end)) {
                out.push(self.below(indent, false)?);
                continue;
            }
            // What is behind the dash is read as a line of its own.
            let rest = self.part(line.start + 1, line.end);
            let start = line.end - rest.trim_start_matches(' ').len();
            if let Some(line) = self.lines.get_mut(self.at) {
                line.start = start;
            }
            out.push(self.block(Some(indent))?);
        }
        Ok(Value::Array(out))
    }

    /// The value in the lines below a key or a dash, or null.
    fn below(&mut self, indent: usize, is_member: bool) -> Step<Value> {
        self.at += 1;
        self.skip_blank();
        match self.line() {
            Some(line) if line.indent() > indent => self.block(Some(indent)),
            // A sequence may stand where its key does.
            Some(line) if is_member && line.indent() == indent && is_entry(self.content()) => {
                self.nested(|this| this.sequence(indent))
            }
            _ => self.count().map(|()| Value::Null),
        }
    }

    /// The key at the beginning of a line, and where what is behind its colon
    /// begins.
    fn key(&self, line: Line) -> Step<Option<(String, usize)>> {
        let content = self.part(line.start, line.end);
        let (name, after) = match content.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                // One that goes on in the next line is no key.
                let Some(end) = quoted_end(content, quote) else { return Ok(None) };
                let name = self.unquote(content.get(..end).unwrap_or_default(), quote)?;
                let rest = content.get(end..).unwrap_or_default();
                let blanks = rest.len() - rest.trim_start_matches(BLANK).len();
                (name, end + blanks)
            }
            _ => {
                let Some(colon) = colon(content) else { return Ok(None) };
                let name = content.get(..colon).unwrap_or_default().trim_end_matches(BLANK);
                if name.starts_with(['[', '{']) {
                    return Ok(None);
                }
                self.check_plain(name)?;
                (name.to_owned(), colon)
            }
        };
        let rest = content.get(after..).unwrap_or_default();
        match rest.strip_prefix(':') {
            Some(rest) if rest.is_empty() || rest.starts_with(BLANK) => {
                let rest = rest.trim_start_matches(BLANK);
                Ok(Some((name, line.end - rest.len())))
            }
            _ => Ok(None),
        }
    }

    /// Refuses a plain scalar that begins with what means something else.
    fn check_plain(&self, text: &str) -> Step<()> {
        let mut characters = text.chars();
        let first = characters.next();
        match first {
            Some('&') => self.wrong("anchors (&) are not read here"),
            Some('*') => self.wrong("aliases (*) are not read here"),
            Some('!') => self.wrong("tags (!) are not read here"),
            Some('|' | '>' | '%' | '@' | '`' | '"' | '\'' | '#' | ',' | '[' | ']' | '{' | '}') => {
                self.wrong("a value begins with what has a meaning of its own: put it in quotes")
            }
            Some('-' | '?' | ':')
                if characters.next().is_none_or(|next| matches!(next, ' ' | '\t')) =>
            {
                self.wrong("\"- \", \"? \" and \": \" begin no value here")
            }
            Some(_) => Ok(()),
            None => self.wrong("there is no name in front of a colon"),
        }
    }

    /// The value that begins at a place of this line, which is not blank.
    fn value(&mut self, start: usize, outer: Outer) -> Step<Value> {
        self.count()?;
        let end = self.line().map_or(start, |line| line.end);
        let text = self.part(start, end);
        match text.chars().next() {
            Some('|' | '>') => self.block_scalar(text, outer),
            Some(quote @ ('"' | '\'')) => {
                let mut place = start;
                let value = self.quoted(&mut place, quote, outer)?;
                self.end_at(place)?;
                Ok(Value::String(value))
            }
            Some('[' | '{') => {
                let mut place = start;
                let value = self.flow(&mut place, outer)?;
                self.end_at(place)?;
                Ok(value)
            }
            _ => self.plain(text, outer),
        }
    }

    /// Goes to the line behind a place, behind which may be a comment.
    fn end_at(&mut self, place: usize) -> Step<()> {
        let end = self.line().map_or(place, |line| line.end);
        let rest = self.part(place, end);
        if !is_blank(rest) || rest.starts_with('#') {
            return self.wrong("there is more behind the end of a value");
        }
        self.at += 1;
        Ok(())
    }

    /// A plain scalar, which may go on in the lines below.
    fn plain(&mut self, text: &str, outer: Outer) -> Step<Value> {
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

    fn check_no_key(&self, text: &str) -> Step<()> {
        if colon(text).is_some() {
            return self.wrong("a colon and a blank are inside a value: put it in quotes");
        }
        Ok(())
    }

    /// What a plain scalar means (YAML 1.2.2, 10.3.2).
    fn resolve(&self, text: &str) -> Step<Value> {
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
            return self.wrong("a number is none that JSON has");
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
            // One with zeros in front is a text to some and octal to others.
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

    /// `|` and `>`, with what may stand behind them.
    fn block_scalar(&mut self, header: &str, outer: Outer) -> Step<Value> {
        let is_folded = header.starts_with('>');
        let (marks, _) = without_comment(header.get(1..).unwrap_or_default());
        let (mut chomp, mut width) = (None, None);
        for mark in marks.chars() {
            match mark {
                '-' | '+' if chomp.is_none() => chomp = Some(mark),
                '1'..='9' if width.is_none() => width = mark.to_digit(10),
                _ => return self.wrong("what is behind | or > is no part of a block scalar"),
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
        // The break behind the last line, and those of blank lines after it.
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

    /// A quoted scalar, which may go on in the lines below.
    fn quoted(&mut self, place: &mut usize, quote: char, outer: Outer) -> Step<String> {
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

    /// Goes to the next line inside a value that has not ended.
    fn next_inside(&mut self, outer: Outer) -> Step<()> {
        self.at += 1;
        match self.line() {
            None => {
                self.at -= 1;
                self.wrong("a value has no end")
            }
            Some(line)
                if line.start < line.end && outer.is_some_and(|outer| line.indent() <= outer) =>
            {
                self.wrong("a value has no end, or goes on without being indented")
            }
            Some(_) => Ok(()),
        }
    }

    /// The text of a scalar with its quotes, in which lines are folded.
    fn unquote(&self, raw: &str, quote: char) -> Step<String> {
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        let mut out = String::with_capacity(inner.len());
        // What blanks may not be taken from: they were written as escapes.
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

    /// Reads what is behind a backslash; gives what is behind that.
    fn escape<'b>(&self, rest: &'b str, out: &mut String) -> Step<&'b str> {
        let mut after = rest.chars();
        let digits = match after.next() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            // The line goes on in the next one.
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
                    _ => return self.wrong("a backslash is in front of what is no escape"),
                });
                return Ok(after.as_str());
            }
            None => return self.wrong("a backslash is in front of nothing"),
        };
        let number = |text: &str| {
            let digits =
                text.get(..digits).filter(|all| all.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let mut rest = after.as_str();
        let mut code = number(rest);
        rest = rest.get(digits..).unwrap_or_default();
        // A pair, as JSON writes it.
        if let Some(high @ 0xd800..0xdc00) = code
            && let Some(low @ 0xdc00..0xe000) = rest.strip_prefix("\\u").and_then(number)
        {
            code = Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            rest = rest.get(6..).unwrap_or_default();
        }
        let Some(character) = code.and_then(char::from_u32) else {
            return self.wrong("an escape stands for no character");
        };
        out.push(character);
        Ok(rest)
    }

    /// The first character of a flow collection that is not blank.
    fn peek(&mut self, place: &mut usize, outer: Outer) -> Step<char> {
        loop {
            let end = self.line().map_or(*place, |line| line.end);
            let rest = self.part(*place, end);
            let next = rest.trim_start_matches(BLANK);
            // A comment needs a blank in front.
            let is_comment = next.starts_with('#')
                && (next.len() < rest.len()
                    || self.line().is_some_and(|line| line.start == *place));
            match next.chars().next().filter(|_| !is_comment) {
                Some(character) => {
                    *place = end - next.len();
                    return Ok(character);
                }
                None => {
                    self.next_inside(outer)?;
                    *place = self.line().map_or(*place, |line| line.start);
                }
            }
        }
    }

    /// A value of a flow collection, or one itself.
    fn flow(&mut self, place: &mut usize, outer: Outer) -> Step<Value> {
        match self.peek(place, outer)? {
            '[' => self.nested(|this| this.flow_sequence(place, outer)),
            '{' => self.nested(|this| this.flow_mapping(place, outer)),
            quote @ ('"' | '\'') => self.quoted(place, quote, outer).map(Value::String),
            _ => {
                let text = self.flow_plain(place, outer)?;
                self.resolve(&text)
            }
        }
    }

    fn flow_sequence(&mut self, place: &mut usize, outer: Outer) -> Step<Value> {
        let mut out = Vec::new();
        *place += 1;
        loop {
            if self.peek(place, outer)? == ']' {
                *place += 1;
                return Ok(Value::Array(out));
            }
            self.count()?;
            out.push(self.flow(place, outer)?);
            self.separator(place, ']', outer)?;
        }
    }

    fn flow_mapping(&mut self, place: &mut usize, outer: Outer) -> Step<Value> {
        let mut out = Map::new();
        *place += 1;
        loop {
            let name = match self.peek(place, outer)? {
                '}' => {
                    *place += 1;
                    return Ok(Value::Object(out));
                }
                quote @ ('"' | '\'') => self.quoted(place, quote, outer)?,
                _ => self.flow_plain(place, outer)?,
            };
            self.count()?;
            if name == "<<" {
                return self.wrong("merge keys (<<) are not read here");
            }
            if out.contains_key(&name) {
                return self.wrong("a key is there twice");
            }
            let mut value = Value::Null;
            if self.peek(place, outer)? == ':' {
                *place += 1;
                if !matches!(self.peek(place, outer)?, ',' | '}') {
                    value = self.flow(place, outer)?;
                }
            }
            out.insert(name, value);
            self.separator(place, '}', outer)?;
        }
    }

    /// A comma, or the end.
    fn separator(&mut self, place: &mut usize, end: char, outer: Outer) -> Step<()> {
        match self.peek(place, outer)? {
            ',' => *place += 1,
            other if other == end => {}
            _ => return self.wrong("there is neither a comma nor the end of a collection"),
        }
        Ok(())
    }

    /// A plain scalar of a flow collection; its lines are folded.
    fn flow_plain(&mut self, place: &mut usize, outer: Outer) -> Step<String> {
        let mut out = String::new();
        loop {
            let end = self.line().map_or(*place, |line| line.end);
            let text = self.part(*place, end);
            let mut before = ' ';
            let stop = text.char_indices().find(|(at, one)| {
                let next = text.get(at + one.len_utf8()..).and_then(|after| after.chars().next());
                let before = std::mem::replace(&mut before, *one);
                match one {
                    ',' | '[' | ']' | '{' | '}' => true,
                    ':' => next.is_none_or(|next| " \t,[]{}".contains(next)),
                    '#' => before == ' ' || before == '\t',
                    _ => false,
                }
            });
            let length = stop.map_or(text.len(), |(at, _)| at);
            let part = text.get(..length).unwrap_or_default().trim_end_matches(BLANK);
            if out.is_empty() {
                self.check_plain(part)?;
            } else if !part.is_empty() {
                out.push(' ');
            }
            out.push_str(part);
            // Not past the blank that makes the rest a comment.
            *place += part.len();
            let next = self.peek(place, outer)?;
            if stop.is_some() || ",[]{}:\"'".contains(next) {
                return Ok(out);
            }
        }
    }
}

/// Whether there is nothing, or nothing but a comment.
fn is_blank(content: &str) -> bool {
    let content = content.trim_start_matches(BLANK);
    content.is_empty() || content.starts_with('#')
}

/// Whether a line is an entry of a sequence.
fn is_entry(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// A text without the comment at its end, and whether there was one.
fn without_comment(text: &str) -> (&str, bool) {
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.is_empty() || before.ends_with(BLANK)
    });
    let text = text.get(..comment.unwrap_or(text.len())).unwrap_or_default();
    (text.trim_end_matches(BLANK), comment.is_some())
}

/// The colon behind a plain key.
fn colon(text: &str) -> Option<usize> {
    let (text, _) = without_comment(text);
    text.match_indices(':').map(|(at, _)| at).find(|at| {
        let after = text.get(at + 1..).unwrap_or_default();
        after.is_empty() || after.starts_with(BLANK)
    })
}

/// The length of a quoted scalar at the beginning of a text, with its quotes.
fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => drop(characters.next()),
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            other if other == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Folds a line break: a blank, or the breaks of the blank lines behind it.
fn push_break(out: &mut String, blank: usize) {
    if blank == 0 {
        out.push(' ');
    } else {
        out.extend(std::iter::repeat_n('\n', blank));
    }
}

#[cfg(test)]
mod tests;
