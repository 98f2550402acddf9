//! JSON values that accept anything: null, a list in place of an object, a number in quotes.
//!
//! Each type reads what it cannot use as "absent", so that one odd member never makes a whole reply unreadable.

use crate::types::{UnixMillis, clean_text};
use serde::Deserialize;
use serde::de::{
    Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use std::fmt;
use std::marker::PhantomData;

/// An integer, also when it is quoted or written as a float; anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Int(pub Option<i64>);

impl Int {
    /// As an id: positive, or absent.
    pub fn id(self) -> Option<u64> {
        self.0
            .and_then(|n| u64::try_from(n).ok())
            .filter(|&n| n > 0)
    }
}

/// A time in ms; 0 where there is none or it makes no sense.
pub fn time(time: Int) -> UnixMillis {
    time.0.unwrap_or(0).max(0)
}

/// A number of things; 0 where there is none or it makes no sense.
pub fn count(count: Int) -> u32 {
    u32::try_from(count.0.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
}

/// Text, also when it is written as a number; anything else is absent. Without characters that hosts could not store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl Text {
    /// The text, or the empty string.
    pub fn or_empty(self) -> String {
        self.0.unwrap_or_default()
    }
}

/// A truth value, also as 0, 1, "true", "false"; anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

/// An object; absent when there is something else (null, `[]`) in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Object(None)
    }
}

/// Further entries of a list or an object are skipped: a server could put millions of small ones into one reply.
const MOST_ENTRIES: usize = 20_000;

/// A list, or the values of an object in its place; else absent. At most 20,000 entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Option<Vec<T>>);

/// The objects of a list, at most so many.
pub fn objects<T>(list: List<Object<T>>, most: usize) -> impl Iterator<Item = T> {
    let found = list.0.unwrap_or_default().into_iter();
    found.filter_map(|object| object.0).take(most)
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List(None)
    }
}

/// An object used as a map, in the order of the reply, at most 20,000 entries; absent when there is something else in its
/// place. An empty list is an empty map (PHP).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<T>(pub Option<Vec<(String, T)>>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Map(None)
    }
}

/// Skips what a visitor does not want, so that the parser can continue behind it.
fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The visitor methods that mean "absent" unless a type below says otherwise.
macro_rules! absent {
    ($($method:ident($kind:ty))*) => { $(
        fn $method<E>(self, _: $kind) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    )* };
    (unit) => { fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Self::Value::default()) } };
    (seq) => { fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> { skip_seq(seq).map(|()| Self::Value::default()) } };
    (map) => { fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> { skip_map(map).map(|()| Self::Value::default()) } };
    (expecting) => { fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("any JSON value") } };
}

struct Reader<T>(PhantomData<T>);

macro_rules! reads_any {
    ($kind:ty $(, $parameter:ident)?) => {
        impl<'de $(, $parameter: Deserialize<'de>)?> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Reader::<$kind>(PhantomData))
            }
        }
    };
}

reads_any!(Int);
reads_any!(Text);
reads_any!(Flag);
reads_any!(Object<T>, T);
reads_any!(List<T>, T);
reads_any!(Map<T>, T);

impl<'de> Visitor<'de> for Reader<Int> {
    type Value = Int;
    absent!(expecting);
    absent!(unit);
    absent!(seq);
    absent!(map);
    absent!(visit_bool(bool));
    fn visit_i64<E>(self, n: i64) -> Result<Int, E> {
        Ok(Int(Some(n)))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Int, E> {
        Ok(Int(i64::try_from(n).ok()))
    }
    fn visit_f64<E>(self, n: f64) -> Result<Int, E> {
        // Up to 2⁵³ a float names one integer only.
        let exact = n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0;
        #[allow(clippy::cast_possible_truncation)]
        Ok(Int(exact.then_some(n as i64)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Int, E> {
        Ok(Int(text.trim().parse().ok()))
    }
}

impl<'de> Visitor<'de> for Reader<Text> {
    type Value = Text;
    absent!(expecting);
    absent!(unit);
    absent!(seq);
    absent!(map);
    absent!(visit_bool(bool) visit_f64(f64));
    fn visit_i64<E>(self, n: i64) -> Result<Text, E> {
        Ok(Text(Some(n.to_string())))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Text, E> {
        Ok(Text(Some(n.to_string())))
    }
    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(clean_text(text).into_owned())))
    }
}

impl<'de> Visitor<'de> for Reader<Flag> {
    type Value = Flag;
    absent!(expecting);
    absent!(unit);
    absent!(seq);
    absent!(map);
    absent!(visit_f64(f64));
    fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag(Some(value)))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Flag, E> {
        Ok(Flag(Some(n != 0)))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Flag, E> {
        Ok(Flag(Some(n != 0)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag(match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<Object<T>> {
    type Value = Object<T>;
    absent!(expecting);
    absent!(unit);
    absent!(seq);
    absent!(visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str));
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Object(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<List<T>> {
    type Value = List<T>;
    absent!(expecting);
    absent!(unit);
    absent!(visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str));
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < MOST_ENTRIES {
            match seq.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(List(Some(items))),
            }
        }
        skip_seq(seq).map(|()| List(Some(items)))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < MOST_ENTRIES {
            match map.next_entry()? {
                Some((IgnoredAny, item)) => items.push(item),
                None => return Ok(List(Some(items))),
            }
        }
        skip_map(map).map(|()| List(Some(items)))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<Map<T>> {
    type Value = Map<T>;
    absent!(expecting);
    absent!(unit);
    absent!(visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str));
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Map<T>, A::Error> {
        if seq.next_element::<IgnoredAny>()?.is_none() {
            return Ok(Map(Some(Vec::new())));
        }
        skip_seq(seq).map(|()| Map(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<T>, A::Error> {
        let mut entries = Vec::new();
        while entries.len() < MOST_ENTRIES {
            match map.next_entry()? {
                Some(entry) => entries.push(entry),
                None => return Ok(Map(Some(entries))),
            }
        }
        skip_map(map).map(|()| Map(Some(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reply_brings_entries_without_end() {
        let many = |unit: &str| vec![unit; MOST_ENTRIES + 1].join(",");
        let list: List<Int> = serde_json::from_str(&format!("[{}]", many("1"))).unwrap();
        assert_eq!(list.0.unwrap().len(), MOST_ENTRIES);
        let object = format!("{{{}}}", many(r#""a":1"#));
        let list: List<Int> = serde_json::from_str(&object).unwrap();
        assert_eq!(list.0.unwrap().len(), MOST_ENTRIES);
        let map: Map<Int> = serde_json::from_str(&object).unwrap();
        assert_eq!(map.0.unwrap().len(), MOST_ENTRIES);
    }
}
