//! Where each authorization server wants the client id: in the proof alone, or in
//! the form too.

use std::sync::Mutex;

use crate::base::sync::lock;

/// The most servers that are remembered.
const MOST: usize = 64;

/// What is known about one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientIdPlace {
    /// Whether the form has the client id beside a proof that contains it.
    pub(crate) repeats_id: bool,
    /// What the store says.
    pub(crate) stored: bool,
}

/// What is known about the servers, by issuer.
#[derive(Debug, Default)]
pub(crate) struct ClientIdPlaces(Mutex<Vec<(String, ClientIdPlace)>>);

impl ClientIdPlaces {
    /// `None` if the store was not read for this server.
    pub(crate) fn get(&self, issuer: &str) -> Option<ClientIdPlace> {
        let places = lock(&self.0);
        places.iter().find(|(known, _)| known == issuer).map(|(_, place)| *place)
    }

    pub(crate) fn set(&self, issuer: &str, place: ClientIdPlace) {
        let mut places = lock(&self.0);
        places.retain(|(known, _)| known != issuer);
        if places.len() >= MOST {
            places.remove(0);
        }
        places.push((issuer.to_owned(), place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_last_servers() {
        let places = ClientIdPlaces::default();
        let place = |repeats_id| ClientIdPlace { repeats_id, stored: false };
        places.set("a", place(true));
        places.set("b", place(true));
        places.set("a", place(false));
        assert_eq!((places.get("a"), places.get("b")), (Some(place(false)), Some(place(true))));
        for index in 0..MOST {
            places.set(&index.to_string(), place(true));
        }
        assert_eq!((places.get("a"), places.get("63")), (None, Some(place(true))));
    }
}
