//! A small map from numbers to values. New numbers are mostly the largest.

use std::collections::VecDeque;

/// Sorted by number: lookups are quick, a new number goes to the end, and most
/// are removed near the beginning.
#[derive(Debug)]
pub(crate) struct Numbered<T>(VecDeque<(u64, T)>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Numbered<T> {
    /// Adds a value, or replaces the value that has this number.
    pub(crate) fn insert(&mut self, number: u64, thing: T) {
        match self.place(number) {
            Ok(at) => {
                if let Some(one) = self.0.get_mut(at) {
                    one.1 = thing;
                }
            }
            Err(at) => self.0.insert(at, (number, thing)),
        }
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let at = self.place(number).ok()?;
        self.0.remove(at).map(|(_, thing)| thing)
    }

    /// Removes the value with the smallest number.
    pub(crate) fn pop_first(&mut self) -> Option<T> {
        self.0.pop_front().map(|(_, thing)| thing)
    }

    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.0.retain(|(_, thing)| keeps(thing));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(u64, T)> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (u64, T)> {
        self.0.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, number: u64) -> Result<usize, usize> {
        match self.0.back() {
            Some((last, _)) if *last < number => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&number, |(one, _)| *one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_the_numbers() {
        let mut all = Numbered::default();
        for number in [3, 1, 5, 2, 5] {
            all.insert(number, number * 10);
        }
        assert_eq!((all.len(), all.remove(3), all.remove(4)), (4, Some(30), None));
        assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 5]);
        all.retain(|thing| *thing != 20);
        assert_eq!((all.pop_first(), all.pop_first(), all.pop_first()), (Some(10), Some(50), None));
        assert!(all.is_empty());
    }
}
