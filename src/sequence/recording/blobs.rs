//! `<name>` in place of bytes: the same name is the same bytes. What stands behind a colon or a comma only
//! describes them, and may say how many they are.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The length of bytes of which nothing is said.
const SOME: usize = 32;
/// More than any blob of the service has.
const MOST: usize = 1 << 16;

/// The name of bytes that were replaced by one; `None` for any other text.
pub fn name_of(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let end = [": ", ", "].iter().filter_map(|stop| inner.find(stop)).min().unwrap_or(inner.len());
    Some(inner[..end].trim())
}

/// Whether the name says nothing: then nobody knows whether two of them are the same.
pub fn is_unnamed(text: &str) -> bool {
    name_of(text).is_some_and(|n| n == "blob" || n.starts_with("omitted") || n.starts_with("opaque"))
}

/// Bytes that stand for those of this name: always the same, printable, and as many as the text says.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let name = name_of(text).unwrap_or(text);
    let byte = |i: usize| {
        let mut hasher = DefaultHasher::new();
        (name, i).hash(&mut hasher);
        b'!' + (hasher.finish() % 94) as u8
    };
    (0..length(text).unwrap_or(SOME).min(MOST)).map(byte).collect()
}

/// How many bytes it is, if the text says that: `12 bytes`, `32 x 0x41`.
pub fn length(text: &str) -> Option<usize> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|w| matches!(w[1], "byte" | "bytes" | "x")).and_then(|w| w[0].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_where_its_description_begins() {
        assert_eq!(name_of("<C: P under this key>"), Some("C"));
        assert_eq!(name_of("<MAC 1, flipped>"), Some("MAC 1"));
        assert_eq!(name_of("<ct:first>"), Some("ct:first"));
        assert_eq!(name_of("QUJD"), None);
        assert!(is_unnamed("<blob>") && is_unnamed("<omitted by the source>") && !is_unnamed("<blob 3: 2 bytes>"));
    }

    #[test]
    fn the_same_name_is_the_same_bytes() {
        assert_eq!(bytes_of("<P>"), bytes_of("<P: what was encrypted>"));
        assert_ne!(bytes_of("<P>"), bytes_of("<Q>"));
        assert_eq!(bytes_of("<1 byte 'x'>").len(), 1);
        assert_eq!(bytes_of("<material A (48 x 0x41)>").len(), 48);
    }
}
