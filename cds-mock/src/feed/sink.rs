//! Catalogs as one JSON list under construction: as text while it is small, packed when it grows, refused when it grows
//! too large. Pure.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Largest list that goes into a message, in bytes; receivers read at least 1 MiB.
pub(super) const INLINE_MAX: usize = 700 * 1024;
/// Largest download, before and after packing, in bytes.
pub(super) const RAW_MAX: usize = 256 * 1024 * 1024;
pub(super) const PACKED_MAX: usize = 32 * 1024 * 1024;

/// It does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result is too large")]
pub(super) struct Full;

/// A finished list.
#[derive(Debug)]
pub(super) enum Done {
    /// `[…]`
    Inline(Vec<u8>),
    /// `{"catalogs":[…]}`, packed by gzip.
    Packed(Vec<u8>),
}

/// A list of catalogs.
pub(super) struct Sink {
    plain: Vec<u8>,
    packed: Option<GzEncoder<Vec<u8>>>,
    raw: usize,
    /// Whether it may be packed when it grows; otherwise it ends at [`INLINE_MAX`].
    may_pack: bool,
    catalogs: usize,
    items: usize,
}

impl Sink {
    pub(super) fn new(may_pack: bool) -> Self {
        Self { plain: b"[".to_vec(), packed: None, raw: 1, may_pack, catalogs: 0, items: 0 }
    }

    /// Catalogs so far.
    pub(super) fn len(&self) -> usize {
        self.catalogs
    }

    /// Where the text ends now, to come back to by [`Sink::back_to`]. Means something in a list that is not packed.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.plain.len(), self.catalogs)
    }

    /// Takes back what came after the mark.
    pub(super) fn back_to(&mut self, mark: (usize, usize)) {
        if self.packed.is_none() {
            self.plain.truncate(mark.0);
            self.raw = mark.0;
            self.catalogs = mark.1;
        }
    }

    /// Begins a catalog: its head, an object with at least one member, and its first list.
    ///
    /// # Errors
    /// No room.
    pub(super) fn open(&mut self, head: &[u8]) -> Result<(), Full> {
        let comma: &[u8] = if self.catalogs > 0 { b"," } else { b"" };
        self.put(&[comma, head.strip_suffix(b"}").unwrap_or(head), b",\"resources\":["])?;
        self.catalogs = self.catalogs.saturating_add(1);
        self.items = 0;
        Ok(())
    }

    /// # Errors
    /// No room.
    pub(super) fn item(&mut self, item: &[u8]) -> Result<(), Full> {
        let comma: &[u8] = if self.items > 0 { b"," } else { b"" };
        self.put(&[comma, item])?;
        self.items = self.items.saturating_add(1);
        Ok(())
    }

    /// From the resources to the offers.
    pub(super) fn turn(&mut self) {
        self.close(b"],\"offers\":[");
        self.items = 0;
    }

    pub(super) fn end(&mut self) {
        self.close(b"]}");
    }

    /// A whole catalog.
    ///
    /// # Errors
    /// No room.
    pub(super) fn catalog(&mut self, catalog: &[u8]) -> Result<(), Full> {
        let comma: &[u8] = if self.catalogs > 0 { b"," } else { b"" };
        self.put(&[comma, catalog])?;
        self.catalogs = self.catalogs.saturating_add(1);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Done, Full> {
        let Some(packed) = self.packed.take() else {
            self.plain.push(b']');
            return Ok(Done::Inline(self.plain));
        };
        self.packed = Some(packed);
        self.close(b"]}");
        let packed = self.packed.take().ok_or(Full)?.finish().map_err(|_| Full)?;
        if packed.len() > PACKED_MAX { Err(Full) } else { Ok(Done::Packed(packed)) }
    }

    /// Brackets, for which there is always room.
    fn close(&mut self, text: &[u8]) {
        match &mut self.packed {
            // A vector takes whatever is written to it.
            Some(packed) => drop(packed.write_all(text)),
            None => self.plain.extend_from_slice(text),
        }
    }

    fn put(&mut self, texts: &[&[u8]]) -> Result<(), Full> {
        let more: usize = texts.iter().map(|text| text.len()).fold(0, usize::saturating_add);
        let grown = self.raw.saturating_add(more);
        if self.packed.is_none() && grown > INLINE_MAX {
            if !self.may_pack {
                return Err(Full);
            }
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(b"{\"catalogs\":").map_err(|_| Full)?;
            packed.write_all(&self.plain).map_err(|_| Full)?;
            self.plain = Vec::new();
            self.packed = Some(packed);
        }
        match &mut self.packed {
            Some(packed) => {
                if grown > RAW_MAX || packed.get_ref().len() > PACKED_MAX {
                    return Err(Full);
                }
                for text in texts {
                    packed.write_all(text).map_err(|_| Full)?;
                }
            }
            None => texts.iter().for_each(|text| self.plain.extend_from_slice(text)),
        }
        self.raw = grown;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::json::Json;
    use std::io::Read as _;

    fn fill(sink: &mut Sink, catalogs: usize, size: usize) -> Result<(), Full> {
        for number in 0..catalogs {
            sink.open(format!(r#"{{"id":"{number}"}}"#).as_bytes())?;
            sink.item(br#"{"id":"r"}"#)?;
            sink.item(br#"{"id":"s"}"#)?;
            sink.turn();
            sink.item(format!(r#"{{"id":"o","pad":"{}"}}"#, "x".repeat(size)).as_bytes())?;
            sink.end();
        }
        Ok(())
    }

    #[test]
    fn small_lists_stay_text() {
        let mut sink = Sink::new(true);
        fill(&mut sink, 2, 0).unwrap();
        sink.catalog(br#"{"id":"whole"}"#).unwrap();
        let Ok(Done::Inline(text)) = sink.finish() else { panic!("inline") };
        let list = Json::parse(&text).unwrap();
        assert_eq!(list.at(&["1", "resources", "1", "id"]).and_then(Json::as_str), Some("s"));
        assert_eq!(list.at(&["2", "id"]).and_then(Json::as_str), Some("whole"));
        let Ok(Done::Inline(text)) = Sink::new(false).finish() else { panic!("inline") };
        assert_eq!(text, b"[]");
    }

    #[test]
    fn large_lists_are_packed_or_refused() {
        let mut sink = Sink::new(true);
        fill(&mut sink, 4, INLINE_MAX / 3).unwrap();
        let Ok(Done::Packed(packed)) = sink.finish() else { panic!("packed") };
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text).unwrap();
        let list = Json::parse(&text).unwrap();
        assert_eq!(list.at(&["catalogs", "3", "offers", "0", "id"]).and_then(Json::as_str), Some("o"));

        let mut sink = Sink::new(false);
        fill(&mut sink, 2, INLINE_MAX / 3).unwrap();
        let mark = sink.mark();
        assert_eq!(fill(&mut sink, 1, INLINE_MAX / 2), Err(Full));
        sink.back_to(mark);
        assert_eq!(sink.len(), 2);
        let Ok(Done::Inline(text)) = sink.finish() else { panic!("inline") };
        assert_eq!(Json::parse(&text).unwrap().as_array().unwrap().len(), 2);
    }
}
