//! The tools of a list, to be found by their names.
//!
//! Most programs read a list and call few of its tools. So reading a list only
//! appends its tools, and the first question builds the table of their names.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Facts about tools, by name.
#[derive(Debug)]
pub(crate) struct KnownTools<T> {
    /// In the order of the list. The last one of a name counts.
    entries: Vec<KnownTool<T>>,
    /// The names, one after another.
    names: String,
    /// A hash table with open addressing: the index of an entry and one, or 0.
    /// Its length is a power of two, or 0 before the first question. Servers
    /// choose the names, so the hash has a random key.
    table: Vec<u32>,
    hasher: RandomState,
    /// Twice the entries that [`KnownTools::forget`] left, or 0.
    most: usize,
}

/// Fewer entries are all kept.
const MANY: usize = 1 << 16;

#[derive(Debug)]
struct KnownTool<T> {
    name: TextPlace,
    facts: T,
}

/// The place of a text among others. There are many, so that it is small.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TextPlace {
    start: u32,
    end: u32,
}

impl TextPlace {
    /// Adds a text to others. `None` if a place in them would have too many bytes.
    #[inline(always)]
    pub(super) fn push(texts: &mut String, text: &str) -> Option<Self> {
        let start = u32::try_from(texts.len()).ok()?;
        let end = u32::try_from(texts.len() + text.len()).ok()?;
        texts.push_str(text);
        Some(Self { start, end })
    }

    #[inline(always)]
    pub(super) fn text(self, texts: &str) -> Option<&str> {
        texts.get(self.start as usize..self.end as usize)
    }
}

impl<T> Default for KnownTools<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            names: String::new(),
            table: Vec::new(),
            hasher: RandomState::new(),
            most: 0,
        }
    }
}

