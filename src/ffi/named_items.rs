//! The items of a list with their names.

use std::ffi::c_char;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::ffi::view::View;

/// The items of a list. Most programs read the names of all, so these are made
/// together: an allocation for each name would take longer than the copy.
#[derive(Debug)]
pub(crate) struct NamedItems<T> {
    items: Vec<T>,
    /// What the names of the items point into.
    _texts: Vec<Box<[u8]>>,
}

/// A name that ends with a NUL; `None` if the item has no name that is a string.
/// It belongs to the [`NamedItems`] of the item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemName(Option<NonNull<c_char>>);

// SAFETY: the text never changes, and outlives the item.
unsafe impl Send for ItemName {}
// SAFETY: as above.
unsafe impl Sync for ItemName {}

impl ItemName {
    #[inline(always)]
    pub(crate) fn pointer(self) -> *const c_char {
        self.0.map_or(std::ptr::null(), |name| name.as_ptr())
    }
}

impl<T> Default for NamedItems<T> {
    fn default() -> Self {
        Self { items: Vec::new(), _texts: Vec::new() }
    }
}

impl<T> NamedItems<T> {
    /// Adds the items of a page.
    pub(crate) fn add(&mut self, page: &View, member: &str, make: impl Fn(View, ItemName) -> T) {
        let mut texts = Vec::new();
        let views = page.named_elements(member, "name", &mut texts);
        let mut texts = texts.into_boxed_slice();
        let start = texts.as_mut_ptr();
        let items = views.into_iter().map(|(view, at)| {
            let name = at.filter(|at| *at < texts.len());
            // SAFETY: the place is inside the texts.
            let name = name.map(|at| unsafe { start.add(at) });
            make(view, ItemName(name.and_then(|name| NonNull::new(name.cast()))))
        });
        self.items.extend(items);
        self._texts.push(texts);
    }

    pub(crate) fn retain(&mut self, is_kept: impl FnMut(&T) -> bool) {
        self.items.retain(is_kept);
    }
}

impl<T> Deref for NamedItems<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.items
    }
}
