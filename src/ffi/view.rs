//! Parts of a result as C reads them. A text is made at its first use, and then
//! stays at its address.

use std::ffi::c_char;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::client::{Answer, Place, Tape, is_set, push_unescaped, unescape};
use crate::ffi::argument::store;
use crate::ffi::guard::read_memory_or;
use crate::ffi::handle::peek;

/// A text that is lent to C: it ends with a NUL.
#[derive(Debug)]
pub(crate) struct Lent(LentBytes);

#[derive(Debug)]
enum LentBytes {
    Own(Box<[u8]>),
    /// A text that was not copied, and the NUL after it, in a message.
    Inside(Box<(Arc<ViewSource>, Range<usize>)>),
}

impl Lent {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Self(LentBytes::Own(bytes.into()))
    }

    /// From a JSON string with its quotes.
    pub(crate) fn of_string(raw: &str) -> Self {
        Self(LentBytes::Own(unescape(raw).into()))
    }

    /// A part of a result as JSON text.
    pub(crate) fn of_json(answer: &Answer, part: &str) -> Self {
        let mut lent = Self::new(part);
        if let LentBytes::Own(bytes) = &mut lent.0
            && let Some((_, json)) = bytes.split_last_mut()
        {
            answer.restore_quotes(json);
        }
        lent
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes().len().saturating_sub(1)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.bytes().get(..self.len()).unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) fn pointer(&self) -> *const c_char {
        self.bytes().as_ptr().cast()
    }

    // Each getter would have a copy of it.
    #[inline(never)]
    fn bytes(&self) -> &[u8] {
        match &self.0 {
            LentBytes::Own(bytes) => bytes,
            LentBytes::Inside(inside) => {
                let (source, range) = &**inside;
                source.answer().message().as_bytes().get(range.clone()).unwrap_or(&[0])
            }
        }
    }
}

// `get` of the next functions only reads memory: see `read_memory_or`.

/// Lends a text of a handle; NULL if there is none.
///
/// # Safety
///
/// `handle` is NULL or alive, and outlives what is lent.
pub(crate) unsafe fn lend<T>(
    handle: *const T,
    get: impl FnOnce(&T) -> Option<&Lent>,
) -> *const c_char {
    // SAFETY: guaranteed by the caller.
    read_memory_or(std::ptr::null(), || get(unsafe { peek(handle) }?).map(Lent::pointer))
}

/// Lends a text of a handle and stores its length, unless `len` is NULL.
///
/// # Safety
///
/// As for [`lend`]; `len` is NULL or may be written to.
pub(crate) unsafe fn lend_long<T>(
    handle: *const T,
    len: *mut usize,
    get: impl FnOnce(&T) -> Option<&Lent>,
) -> *const c_char {
    // SAFETY: guaranteed by the caller.
    unsafe { store(len, 0) };
    read_memory_or(std::ptr::null(), || {
        // SAFETY: guaranteed by the caller.
        let text = get(unsafe { peek(handle) }?)?;
        // SAFETY: guaranteed by the caller.
        unsafe { store(len, text.len()) };
        Some(text.pointer())
    })
}

/// Reads a value of a handle; `otherwise` if there is none.
///
/// # Safety
///
/// `handle` is NULL or alive.
pub(crate) unsafe fn read_value<T, R>(
    handle: *const T,
    otherwise: R,
    get: impl FnOnce(&T) -> Option<R>,
) -> R {
    // SAFETY: guaranteed by the caller.
    read_memory_or(otherwise, || get(unsafe { peek(handle) }?))
}

/// Lends a part of a handle; NULL if there is none.
///
/// # Safety
///
/// As for [`lend`].
pub(crate) unsafe fn lend_part<T, R>(
    handle: *const T,
    get: impl FnOnce(&T) -> Option<&R>,
) -> *const R {
    // SAFETY: guaranteed by the caller.
    read_memory_or(std::ptr::null(), || get(unsafe { peek(handle) }?).map(std::ptr::from_ref))
}

/// The text and the tape that places of a view refer to: those of a whole
/// message, or of a part that lies deeper than the message's tape.
#[derive(Debug)]
pub(crate) enum ViewSource {
    Message(Answer),
    Part { of: Arc<ViewSource>, range: Range<usize>, tape: Tape },
}

impl ViewSource {
    pub(crate) fn message(answer: Answer) -> Arc<Self> {
        Arc::new(Self::Message(answer))
    }

    #[inline(always)]
    pub(crate) fn answer(&self) -> &Answer {
        let mut source = self;
        loop {
            match source {
                Self::Message(answer) => return answer,
                Self::Part { of, .. } => source = of,
            }
        }
    }

    /// The source of the whole message.
    fn whole(self: &Arc<Self>) -> Arc<Self> {
        match &**self {
            Self::Message(_) => self.clone(),
            Self::Part { of, .. } => of.clone(),
        }
    }

    #[inline(always)]
    fn text(&self) -> &str {
        let message = self.answer().message();
        match self {
            Self::Message(_) => message,
            Self::Part { range, .. } => message.get(range.clone()).unwrap_or_default(),
        }
    }

