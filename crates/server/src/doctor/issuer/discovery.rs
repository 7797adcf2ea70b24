//! What the issuer says of itself: metadata, keys, encryption.

use serde_json::Value;
use url::Url;
use vestibule_model::Timestamp;
use vestibule_outbound::{OutboundFault, Seen, Tls};

use crate::doctor::finding::Finding;

const DAY: i64 = 86_400;
/// A certificate that ends sooner should have been renewed, in days.
const ENDS_SOON: i64 = 14;

/// Where the keys are, if that is at all told.
pub(super) fn jwks_uri(seen: &Seen) -> Option<String> {
    let metadata: Value = serde_json::from_slice(&seen.body).ok()?;
    metadata.get("jwks_uri")?.as_str().map(str::to_owned)
}

/// Judges an answer with status 200.
pub(super) fn judge(seen: &Seen, issuer: &str, now: Timestamp) -> Vec<Finding> {
    let metadata = serde_json::from_slice::<Value>(&seen.body).unwrap_or_default();
    let mut found = metadata_of(&metadata, issuer, &seen.address.to_string());
    if issuer.starts_with("https://") {
        found.push(certificate(seen.tls.as_ref(), now));
        found.push(hsts(seen.header("strict-transport-security")));
    }
    found
}

/// Whether the metadata is this issuer's (OpenID Connect Discovery §4.3).
fn metadata_of(metadata: &Value, issuer: &str, address: &str) -> Vec<Finding> {
    match metadata.get("issuer").and_then(Value::as_str) {
        None => {
            let told = format!("{issuer} answers, but not with an authorization server's metadata");
            let fix = "let the proxy send this host to Vestibule: something else answers";
            return vec![Finding::failed("metadata", told, fix)];
        }
        Some(other) if other != issuer => {
            let told = format!("the server behind {issuer} calls itself {other}");
            let fix = "give every instance the same issuer, and restart those with the old one";
            return vec![Finding::failed("metadata", told, fix)];
        }
        Some(_) => {}
    }
    let strays = strays(metadata, issuer);
    if strays.is_empty() {
        return vec![Finding::ok("reachable", format!("{issuer} answers ({address})"))];
    }
    let told = format!("addresses in the metadata lead elsewhere: {}", strays.join(", "));
    let fix = "let the proxy hand the metadata on as it is: something rewrites it";
    vec![Finding::failed("metadata", told, fix)]
}

/// Endpoints that are not at the issuer's own origin.
fn strays(metadata: &Value, issuer: &str) -> Vec<String> {
    let origin = |url: &str| Url::parse(url).map(|url| url.origin()).ok();
    let ours = origin(issuer);
    let endpoints = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"];
    let told = endpoints.iter().filter_map(|name| metadata.get(*name)?.as_str());
    told.filter(|url| origin(url) != ours).map(str::to_owned).collect()
}

fn certificate(tls: Option<&Tls>, now: Timestamp) -> Finding {
    let Some(not_after) = tls.and_then(|tls| tls.not_after) else {
        return Finding::skipped("certificate", "the certificate does not say when it ends");
    };
    let protocol = tls.map(|tls| tls.protocol.as_str()).unwrap_or_default();
    let days = Timestamp(not_after).since(now) / DAY;
    let told = format!("the certificate ends in {days} days ({protocol})");
    if days < ENDS_SOON {
        let fix =
            "renew it, and see why that did not happen by itself (certbot, ACME of the proxy)";
        return Finding::grave("certificate", told, fix);
    }
    Finding::ok("certificate", told)
}

/// RFC 6797.
fn hsts(header: Option<&str>) -> Finding {
    let max_age = header.and_then(|header| {
        header.split(';').find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            let value = value.trim_matches('"').parse::<u64>().ok()?;
            name.eq_ignore_ascii_case("max-age").then_some(value)
        })
    });
    let fix = "let the proxy hand on Strict-Transport-Security as the server sends it";
    match max_age {
        None => Finding::warning(
            "hsts",
            "the proxy drops Strict-Transport-Security: browsers may be led to plain http",
            fix,
        ),
        Some(seconds) if seconds < 86_400 => Finding::warning(
            "hsts",
            format!("the proxy shortens Strict-Transport-Security to {seconds} s"),
            fix,
        ),
        Some(_) => Finding::ok("hsts", "browsers stay with https"),
    }
}

