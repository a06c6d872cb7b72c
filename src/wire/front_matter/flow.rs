//! Flow collections of YAML: `[...]` and `{...}`.

use serde_json::{Map, Value};

use super::{BLANK, Outer, YamlReader, YamlResult};

impl<'a> YamlReader<'a> {
    /// Skips blanks and comments of a flow collection, and returns the next
    /// character.
    fn peek(&mut self, place: &mut usize, outer: Outer) -> YamlResult<char> {
        loop {
            let end = self.line().map_or(*place, |line| line.end);
            let rest = self.part(*place, end);
            let next = rest.trim_start_matches(BLANK);
            // A comment needs a space before it.
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

    /// A value inside a flow collection, or the flow collection itself.
    pub(super) fn flow(&mut self, place: &mut usize, outer: Outer) -> YamlResult<Value> {
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

    fn flow_sequence(&mut self, place: &mut usize, outer: Outer) -> YamlResult<Value> {
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

    fn flow_mapping(&mut self, place: &mut usize, outer: Outer) -> YamlResult<Value> {
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
                return self.wrong("merge keys (<<) are not supported");
            }
            if out.contains_key(&name) {
                return self.wrong("a key occurs twice");
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

    /// Reads a comma, or stops before the end of the collection.
    fn separator(&mut self, place: &mut usize, end: char, outer: Outer) -> YamlResult<()> {
        match self.peek(place, outer)? {
            ',' => *place += 1,
            other if other == end => {}
            _ => return self.wrong("there is neither a comma nor the end of a collection"),
        }
        Ok(())
    }

    /// A plain scalar inside a flow collection. Line breaks are folded.
    fn flow_plain(&mut self, place: &mut usize, outer: Outer) -> YamlResult<String> {
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
            // The blank that begins a comment stays.
            *place += part.len();
            let next = self.peek(place, outer)?;
            if stop.is_some() || ",[]{}:\"'".contains(next) {
                return Ok(out);
            }
        }
    }
}
