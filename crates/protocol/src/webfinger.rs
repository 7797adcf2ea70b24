//! WebFinger (RFC 7033): where the people of our host sign in (OIDC Discovery §2).

use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;
use serde_json::json;
use vestibule_model::{ErrorCode, OAuthError, settings::Issuer};
use vestibule_web::{State, json_error};

use crate::cached::{self, Document};

/// The link relation of an OpenID Provider (OIDC Discovery §2).
const ISSUER: &str = "http://openid.net/specs/connect/1.0/issuer";
/// Seconds that a copy of an answer is good for.
const MAX_AGE: i64 = 3_600;

/// `GET /.well-known/webfinger`. The answer is the same for everybody of our host, whether they
/// have an account or not: it tells no stranger who has one.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let issuer = &state.settings.issuer;
    match descriptor(issuer, http.query_string()) {
        Ok(body) => {
            let etag = cached::etag(&body);
            let content_type = "application/jrd+json";
            cached::answer(&http, Document { body, content_type, max_age: MAX_AGE, etag })
        }
        Err(error) => json_error(&state, &http, &error),
    }
}

/// The JSON Resource Descriptor (RFC 7033 §4.4). `rel` may be there more than once and leaves only
/// the links of these relations (§4.3).
fn descriptor(issuer: &Issuer, query: &str) -> Result<String, OAuthError> {
    let malformed = |why: &'static str| {
        OAuthError::describe(ErrorCode::ResourceMissing, format!("resource {why}"))
    };
    let [mut resources, mut relations] = [Vec::new(), Vec::new()];
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // RFC 7033 §4.1 percent-encodes as URIs do: a plus sign is no space.
        let value = percent_decode_str(value).decode_utf8();
        match name {
            "resource" => resources.push(value.map_err(|_| malformed("is not UTF-8"))?),
            "rel" => relations.extend(value),
            _ => {}
        }
    }
    let resource = match resources.as_slice() {
        [] => return Err(ErrorCode::ResourceMissing.into()),
        [resource] if resource.trim().is_empty() => return Err(malformed("is empty")),
        [resource] => resource,
        _ => return Err(malformed("is there more than once")),
    };
    if !is_ours(issuer, resource) {
        return Err(ErrorCode::ResourceElsewhere.into());
    }
    let wanted = relations.is_empty() || relations.iter().any(|rel| rel == ISSUER);
    let links =
        if wanted { vec![json!({ "rel": ISSUER, "href": issuer.as_str() })] } else { Vec::new() };
    Ok(json!({ "subject": resource, "links": links }).to_string())
}

/// Whether the resource is at the issuer's host: an `acct:` URI, an `http(s)` URL, or what people
/// type of either (OIDC Discovery §2.1).
fn is_ours(issuer: &Issuer, resource: &str) -> bool {
    let lower = resource.to_ascii_lowercase();
    let rest = ["https://", "http://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let rest = match rest {
        Some(rest) => rest,
        None if lower.contains("://") => return false,
        None => &lower,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.strip_suffix(":443").unwrap_or(host);
    let ours = issuer.origin().split_once("://").map_or("", |(_, authority)| authority);
    host == ours || host == without_port(ours)
}

/// The host of an authority, which may be an IPv6 address in brackets (RFC 3986 §3.2.2).
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resources_of_the_issuers_host_are_ours() {
        let rows = [
            ("https://id.example", "acct:ana@id.example", true),
            ("https://id.example", "acct:nobody@ID.Example", true),
            ("https://id.example", "ACCT:ana@id.example", true),
            ("https://id.example", "acct:ana%40work@id.example", true),
            ("https://id.example", "https://id.example", true),
            ("https://id.example", "https://id.example:443/ana?x#y", true),
            ("https://id.example", "https://ana@id.example/", true),
            ("https://id.example", "id.example", true),
            ("https://id.example", "id.example/ana", true),
            ("https://id.example", "ana@id.example", true),
            ("https://id.example/auth", "https://id.example/ana", true),
            ("http://localhost:8080", "acct:ana@localhost", true),
            ("http://localhost:8080", "http://localhost:8080/ana", true),
            ("http://[::1]:9000", "http://[::1]:9000/", true),
            ("http://[::1]:9000", "http://[::1]/", true),
            ("https://id.example", "acct:ana@example", false),
            ("https://id.example", "acct:id.example@else.example", false),
            ("https://id.example", "https://else.example/id.example", false),
            ("https://id.example", "https://else.example?@id.example", false),
            ("https://id.example", "https://id.example.else.example", false),
            ("https://id.example", "https://id.example:8443", false),
            ("https://id.example", "ftp://id.example", false),
            ("https://id.example", "acct:ana", false),
            ("https://id.example", "id.example@", false),
        ];
        for (issuer, resource, ours) in rows {
            assert_eq!(is_ours(&Issuer::new(issuer), resource), ours, "{resource} at {issuer}");
        }
    }

    #[test]
    fn a_plus_sign_is_one() {
        let issuer = Issuer::new("https://id.example");
        let answer = descriptor(&issuer, "resource=acct:ana+x%2By@id.example").unwrap();
        assert!(answer.contains("\"acct:ana+x+y@id.example\""), "{answer}");
    }
}
