//! Clients' logos, as we fetch them: a browser that loaded one from the client itself would tell the
//! client who is at our page, and when.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use actix_web::web::Bytes;
use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::Mutex;
use vestibule_model::Timestamp;
use vestibule_outbound::{Accept, Outbound, OutboundFault};

/// Seconds that a logo is good for.
pub const AGE: i64 = 60 * 60;

/// Seconds that a host is left alone for that has no logo.
const FAILURE_PAUSE: i64 = 10 * 60;

/// Bytes of memory for all logos together.
const ROOM: u64 = 32 * 1024 * 1024;

/// Bytes that an address takes up beside its logo.
const OVERHEAD: u32 = 1_024;

/// A picture that browsers may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its media type: what its first bytes say, and not what its host says.
    pub media_type: &'static str,
    /// The picture.
    pub content: Bytes,
}

/// Fetches logos, and keeps them for a while. Clones share what is kept.
///
/// One address is fetched by one caller at a time; the others wait for the same answer.
#[derive(Clone, Debug)]
pub struct ClientLogos {
    outbound: Outbound,
    slots: Cache<String, Arc<Slot>>,
}

/// What is kept for one address.
#[derive(Debug, Default)]
struct Slot {
    weight: AtomicU32,
    kept: Arc<Mutex<Option<Kept>>>,
}

/// What came of a fetch, and until when that counts.
#[derive(Debug)]
struct Kept {
    logo: Option<Logo>,
    until: Timestamp,
}

impl ClientLogos {
    /// Keeps nothing yet, and fetches through `outbound`.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        let slots = Cache::builder()
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|address: &String, slot: &Arc<Slot>| {
                let address = u32::try_from(address.len()).unwrap_or(u32::MAX);
                let logo = slot.weight.load(Ordering::Relaxed);
                logo.saturating_add(address).saturating_add(OVERHEAD)
            })
            .max_capacity(ROOM)
            .build();
        Self { outbound, slots }
    }

    /// The logo at `address`, which a client registered; `None` if there is none to be had. Fetched
    /// at most once an hour, and once in ten minutes from a host that had none, whoever asks.
    pub async fn get(&self, address: &str, now: Timestamp) -> Option<Logo> {
        let slot = self.slots.get_with_by_ref(address, Arc::default);
        let mut kept = Arc::clone(&slot.kept).lock_owned().await;
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.until) {
            return kept.logo.clone();
        }
        // A task of its own: whoever asked first may leave, and the pause must be kept all the same.
        let (this, address) = (self.clone(), address.to_owned());
        let fetch = tokio::spawn(async move {
            let fetched = this.fetch(&address).await;
            let logo = fetched.as_ref().ok().cloned();
            // Nothing was sent, so nobody is to be left alone for it.
            if fetched != Err(OutboundFault::Busy) {
                let pause = if logo.is_some() { AGE } else { FAILURE_PAUSE };
                *kept = Some(Kept { logo: logo.clone(), until: now.plus(pause) });
            }
            let size = logo.as_ref().map_or(0, |logo| logo.content.len());
            slot.weight.store(u32::try_from(size).unwrap_or(u32::MAX), Ordering::Relaxed);
            this.slots.insert(address, slot);
            logo
        });
        fetch.await.ok().flatten()
    }

    async fn fetch(&self, address: &str) -> Result<Logo, OutboundFault> {
        let fetched = self.outbound.get(address, Accept::Image).await.and_then(|fetched| {
            let media_type = media_type(&fetched.body)
                .ok_or(OutboundFault::NotA("a PNG, JPEG, WebP or GIF picture"))?;
            Ok(Logo { media_type, content: fetched.body.into() })
        });
        fetched.inspect_err(|fault| tracing::info!(event = "logo_uri.unavailable", %fault))
    }
}

/// What the first bytes are those of, among the pictures that hold nothing but a picture: SVG is a
/// document, with scripts and links (MIME Sniffing §6.1).
fn media_type(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', b'8', ..] => {
            Some("image/webp")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        for (content, known) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"GIF89a\x01\0", Some("image/gif")),
            (b"GIF87a\x01\0", Some("image/gif")),
            (b"RIFF\x24\0\0\0WEBPVP8L", Some("image/webp")),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"GIF88a", None),
            (b"\x89PNG", None),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", None),
            (b"<!doctype html>", None),
            (b"<?xml version=\"1.0\"?><svg/>", None),
            (b"\xef\xbb\xbf<svg/>", None),
            (b" \x89PNG\r\n\x1a\n", None),
            (b"", None),
        ] {
            assert_eq!(media_type(content), known, "{content:?}");
        }
    }
}