/// Whether the keys are those of our database.
pub(super) fn judge_keys(
    jwks: Option<&Result<Seen, OutboundFault>>,
    published: Option<&[&str]>,
) -> Option<Finding> {
    let told = match jwks? {
        Err(fault) => format!("the keys (jwks_uri) cannot be fetched: {fault}"),
        Ok(seen) if seen.status != 200 => {
            format!("the keys (jwks_uri) are answered with status {}", seen.status)
        }
        Ok(seen) => return Some(same_keys(&kids(&seen.body), published)),
    };
    Some(Finding::failed("jwks", told, "let the proxy hand on every path below the issuer"))
}

/// The `kid`s of a key set, sorted.
fn kids(body: &[u8]) -> Vec<String> {
    let set: Value = serde_json::from_slice(body).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
    let mut kids: Vec<_> =
        keys.filter_map(|key| key.get("kid")?.as_str().map(str::to_owned)).collect();
    kids.sort_unstable();
    kids
}

fn same_keys(seen: &[String], published: Option<&[&str]>) -> Finding {
    let Some(published) = published else {
        let told = format!("{} keys; whether they are the database's is not known", seen.len());
        return Finding::ok("jwks", told);
    };
    if seen == published {
        return Finding::ok("jwks", format!("its {} keys are the database's", seen.len()));
    }
    let lacking = published.iter().filter(|kid| !seen.iter().any(|one| one == *kid)).count();
    let strange = seen.iter().filter(|kid| !published.contains(&kid.as_str())).count();
    let told = format!(
        "its keys are not those of this database: {lacking} are lacking, {strange} are others"
    );
    if lacking == published.len() {
        let fix = "the issuer leads to another server, or that one has another database: correct \
                   the proxy, or database.url";
        return Finding::failed("jwks", told, fix);
    }
    let fix = "wait for the caches in between (keys.jwks_max_age), and ask again; if it stays so, \
               restart the instances";
    Finding::warning("jwks", told, fix)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::finding::Status::{Failed, Ok as Fine, Skipped, Warning};

    const NOW: Timestamp = Timestamp(1_795_000_000);

    fn sound() -> Value {
        json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://id.example/jwks",
        })
    }

    #[test]
    fn the_metadata_are_this_issuer_s() {
        let judged = |metadata: &Value| metadata_of(metadata, "https://id.example", "x")[0].clone();
        assert_eq!(judged(&sound()).status, Fine);
        let mut http = sound();
        http["token_endpoint"] = json!("http://id.example/token");
        assert_eq!(judged(&http).status, Failed);
        assert!(judged(&http).detail.contains("http://id.example/token"));
        let mut other = sound();
        other["issuer"] = json!("https://id.example/");
        assert!(judged(&other).detail.contains("calls itself https://id.example/"));
        assert_eq!(judged(&json!({})).status, Failed);
        assert_eq!(judged(&Value::Null).status, Failed);
    }

    #[test]
    fn a_certificate_is_renewed_in_time() {
        let judged = |not_after| {
            certificate(Some(&Tls { protocol: "TLSv1.3".to_owned(), not_after }), NOW).status
        };
        assert_eq!(judged(Some(NOW.0 + 14 * DAY)), Fine);
        assert_eq!(judged(Some(NOW.0 + 14 * DAY - 1)), Warning);
        assert_eq!(judged(None), Skipped);
    }

    #[test]
    fn hsts_is_handed_on() {
        assert_eq!(hsts(Some("max-age=63072000; includeSubDomains")).status, Fine);
        assert_eq!(hsts(Some("includeSubDomains; Max-Age=\"86400\"")).status, Fine);
        for header in [None, Some("max-age=0"), Some("max-age=soon"), Some("")] {
            assert_eq!(hsts(header).status, Warning, "{header:?}");
        }
    }

    #[test]
    fn keys_are_compared_with_the_database_s() {
        let seen = kids(br#"{"keys":[{"kid":"b"},{"kid":"a"},{}]}"#);
        assert_eq!(seen, ["a", "b"]);
        for (published, status) in [
            (Some(&["a", "b"][..]), Fine),
            (None, Fine),
            (Some(&["a"]), Warning),
            (Some(&["a", "b", "c"]), Warning),
            (Some(&["c", "d"]), Failed),
        ] {
            assert_eq!(same_keys(&seen, published).status, status, "{published:?}");
        }
        assert_eq!(judge_keys(None, None), None);
        let away = Err(OutboundFault::Status(502));
        assert_eq!(judge_keys(Some(&away), None).unwrap().status, Failed);
    }
}
