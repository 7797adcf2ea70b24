//! Taking a JWT apart to show it. Verifies nothing: what has to be verified is verified by the
//! `openidconnect` crate before.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// A JWT's readable parts.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    pub header: Value,
    pub payload: Value,
}

/// The header and payload of a compact JWS; `None` if `token` is something else, for example an
/// opaque access token.
pub fn decode(token: &str) -> Option<Decoded> {
    let mut parts = token.split('.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(Decoded { header: object(header)?, payload: object(payload)? })
}

fn object(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_example_of_rfc_7519() {
        // RFC 7519 §3.1.
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let decoded = decode(token).unwrap();
        assert_eq!(decoded.header, json!({"typ": "JWT", "alg": "HS256"}));
        assert_eq!(decoded.payload.get("iss"), Some(&json!("joe")));
    }

    #[test]
    fn leaves_everything_else_alone() {
        for token in ["", "opaque", "a.b", "a.b.c", "e30.e30.x.y", "MQ.MQ.x", "e30=.e30.x"] {
            assert_eq!(decode(token), None, "{token}");
        }
    }
}
