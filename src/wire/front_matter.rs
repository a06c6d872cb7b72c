//! Front matter: reads the subset of YAML that authors write above a text, as
//! JSON.
//!
//! Mappings, sequences, plain, quoted and block scalars, flow collections and
//! comments are read by the rules of YAML 1.2 with its core schema. Features
//! that expand a text or have a special meaning are rejected: anchors, aliases,
//! tags, merge keys, complex keys, directives and duplicate keys.

use serde_json::{Map, Value};

mod flow;
mod scalar;

/// The limits for the number of values and for their nesting.
const NODES: usize = 10_000;
const DEPTH: usize = 64;

/// White space inside a line. Other spaces of Unicode are ordinary text.
const BLANK: [char; 2] = [' ', '\t'];

const TAB: &str = "a tab indents it, where blanks have to";

/// Parses a text. An error names the line; the first line has the number
/// `first`.
pub(crate) fn parse(text: &str, first: usize) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = YamlReader { text, lines: Vec::new(), at: 0, first, nodes: 0, depth: 0 };
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
struct SourceLine {
    /// The positions of the line's beginning, of its content and of its end.
    begin: usize,
    start: usize,
    end: usize,
}

impl SourceLine {
    fn indent(self) -> usize {
        self.start - self.begin
    }
}

struct YamlReader<'a> {
    text: &'a str,
    lines: Vec<SourceLine>,
    /// The index of the current line.
    at: usize,
    first: usize,
    nodes: usize,
    depth: usize,
}

type YamlResult<T> = Result<T, String>;

/// The indentation of the collection around a value; `None` for the outermost
/// value.
type Outer = Option<usize>;

impl<'a> YamlReader<'a> {
    /// Splits the text into lines.
    fn cut(&mut self) -> YamlResult<()> {
        let mut begin = 0;
        for whole in self.text.split_inclusive('\n') {
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let start = begin + line.len() - line.trim_start_matches(' ').len();
            self.lines.push(SourceLine { begin, start, end: begin + line.len() });
            if line.chars().any(|one| one != '\t' && one.is_control() && one != '\u{85}') {
                self.at = self.lines.len() - 1;
                return self.wrong("there is a control character");
            }
            begin += whole.len();
        }
        Ok(())
    }

    fn wrong<T>(&self, what: &str) -> YamlResult<T> {
        Err(format!("line {}: {what}", self.first + self.at.min(self.lines.len())))
    }

    fn line(&self) -> Option<SourceLine> {
        self.lines.get(self.at).copied()
    }

    fn part(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn content(&self) -> &'a str {
        self.line().map_or("", |line| self.part(line.start, line.end))
    }

    /// Skips blank lines and comments.
    fn skip_blank(&mut self) {
        while self.at < self.lines.len() && is_blank(self.content()) {
            self.at += 1;
        }
    }

    fn count(&mut self) -> YamlResult<()> {
        self.nodes += 1;
        if self.nodes > NODES {
            return self.wrong(&format!("there are more than {NODES} values"));
        }
        Ok(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> YamlResult<T>) -> YamlResult<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.wrong(&format!("more than {DEPTH} values are inside each other"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The value that begins at the content of the current line.
    fn block(&mut self, outer: Outer) -> YamlResult<Value> {
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

    fn mapping(&mut self, indent: usize) -> YamlResult<Value> {
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

    fn sequence(&mut self, indent: usize) -> YamlResult<Value> {
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
            // The text after the dash is read like a separate line.
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
    fn below(&mut self, indent: usize, is_member: bool) -> YamlResult<Value> {
        self.at += 1;
        self.skip_blank();
        match self.line() {
            Some(line) if line.indent() > indent => self.block(Some(indent)),
            // A sequence may have the same indentation as its key.
            Some(line) if is_member && line.indent() == indent && is_entry(self.content()) => {
                self.nested(|this| this.sequence(indent))
            }
            _ => self.count().map(|()| Value::Null),
        }
    }

    /// The key at the beginning of a line, and the position of the text after
    /// its colon.
    fn key(&self, line: SourceLine) -> YamlResult<Option<(String, usize)>> {
        let content = self.part(line.start, line.end);
        let (name, after) = match content.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                // A quoted text that continues on the next line is no key.
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

    /// The value that begins at a position of the current line; there is no
    /// blank at this position.
    fn value(&mut self, start: usize, outer: Outer) -> YamlResult<Value> {
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

    /// Advances to the next line. Only a comment may follow the position.
    fn end_at(&mut self, place: usize) -> YamlResult<()> {
        let end = self.line().map_or(place, |line| line.end);
        let rest = self.part(place, end);
        if !is_blank(rest) || rest.starts_with('#') {
            return self.wrong("there is more behind the end of a value");
        }
        self.at += 1;
        Ok(())
    }

    /// Advances to the next line inside a value that has not ended.
    fn next_inside(&mut self, outer: Outer) -> YamlResult<()> {
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
}

/// Whether the text is empty or only a comment.
fn is_blank(content: &str) -> bool {
    let content = content.trim_start_matches(BLANK);
    content.is_empty() || content.starts_with('#')
}

/// Whether a line is an entry of a sequence.
fn is_entry(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// A text without its comment, and whether it had one.
fn without_comment(text: &str) -> (&str, bool) {
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        before.is_empty() || before.ends_with(BLANK)
    });
    let text = text.get(..comment.unwrap_or(text.len())).unwrap_or_default();
    (text.trim_end_matches(BLANK), comment.is_some())
}

/// The position of the colon after a plain key.
fn colon(text: &str) -> Option<usize> {
    let (text, _) = without_comment(text);
    text.match_indices(':').map(|(at, _)| at).find(|at| {
        let after = text.get(at + 1..).unwrap_or_default();
        after.is_empty() || after.starts_with(BLANK)
    })
}

/// The length, with quotes, of the quoted scalar at the beginning of a text.
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

#[cfg(test)]
mod tests;
