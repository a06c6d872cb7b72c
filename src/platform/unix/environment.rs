//! The environment of the process.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

/// Calls `take` with the name and the value of each variable, in their order.
/// `std::env::vars_os` allocates twice for each.
///
/// No thread may change the environment meanwhile.
pub(crate) fn each_variable(take: &mut dyn FnMut(&[u8], &[u8])) {
    // SAFETY: the system keeps this pointer valid. The caller guarantees that no
    // thread changes the environment.
    let mut place = unsafe { *environ() }.cast_const();
    while !place.is_null() {
        // SAFETY: the list ends with NULL, where the loop ends.
        let entry = unsafe { *place };
        if entry.is_null() {
            break;
        }
        // SAFETY: each entry is a text that ends with a NUL.
        let entry = unsafe { CStr::from_ptr(entry) }.to_bytes();
        // A name may begin with the sign, as for `std::env::vars_os`.
        if let Some(inner) = entry.get(1..)
            && let Some(at) = memchr::memchr(b'=', inner)
            && let (Some(name), Some(value)) = (entry.get(..at + 1), entry.get(at + 2..))
        {
            take(name, value);
        }
        // SAFETY: the entry was not the last.
        place = unsafe { place.add(1) };
    }
}

/// The text of a variable's name or value.
pub(crate) fn os_str(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

#[cfg(not(target_vendor = "apple"))]
fn environ() -> *mut *mut *const c_char {
    unsafe extern "C" {
        // The libc crate does not declare it on every system.
        static mut environ: *mut *const c_char;
    }
    &raw mut environ
}

/// A library cannot use the variable.
#[cfg(target_vendor = "apple")]
fn environ() -> *mut *mut *const c_char {
    unsafe extern "C" {
        fn _NSGetEnviron() -> *mut *mut *const c_char;
    }
    // SAFETY: the system's function, as crt_externs.h declares it.
    unsafe { _NSGetEnviron() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_the_standard_library_gives() {
        let mut found = Vec::new();
        each_variable(&mut |name, value| {
            found.push((os_str(name).to_owned(), os_str(value).to_owned()));
        });
        assert!(!found.is_empty());
        assert_eq!(found, std::env::vars_os().collect::<Vec<_>>());
    }
}