    /// The place of a part in the message.
    fn range_of(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr().addr().saturating_sub(self.answer().message().as_ptr().addr());
        start..start + part.len()
    }

    #[inline(always)]
    fn tape(&self) -> &Tape {
        match self {
            Self::Message(answer) => answer.tape(),
            Self::Part { tape, .. } => tape,
        }
    }
}

/// A value inside a result, mostly an object, and the texts that were lent of
/// it.
#[derive(Debug)]
pub(crate) struct View {
    source: Arc<ViewSource>,
    place: Place,
    /// The member that was read first: often it is the only one.
    first: OnceLock<(Place, Lent)>,
    /// Allocated when more is read: a list has thousands of views.
    more: OnceLock<Box<More>>,
}

/// Further texts that were lent of an object.
#[derive(Debug, Default)]
struct More {
    whole: OnceLock<Lent>,
    /// A text that is computed from parts of the object.
    computed: OnceLock<Option<Lent>>,
    others: OnceLock<Box<[MemberText]>>,
}

/// A member and, after its first use, its text.
type MemberText = (Place, OnceLock<Lent>);

/// An estimate of the bytes of a name, with its NUL: the memory grows if there are
/// more.
const USUAL_NAME: usize = 16;

/// The depth of the tape for a part that has its own.
const LEVELS: usize = 3;

impl View {
    fn new(source: &Arc<ViewSource>, place: Place) -> Self {
        let source = source.clone();
        Self { source, place, first: OnceLock::new(), more: OnceLock::new() }
    }

    /// The object of a whole result.
    pub(crate) fn root(source: &Arc<ViewSource>) -> Self {
        Self::new(source, source.answer().place())
    }

    pub(crate) fn member(&self, name: &str) -> Option<Place> {
        self.source.tape().member(self.source.text(), self.place, name)
    }

    /// The places of three members, found in one pass. Of several members with
    /// one name the last one counts.
    pub(crate) fn members(&self, names: [&str; 3]) -> [Option<Place>; 3] {
        self.source.tape().places(self.source.text(), self.place, names)
    }

    /// A value as raw JSON.
    pub(crate) fn raw_at(&self, place: Place) -> &str {
        self.source.tape().text(self.source.text(), place)
    }

