//! Compiles the keywords of a schema to rules.

use std::collections::HashMap;

use crate::base::error::quote;
use crate::protocol::schema::pattern::Pattern;
use crate::protocol::schema::reference;
use crate::protocol::schema::rule::{
    Bound, Conditional, Contains, Counted, KnownValue, MemberRules, Node, NodeId, Rule, Types,
};
use crate::wire::json_canonical::{push_canonical, sorted_members, string};
use crate::wire::json_decimal::Decimal;
use crate::wire::tape::{Place, Tape};

/// Limits that a schema of a real tool does not reach.
const MOST_NODES: usize = 20_000;
/// The most bytes of all compiled patterns together.
const MOST_PATTERN_BYTES: usize = 256 << 10;
const MOST_REFERENCES: usize = 1000;

/// The drafts that differ in how they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    /// Drafts 6 and 7. Draft 4 differs in `exclusiveMinimum` and is read as well.
    Seven,
    D2019,
    D2020,
}

impl Draft {
    fn of(uri: &str) -> Option<Self> {
        let uri = uri.strip_suffix('#').unwrap_or(uri);
        let (_, name) = uri.split_once("://json-schema.org/")?;
        Some(match name {
            "draft-04/schema" | "draft-06/schema" | "draft-07/schema" | "schema" => Self::Seven,
            "draft/2019-09/schema" => Self::D2019,
            "draft/2020-12/schema" => Self::D2020,
            _ => return None,
        })
    }
}

type Compiled<T> = Result<T, String>;