impl<T> KnownTools<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.names.clear();
        self.table.clear();
        self.most = 0;
    }

    /// Adds a tool. It replaces one of the same name once the table is built;
    /// before, both are kept until then.
    pub(crate) fn put(&mut self, name: &str, facts: T) {
        if !self.table.is_empty() {
            if let Some(known) = self.get_mut(name) {
                *known = facts;
                return;
            }
            // At most half of the table is used.
            if (self.entries.len() + 1) * 2 > self.table.len() {
                self.table.clear();
            }
        }
        // The names of a server never have so many bytes.
        let Some(name) = TextPlace::push(&mut self.names, name) else { return };
        self.entries.push(KnownTool { name, facts });
        if !self.table.is_empty() {
            self.enter(self.entries.len() - 1);
        }
    }

    /// The facts about a tool.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.build();
        let slot = self.slot(name)?;
        let at = self.table.get(slot)?.checked_sub(1)?;
        self.entries.get_mut(at as usize).map(|entry| &mut entry.facts)
    }

    /// Builds the table, if there is none.
    pub(crate) fn build(&mut self) {
        if self.table.is_empty() && !self.entries.is_empty() {
            self.table.resize((self.entries.len() * 4).next_power_of_two(), 0);
            for at in 0..self.entries.len() {
                self.enter(at);
            }
        }
    }

    /// Whether the entries are so many that [`KnownTools::forget`] is due.
    pub(crate) fn are_many(&self) -> bool {
        self.entries.len() >= self.most.max(MANY)
    }

    /// Forgets the tools that are not needed, and those that a later one of their
    /// name has replaced.
    #[cold]
    pub(crate) fn forget(&mut self, is_needed: impl Fn(&T) -> bool) {
        self.build();
        let mut is_last = vec![false; self.entries.len()];
        for number in &self.table {
            if let Some(last) = number.checked_sub(1).and_then(|at| is_last.get_mut(at as usize)) {
                *last = true;
            }
        }
        let names = std::mem::take(&mut self.names);
        let mut is_last = is_last.into_iter();
        self.entries.retain_mut(|entry| {
            let is_kept = is_last.next().unwrap_or(false) && is_needed(&entry.facts);
            if is_kept {
                let name = entry.name.text(&names).unwrap_or_default();
                entry.name = TextPlace::push(&mut self.names, name).unwrap_or_default();
            }
            is_kept
        });
        self.table.clear();
        self.most = 2 * self.entries.len();
    }

    /// Enters a tool into the table, in the place of an earlier one of its name.
    fn enter(&mut self, at: usize) {
        let name = self.entries.get(at).map(|entry| self.name(entry));
        let slot = name.and_then(|name| self.slot(name));
        if let (Some(place), Ok(number)) =
            (slot.and_then(|slot| self.table.get_mut(slot)), u32::try_from(at + 1))
        {
            *place = number;
        }
    }

    fn name(&self, entry: &KnownTool<T>) -> &str {
        entry.name.text(&self.names).unwrap_or_default()
    }

    /// The place of a name in the table, or the free place where it belongs.
    fn slot(&self, name: &str) -> Option<usize> {
        let last = self.table.len().checked_sub(1)?;
        let mut slot = self.hasher.hash_one(name) as usize & last;
        loop {
            let Some(at) = self.table.get(slot)?.checked_sub(1) else { return Some(slot) };
            if self.entries.get(at as usize).is_some_and(|entry| self.name(entry) == name) {
                return Some(slot);
            }
            slot = (slot + 1) & last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn finds_what_a_map_finds() {
        let mut seed = 5u64;
        let mut below = |end: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % end
        };
        for _ in 0..20 {
            let (mut known, mut map) = (KnownTools::default(), HashMap::new());
            for step in 0..1_000 {
                let name = format!("tool {}", below(300));
                match below(300) {
                    0 => {
                        known.clear();
                        map.clear();
                    }
                    1..100 => assert_eq!(known.get_mut(&name).copied(), map.get(&name).copied()),
                    _ => {
                        known.put(&name, step);
                        map.insert(name, step);
                    }
                }
                assert_eq!(known.is_empty(), map.is_empty());
            }
            for (name, step) in &map {
                assert_eq!(known.get_mut(name), Some(&mut step.clone()));
            }
        }
    }

    #[test]
    fn forgets_what_no_question_finds() {
        let (mut known, mut map) = (KnownTools::default(), HashMap::new());
        for step in 0..300_000 {
            let name = format!("tool {}", step * 7919 % 9973);
            known.put(&name, step);
            if step % 3 > 0 {
                map.insert(name, step);
            } else {
                map.remove(&name);
            }
            if known.are_many() {
                known.forget(|step| step % 3 > 0);
            }
            assert!(known.entries.len() <= MANY && known.names.len() <= MANY * 9);
        }
        known.forget(|step| step % 3 > 0);
        assert_eq!(known.entries.len(), map.len());
        for (name, step) in &map {
            assert_eq!(known.get_mut(name), Some(&mut step.clone()));
        }
        known.forget(|_| false);
        assert!(known.is_empty() && known.get_mut("tool 1").is_none());
        // Names that all count are kept, and are searched seldom.
        let mut count = 0;
        for step in 0..4 * MANY {
            known.put(&step.to_string(), step);
            if known.are_many() {
                known.forget(|_| true);
                count += 1;
            }
        }
        assert_eq!((count, known.entries.len()), (3, 4 * MANY));
        assert_eq!(known.get_mut("77777"), Some(&mut 77777));
    }

    #[test]
    fn keeps_a_name_once_after_the_first_question() {
        let mut known = KnownTools::default();
        known.put("a", 1);
        assert!(known.get_mut("b").is_none());
        for value in 0..100 {
            known.put("a", value);
            known.put("", value);
        }
        assert_eq!((known.entries.len(), known.names.len()), (2, 1));
        assert_eq!(known.get_mut("a"), Some(&mut 99));
        assert_eq!(known.get_mut(""), Some(&mut 99));
    }
}