    /// A member as raw JSON.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.member(name).map(|place| self.raw_at(place))
    }

    /// A view of a member that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        let place = self.member(name)?;
        if !self.raw_at(place).starts_with('{') {
            return None;
        }
        Some(self.at(place))
    }

    /// Views of the elements of a member that is an array.
    pub(crate) fn array(&self, name: &str) -> Vec<Self> {
        self.member(name).map_or_else(Vec::new, |place| self.elements(place))
    }

    fn elements(&self, place: Place) -> Vec<Self> {
        let array = self.at(place);
        let places = array.source.tape().elements(array.source.text(), array.place);
        places.map(|place| array.at(place)).collect()
    }

    /// Views of the elements of a member that is an array, each with the place in
    /// `texts` where its member `name` begins. The texts end with a NUL.
    pub(crate) fn named_elements(
        &self,
        member: &str,
        name: &str,
        texts: &mut Vec<u8>,
    ) -> Vec<(Self, Option<usize>)> {
        let Some(place) = self.member(member) else { return Vec::new() };
        let array = self.at(place);
        let (text, tape) = (array.source.text(), array.source.tape());
        let places = || tape.elements(text, array.place);
        let count = places().count();
        texts.reserve(count.saturating_mul(USUAL_NAME));
        let mut found = Vec::with_capacity(count);
        for place in places() {
            let view = array.at(place);
            let at = view.member(name).and_then(|place| view.push_string(place, texts));
            found.push((view, at));
        }
        found
    }

    /// Adds a value that is a string to texts, and returns where it begins.
    #[inline(always)]
    fn push_string(&self, place: Place, texts: &mut Vec<u8>) -> Option<usize> {
        let range = self.source.tape().range(place)?;
        let text = self.source.text();
        (text.as_bytes().get(range.start) == Some(&b'"')).then(|| {
            let at = texts.len();
            push_unescaped(text, range, texts);
            at
        })
    }

    /// A view of a member that is no array.
    pub(crate) fn value_at(&self, name: &str) -> Option<Self> {
        let place = self.member(name)?;
        (!self.raw_at(place).starts_with('[')).then(|| self.at(place))
    }

    /// Calls `take` with views of contents: those of an array, or one that is an
    /// object or a text.
    pub(crate) fn each_content(&self, place: Place, take: &mut dyn FnMut(Self)) {
        if let Some(b'{' | b'"') = self.raw_at(place).as_bytes().first() {
            return take(self.at(place));
        }
        let array = self.at(place);
        let places = array.source.tape().elements(array.source.text(), array.place);
        places.for_each(|place| take(array.at(place)));
    }

    /// About how many contents there are at a place.
    pub(crate) fn content_count(&self, place: Place) -> usize {
        self.source.tape().elements(self.source.text(), place).count().max(1)
    }

    /// The view of a place. Where the tape ends, the part gets its own tape.
    pub(crate) fn at(&self, place: Place) -> Self {
        let source = &self.source;
        if source.tape().is_noted(source.text(), place) {
            return Self::new(source, place);
        }
        let raw = self.raw_at(place);
        let tape = Tape::read(raw, LEVELS).unwrap_or_default();
        let (of, range) = (source.whole(), source.range_of(raw));
        Self::new(&Arc::new(ViewSource::Part { of, range, tape }), 0)
    }

    /// Lends a string, which is given with its quotes.
    fn lent_string(&self, raw: &str) -> Lent {
        if !raw.ends_with('\0') {
            return Lent::of_string(raw);
        }
        // See `Answer::with_ended_texts`.
        let Range { start, end } = self.source.range_of(raw);
        Lent(LentBytes::Inside(Box::new((self.source.whole(), start + 1..end))))
    }

    fn lent_json(&self, raw: &str) -> Lent {
        Lent::of_json(self.source.answer(), raw)
    }

    /// A member that is a string, as plain text.
    pub(crate) fn string(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| raw.starts_with('"').then(|| self.lent_string(raw)))
    }

    /// A member as plain text. A value that is no string is given as its JSON
    /// text; null counts as absent.
    pub(crate) fn string_or_json(&self, name: &str) -> Option<&Lent> {
        self.string_or_json_at(self.member(name)?)
    }

    /// The same for the place of a member.
    pub(crate) fn string_or_json_at(&self, place: Place) -> Option<&Lent> {
        self.lent_at(place, |raw| match raw.as_bytes().first() {
            Some(b'"') => Some(self.lent_string(raw)),
            _ => (raw != "null").then(|| self.lent_json(raw)),
        })
    }

    /// A member as JSON text; null counts as absent.
    pub(crate) fn json(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| (raw != "null").then(|| self.lent_json(raw)))
    }

    /// A member as JSON text, also if it is null.
    pub(crate) fn value(&self, name: &str) -> Option<&Lent> {
        self.lent(name, |raw| Some(self.lent_json(raw)))
    }

    /// Lends a member. Each member is lent in one form only, so that one text
    /// for each is enough.
    fn lent(&self, name: &str, make: impl FnOnce(&str) -> Option<Lent>) -> Option<&Lent> {
        self.lent_at(self.member(name)?, make)
    }

    fn lent_at(&self, place: Place, make: impl FnOnce(&str) -> Option<Lent>) -> Option<&Lent> {
        match self.first.get() {
            Some((first, lent)) if *first == place => return Some(lent),
            Some(_) => {}
            None => {
                let made = make(self.raw_at(place))?;
                return match self.first.set((place, made)) {
                    Ok(()) => self.first.get().map(|(_, lent)| lent),
                    // Another thread set it first, perhaps for another member.
                    Err((_, made)) => match self.first.get() {
                        Some((first, lent)) if *first == place => Some(lent),
                        _ => self.other(place).map(|slot| slot.get_or_init(|| made)),
                    },
                };
            }
        }
        let slot = self.other(place)?;
        if let Some(lent) = slot.get() {
            return Some(lent);
        }
        let made = make(self.raw_at(place))?;
        Some(slot.get_or_init(|| made))
    }

    fn more(&self) -> &More {
        self.more.get_or_init(Box::default)
    }

    fn other(&self, place: Place) -> Option<&OnceLock<Lent>> {
        let all = self.more().others.get_or_init(|| {
            let members = self.source.tape().members(self.source.text(), self.place);
            members.map(|(_, value)| (value, OnceLock::new())).collect()
        });
        all.iter().find(|(value, _)| *value == place).map(|(_, slot)| slot)
    }

    /// The value itself as raw JSON.
    pub(crate) fn own_raw(&self) -> &str {
        self.raw_at(self.place)
    }

    /// The value itself, if it is a string, as plain text.
    pub(crate) fn own_string(&self) -> Option<&Lent> {
        let raw = self.own_raw();
        self.computed(|| raw.starts_with('"').then(|| self.lent_string(raw)))
    }

    /// The whole object as JSON text.
    pub(crate) fn whole(&self) -> &Lent {
        self.more().whole.get_or_init(|| self.lent_json(self.raw_at(self.place)))
    }

    /// A text that is computed once.
    pub(crate) fn computed(&self, make: impl FnOnce() -> Option<Lent>) -> Option<&Lent> {
        self.more().computed.get_or_init(make).as_ref()
    }

    /// A new view of the same object, with no texts lent.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(&self.source, self.place)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let raw = self.raw(name)?;
        raw.parse().ok().or_else(|| {
            let float = raw.parse::<f64>().ok().filter(|float| float.fract() == 0.0)?;
            (float.abs() < 9e15).then_some(float as i64)
        })
    }

    /// Whether a flag is true, in any form.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.raw(name).and_then(is_set).unwrap_or(false)
    }
}