pub(super) struct Compiler<'a> {
    text: &'a str,
    tape: &'a Tape,
    draft: Draft,
    own_uri: Option<String>,
    nodes: Vec<Node>,
    by_place: HashMap<Place, NodeId>,
    references: HashMap<String, Place>,
    /// Read when a reference has an anchor for the first time.
    anchors: Option<HashMap<String, Place>>,
    /// Nodes without rules so far.
    pending: Vec<(Place, NodeId)>,
    pattern_bytes: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(text: &'a str, tape: &'a Tape) -> Compiled<Self> {
        let member = |name| {
            let raw = tape.member(text, 0, name).map(|place| tape.text(text, place));
            raw.filter(|raw| raw.starts_with('"')).map(string)
        };
        // The specification's default, from revision 2025-11-25 on.
        let draft = match member("$schema") {
            None => Draft::D2020,
            Some(uri) => Draft::of(&uri)
                .ok_or_else(|| format!("its \"$schema\" is not a known draft: {uri}"))?,
        };
        Ok(Self {
            text,
            tape,
            draft,
            own_uri: member("$id"),
            nodes: Vec::new(),
            by_place: HashMap::new(),
            references: HashMap::new(),
            anchors: None,
            pending: Vec::new(),
            pattern_bytes: 0,
        })
    }

    /// The nodes of the schema and of every subschema that it uses. Subschemas
    /// are queued, so that their depth takes no stack.
    pub(super) fn compile(mut self) -> Compiled<Vec<Node>> {
        self.node(0)?;
        while let Some((place, id)) = self.pending.pop() {
            let node = self.rules(place)?;
            if let Some(slot) = self.nodes.get_mut(id) {
                *slot = node;
            }
        }
        Ok(self.nodes)
    }

    fn raw(&self, place: Place) -> &'a str {
        self.tape.text(self.text, place)
    }

    fn node(&mut self, place: Place) -> Compiled<NodeId> {
        if let Some(id) = self.by_place.get(&place) {
            return Ok(*id);
        }
        let id = self.nodes.len();
        if id >= MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} subschemas"));
        }
        self.nodes.push(Node::default());
        self.by_place.insert(place, id);
        self.pending.push((place, id));
        Ok(id)
    }

    fn rules(&mut self, place: Place) -> Compiled<Node> {
        match self.raw(place) {
            "true" => return Ok(Node::default()),
            "false" => return Ok(Node { rules: vec![Rule::Never], has_unevaluated: false }),
            raw if raw.starts_with('{') => {}
            raw => return Err(format!("this is not a schema: {}", quote(raw))),
        }
        let members = sorted_members(self.text, self.tape, place);
        let keywords = Keywords(&members);
        let mut rules = Vec::new();
        if let Some(place) = keywords.get("$ref") {
            rules.push(Rule::Reference(self.reference(place)?));
            if self.draft == Draft::Seven {
                // The other keywords beside it are ignored.
                return Ok(Node { rules, has_unevaluated: false });
            }
        }
        if let Some(id) = keywords.get("$id").filter(|_| place != 0) {
            let is_anchor = self.draft == Draft::Seven && self.raw(id).starts_with("\"#");
            if !is_anchor {
                return Err("a subschema has an \"$id\": references to it are not resolved".into());
            }
        }
        for (name, place) in &members {
            self.keyword(name, *place, &mut rules)?;
        }
        self.of_object(&keywords, &mut rules)?;
        self.of_array(&keywords, &mut rules)?;
        self.conditional(&keywords, &mut rules)?;
        let has_unevaluated = self.unevaluated(&keywords, &mut rules)?;
        Ok(Node { rules, has_unevaluated })
    }

    /// A keyword that means the same whatever is beside it.
    fn keyword(&mut self, name: &str, place: Place, rules: &mut Vec<Rule>) -> Compiled<()> {
        rules.push(match name {
            "type" => Rule::Types(self.types(place)?),
            "enum" => {
                let places: Vec<Place> = self.elements(name, place)?;
                if places.is_empty() {
                    rules.push(Rule::Never);
                    return Ok(());
                }
                Rule::OneOfValues(places.into_iter().map(|place| self.value(place)).collect())
            }
            "const" => Rule::OneOfValues(vec![self.value(place)]),
            "minimum" => Rule::Bound(Bound::Minimum, self.number(name, place)?),
            "maximum" => Rule::Bound(Bound::Maximum, self.number(name, place)?),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                // Draft 4 has a boolean beside the bound.
                if let "true" | "false" = self.raw(place) {
                    return Err(format!("its \"{name}\" is that of draft 4"));
                }
                let is_least = name == "exclusiveMinimum";
                let bound =
                    if is_least { Bound::ExclusiveMinimum } else { Bound::ExclusiveMaximum };
                Rule::Bound(bound, self.number(name, place)?)
            }
            "multipleOf" => {
                let divisor = self.number(name, place)?;
                if !divisor.is_positive() || divisor.is_multiple_of(&divisor).is_none() {
                    return Err(self.wrong(name, place, "a usable positive number"));
                }
                Rule::MultipleOf(divisor)
            }
            "minLength" => Rule::AtLeast(Counted::Characters, self.count(name, place)?),
            "maxLength" => Rule::AtMost(Counted::Characters, self.count(name, place)?),
            "minItems" => Rule::AtLeast(Counted::Items, self.count(name, place)?),
            "maxItems" => Rule::AtMost(Counted::Items, self.count(name, place)?),
            "minProperties" => Rule::AtLeast(Counted::Members, self.count(name, place)?),
            "maxProperties" => Rule::AtMost(Counted::Members, self.count(name, place)?),
            "pattern" => {
                let source = self.string(name, place)?;
                Rule::Pattern(Box::new(self.pattern(&source)?))
            }
            "uniqueItems" => match self.raw(place) {
                "true" => Rule::UniqueItems,
                "false" => return Ok(()),
                _ => return Err(self.wrong(name, place, "true or false")),
            },
            "required" => Rule::Required(self.strings(name, place)?),
            "propertyNames" => Rule::PropertyNames(self.node(place)?),
            "allOf" => Rule::AllOf(self.schemas(name, place)?),
            "anyOf" => Rule::AnyOf(self.schemas(name, place)?),
            "oneOf" => Rule::OneOf(self.schemas(name, place)?),
            "not" => Rule::Not(self.node(place)?),
            // In one document, the dynamic target is the static one.
            "$dynamicRef" if self.draft == Draft::D2020 => Rule::Reference(self.reference(place)?),
            "$recursiveRef" if self.draft == Draft::D2019 => {
                Rule::Reference(self.reference(place)?)
            }
            "dependencies" | "dependentRequired" | "dependentSchemas" => {
                return self.dependent(name, place, rules);
            }
            _ => return Ok(()),
        });
        Ok(())
    }

    fn of_object(&mut self, keywords: &Keywords<'_>, rules: &mut Vec<Rule>) -> Compiled<()> {
        let mut members = MemberRules::default();
        if let Some(place) = keywords.get("properties") {
            members.properties = self.named_schemas("properties", place)?;
        }
        if let Some(place) = keywords.get("patternProperties") {
            for (source, schema) in self.named_schemas("patternProperties", place)? {
                members.patterns.push((self.pattern(&source)?, schema));
            }
        }
        if let Some(place) = keywords.get("additionalProperties") {
            members.additional = Some(self.node(place)?);
        }
        let is_empty = members.properties.is_empty() && members.patterns.is_empty();
        if !is_empty || members.additional.is_some() {
            rules.push(Rule::Members(Box::new(members)));
        }
        Ok(())
    }

    fn of_array(&mut self, keywords: &Keywords<'_>, rules: &mut Vec<Rule>) -> Compiled<()> {
        let items = keywords.get("items");
        let is_array = items.is_some_and(|place| self.raw(place).starts_with('['));
        let (prefix, rest) = match self.draft {
            Draft::D2020 => (keywords.get("prefixItems").map(|it| ("prefixItems", it)), items),
            _ if is_array => (items.map(|it| ("items", it)), keywords.get("additionalItems")),
            _ => (None, items),
        };
        let mut start = 0;
        if let Some((name, place)) = prefix {
            let prefix = self.schemas(name, place)?;
            start = prefix.len();
            rules.push(Rule::Prefix(prefix));
        }
        if let Some(place) = rest {
            rules.push(Rule::Items(start, self.node(place)?));
        }
        if let Some(place) = keywords.get("contains") {
            let (mut least, mut most) = (1, usize::MAX);
            if self.draft >= Draft::D2019 {
                if let Some(place) = keywords.get("minContains") {
                    least = self.count("minContains", place)?;
                }
                if let Some(place) = keywords.get("maxContains") {
                    most = self.count("maxContains", place)?;
                }
            }
            let (schema, evaluates) = (self.node(place)?, self.draft == Draft::D2020);
            rules.push(Rule::Contains(Box::new(Contains { schema, least, most, evaluates })));
        }
        Ok(())
    }

    fn conditional(&mut self, keywords: &Keywords<'_>, rules: &mut Vec<Rule>) -> Compiled<()> {
        let Some(condition) = keywords.get("if") else { return Ok(()) };
        let condition = self.node(condition)?;
        let then = keywords.get("then").map(|place| self.node(place)).transpose()?;
        let otherwise = keywords.get("else").map(|place| self.node(place)).transpose()?;
        rules.push(Rule::If(Box::new(Conditional { condition, then, otherwise })));
        Ok(())
    }

    /// These come last: they depend on what the other rules have looked at.
    fn unevaluated(&mut self, keywords: &Keywords<'_>, rules: &mut Vec<Rule>) -> Compiled<bool> {
        if self.draft < Draft::D2019 {
            return Ok(false);
        }
        let before = rules.len();
        if let Some(place) = keywords.get("unevaluatedItems") {
            rules.push(Rule::UnevaluatedItems(self.node(place)?));
        }
        if let Some(place) = keywords.get("unevaluatedProperties") {
            rules.push(Rule::UnevaluatedProperties(self.node(place)?));
        }
        Ok(rules.len() > before)
    }

    /// `dependencies` has arrays and schemas. From draft 2019-09 on there is a
    /// keyword for each.
    fn dependent(&mut self, name: &str, place: Place, rules: &mut Vec<Rule>) -> Compiled<()> {
        if (name == "dependencies") != (self.draft == Draft::Seven) {
            return Ok(());
        }
        for (member, place) in self.members(name, place)? {
            let is_array = self.raw(place).starts_with('[');
            rules.push(if is_array && name != "dependentSchemas" {
                Rule::DependentRequired(member, self.strings(name, place)?)
            } else if name == "dependentRequired" {
                return Err(self.wrong(name, place, "an array of names"));
            } else {
                Rule::DependentSchema(member, self.node(place)?)
            });
        }
        Ok(())
    }

    fn reference(&mut self, place: Place) -> Compiled<NodeId> {
        let reference = self.string("$ref", place)?;
        let known = self.references.get(&reference).copied();
        let target = match known {
            Some(target) => target,
            None if self.references.len() >= MOST_REFERENCES => {
                return Err(format!("it has more than {MOST_REFERENCES} references"));
            }
            None => {
                let own_uri = self.own_uri.as_deref();
                let (text, tape, anchors) = (self.text, self.tape, &mut self.anchors);
                let anchor = |name: &str| {
                    let all = anchors.get_or_insert_with(|| reference::anchors(text, tape));
                    all.get(name).copied()
                };
                let target = reference::resolve(text, tape, own_uri, &reference, anchor)?;
                self.references.insert(reference, target);
                target
            }
        };
        self.node(target)
    }

    fn pattern(&mut self, source: &str) -> Compiled<Pattern> {
        let pattern = Pattern::new(source)?;
        self.pattern_bytes += pattern.size;
        if self.pattern_bytes > MOST_PATTERN_BYTES {
            return Err(format!("its patterns take more than {MOST_PATTERN_BYTES} bytes"));
        }
        Ok(pattern)
    }

    fn types(&self, place: Place) -> Compiled<Types> {
        let named = |place: Place| {
            let named = Some(self.raw(place)).filter(|raw| raw.starts_with('"'));
            let types = named.and_then(|raw| Types::named(&string(raw)));
            types.ok_or_else(|| self.wrong("type", place, "a type or an array of types"))
        };
        if !self.raw(place).starts_with('[') {
            return named(place);
        }
        let mut all = Types::NONE;
        for element in self.tape.elements(self.text, place) {
            all = all.or(named(element)?);
        }
        if all == Types::NONE {
            return Err(self.wrong("type", place, "a type or an array of types"));
        }
        Ok(all)
    }

    fn number(&self, name: &str, place: Place) -> Compiled<Decimal> {
        match self.raw(place) {
            raw if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                Ok(Decimal::parse(raw))
            }
            _ => Err(self.wrong(name, place, "a number")),
        }
    }

    /// A count. One that is too large to be reached is the largest.
    fn count(&self, name: &str, place: Place) -> Compiled<usize> {
        let number = self.number(name, place)?;
        if !number.is_integer() || number.compare(&Decimal::parse("0")).is_lt() {
            return Err(self.wrong(name, place, "a whole number from 0 on"));
        }
        Ok(number.count().unwrap_or(usize::MAX))
    }

    fn string(&self, name: &str, place: Place) -> Compiled<String> {
        match self.raw(place) {
            raw if raw.starts_with('"') => Ok(string(raw)),
            _ => Err(self.wrong(name, place, "a string")),
        }
    }

    fn strings(&self, name: &str, place: Place) -> Compiled<Vec<String>> {
        self.elements(name, place)?.into_iter().map(|place| self.string(name, place)).collect()
    }

    fn schemas(&mut self, name: &str, place: Place) -> Compiled<Vec<NodeId>> {
        self.elements(name, place)?.into_iter().map(|place| self.node(place)).collect()
    }

    fn named_schemas(&mut self, name: &str, place: Place) -> Compiled<Vec<(String, NodeId)>> {
        let members = self.members(name, place)?;
        members.into_iter().map(|(name, place)| Ok((name, self.node(place)?))).collect()
    }

    fn elements(&self, name: &str, place: Place) -> Compiled<Vec<Place>> {
        if !self.raw(place).starts_with('[') {
            return Err(self.wrong(name, place, "an array"));
        }
        Ok(self.tape.elements(self.text, place).collect())
    }

    fn members(&self, name: &str, place: Place) -> Compiled<Vec<(String, Place)>> {
        if !self.raw(place).starts_with('{') {
            return Err(self.wrong(name, place, "an object"));
        }
        Ok(sorted_members(self.text, self.tape, place))
    }

    fn value(&self, place: Place) -> KnownValue {
        let mut canonical = String::new();
        push_canonical(&mut canonical, self.text, self.tape, place);
        KnownValue { canonical, shown: quote(self.raw(place)) }
    }

    #[cold]
    fn wrong(&self, name: &str, place: Place, wanted: &str) -> String {
        format!("its \"{name}\" is not {wanted}: {}", quote(self.raw(place)))
    }
}

/// The members of a schema, sorted by name.
struct Keywords<'a>(&'a [(String, Place)]);

impl Keywords<'_> {
    fn get(&self, name: &str) -> Option<Place> {
        let at = self.0.binary_search_by(|(its, _)| its.as_str().cmp(name)).ok()?;
        self.0.get(at).map(|(_, place)| *place)
    }
}
