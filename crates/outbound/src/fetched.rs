//! What a host answered.

use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Incoming},
    header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName},
};
use serde::de::DeserializeOwned;

use crate::OutboundFault;

/// Content that a host answered with, under status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The content, as it came.
    pub body: Vec<u8>,
    /// `Content-Type`, as it was written.
    pub content_type: Option<String>,
    /// For how many seconds the host says that this stays true (`max-age`, RFC 9111 §5.2.2.1); 0 with
    /// `no-cache` or `no-store`.
    pub max_age: Option<u64>,
}

impl Fetched {
    /// The content as JSON, whatever type it claims to have.
    ///
    /// # Errors
    /// [`OutboundFault::NotA`] if it is not, or does not make a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, OutboundFault> {
        serde_json::from_slice(&self.body)
            .map_err(|_| OutboundFault::NotA("JSON of the form that is asked for"))
    }

    /// Takes in `response` as long as it stays within `max_bytes`.
    pub(crate) async fn read(
        response: Response<Incoming>,
        max_bytes: usize,
    ) -> Result<Self, OutboundFault> {
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            return Err(OutboundFault::Status(head.status.as_u16()));
        }
        // It was asked for as it is; undoing an encoding could make much out of little.
        let encoding = text(&head.headers, &CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(OutboundFault::Malformed);
        }
        let body = read(body, max_bytes).await?;
        let content_type = text(&head.headers, &CONTENT_TYPE).map(str::to_owned);
        Ok(Self { body, content_type, max_age: max_age(&head.headers) })
    }
}

/// The content, as long as it stays within `max_bytes`.
pub(crate) async fn read(mut body: Incoming, max_bytes: usize) -> Result<Vec<u8>, OutboundFault> {
    // Said beforehand by `Content-Length`; 0 where nothing is said.
    if body.size_hint().lower() > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
        return Err(OutboundFault::TooLarge(max_bytes));
    }
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OutboundFault::Malformed)?;
        let Some(data) = frame.data_ref() else { continue };
        if read.len().saturating_add(data.len()) > max_bytes {
            return Err(OutboundFault::TooLarge(max_bytes));
        }
        read.extend_from_slice(data);
    }
    Ok(read)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The shortest time that `Cache-Control` allows (RFC 9111 §4.2.1: of several, any may be taken).
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(directive).min()
}

fn directive(directive: &str) -> Option<u64> {
    let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "no-store" | "no-cache" => Some(0),
        // RFC 9111 §5.2: both forms are understood, whichever was specified.
        "max-age" => value.trim().trim_matches('"').parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_control_is_read() {
        let table: &[(&[&str], Option<u64>)] = &[
            (&[], None),
            (&["public"], None),
            (&["max-age=300"], Some(300)),
            (&["public, Max-Age=\"60\" , must-revalidate"], Some(60)),
            (&["s-maxage=10, max-age=300"], Some(300)),
            (&["max-age=300", "no-cache"], Some(0)),
            (&["no-store"], Some(0)),
            (&["max-age=600, max-age=60"], Some(60)),
            (&["max-age=-1"], None),
            (&["max-age=soon"], None),
            (&["max-age"], None),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(CACHE_CONTROL, line.parse().expect("a header"));
            }
            assert_eq!(max_age(&headers), *expected, "{lines:?}");
        }
    }
}
