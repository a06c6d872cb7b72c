//! Parts of an answer as C reads them: texts that are made when they are first
//! asked for, and then stay where they are.

use std::ffi::c_char;
use std::sync::{Arc, OnceLock};

use crate::client::{Answer, Item, unescape};
use crate::ffi::argument::store;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;

/// Bytes with a NUL behind them.
#[derive(Debug, Default)]
pub(crate) struct Lent(Box<[u8]>);

impl Lent {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Self(bytes.into())
    }

    /// A JSON string as plain text.
    pub(crate) fn of_string(raw: &str) -> Self {
        Self(unescape(raw).into())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.0.get(..self.len()).unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) fn pointer(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// Lends a text of a handle; NULL where there is none.
///
/// # Safety
///
/// `handle` is NULL or alive, and outlives what is lent.
pub(crate) unsafe fn lend<T>(
    handle: *const T,
    get: impl FnOnce(&T) -> Option<&Lent>,
) -> *const c_char {
    // SAFETY: as the caller says.
    read_or(std::ptr::null(), || get(unsafe { peek(handle) }?).map(Lent::pointer))
}

/// Lends a text of a handle and stores its length where that is wanted.
///
/// # Safety
///
/// As for [`lend`]; `len` is NULL or may be written to.
pub(crate) unsafe fn lend_long<T>(
    handle: *const T,
    len: *mut usize,
    get: impl FnOnce(&T) -> Option<&Lent>,
) -> *const c_char {
    // SAFETY: as the caller says.
    unsafe { store(len, 0) };
    read_or(std::ptr::null(), || {
        // SAFETY: as the caller says.
        let text = get(unsafe { peek(handle) }?)?;
        // SAFETY: as the caller says.
        unsafe { store(len, text.len()) };
        Some(text.pointer())
    })
}

/// Reads something of a handle; `otherwise` where there is none.
///
/// # Safety
///
/// `handle` is NULL or alive.
pub(crate) unsafe fn tell<T, R>(
    handle: *const T,
    otherwise: R,
    get: impl FnOnce(&T) -> Option<R>,
) -> R {
    // SAFETY: as the caller says.
    read_or(otherwise, || get(unsafe { peek(handle) }?))
}

/// Lends a part of a handle; NULL where there is none.
///
/// # Safety
///
/// As for [`lend`].
pub(crate) unsafe fn lend_part<T, R>(
    handle: *const T,
    get: impl FnOnce(&T) -> Option<&R>,
) -> *const R {
    // SAFETY: as the caller says.
    read_or(std::ptr::null(), || get(unsafe { peek(handle) }?).map(std::ptr::from_ref))
}

/// An object of an answer, and what was lent of it.
#[derive(Debug)]
pub(crate) struct View {
    answer: Arc<Answer>,
    item: Item,
    whole: OnceLock<Lent>,
    /// A text that is made of its parts.
    extra: OnceLock<Option<Lent>>,
    /// One for each member, made with the first text that is lent.
    lent: OnceLock<Box<[OnceLock<Lent>]>>,
}

impl View {
    pub(crate) fn new(answer: &Arc<Answer>, item: Item) -> Self {
        Self {
            answer: answer.clone(),
            item,
            whole: OnceLock::new(),
            extra: OnceLock::new(),
            lent: OnceLock::new(),
        }
    }

    /// The objects of the array that is a member of the answer.
    pub(crate) fn all(answer: &Arc<Answer>, member: &str) -> Vec<Self> {
        let text = answer.json();
        let Some(array) = Item::member(text, member) else { return Vec::new() };
        Item::all(text, array).into_iter().map(|item| Self::new(answer, item)).collect()
    }

    /// The whole answer.
    pub(crate) fn root(answer: &Arc<Answer>) -> Option<Self> {
        Item::root(answer.json()).map(|item| Self::new(answer, item))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.item.find(self.answer.json(), name)
    }

    /// A member as raw JSON.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let member = self.item.members.get(self.place(name)?)?;
        self.answer.json().get(member.value.clone())
    }

    /// A member that is an object, as a view of its own.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        let raw = self.raw(name)?;
        Item::inside(self.answer.json(), raw).map(|item| Self::new(&self.answer, item))
    }

    /// The objects of a member that is an array.
    pub(crate) fn array(&self, name: &str) -> Vec<Self> {
        let Some(raw) = self.raw(name) else { return Vec::new() };
        let items = Item::all(self.answer.json(), raw).into_iter();
        items.map(|item| Self::new(&self.answer, item)).collect()
    }

    /// A member that is a string, as plain text.
    pub(crate) fn string(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| raw.starts_with('"').then(|| Lent::of_string(raw)))
    }

    /// A member as JSON text; null counts as absent.
    pub(crate) fn json(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| (raw != "null").then(|| Lent::new(raw)))
    }

    /// A member as JSON text, null among them.
    pub(crate) fn value(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| Some(Lent::new(raw)))
    }

    /// A member has one form in which it is lent.
    fn lent(&self, name: &str, make: impl FnOnce(&str) -> Option<Lent>) -> Option<&Lent> {
        let place = self.place(name)?;
        let all = self.lent.get_or_init(|| {
            self.item.members.iter().map(|_| OnceLock::new()).collect::<Vec<_>>().into()
        });
        let slot = all.get(place)?;
        if let Some(lent) = slot.get() {
            return Some(lent);
        }
        let raw = self.answer.json().get(self.item.members.get(place)?.value.clone())?;
        let made = make(raw)?;
        Some(slot.get_or_init(|| made))
    }

    /// All of it as JSON text.
    pub(crate) fn whole(&self) -> &Lent {
        self.whole.get_or_init(|| Lent::new(self.text()))
    }

    pub(crate) fn text(&self) -> &str {
        self.answer.json().get(self.item.whole.clone()).unwrap_or_default()
    }

    /// A text that has to be made, once.
    pub(crate) fn extra(&self, make: impl FnOnce() -> Option<Lent>) -> Option<&Lent> {
        self.extra.get_or_init(make).as_ref()
    }

    /// The same object, with nothing lent.
    pub(crate) fn again(&self) -> Self {
        Self::new(&self.answer, self.item.clone())
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let raw = self.raw(name)?;
        raw.parse().ok().or_else(|| {
            let float = raw.parse::<f64>().ok().filter(|float| float.fract() == 0.0)?;
            (float.abs() < 9e15).then_some(float as i64)
        })
    }

    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.raw(name) == Some(value)
    }
}
