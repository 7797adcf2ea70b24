//! What the proxies in between made of our requests.

use serde_json::Value;
use vestibule_outbound::{OutboundFault, Seen};

use super::FORGED_ADDRESS;
use crate::doctor::finding::Finding;
use crate::doctor::mirror::Reflection;

/// Whether somebody believed the host that we made up. Whoever refuses us did not.
pub(super) fn forged_host(plain: &Seen, forged: &Result<Seen, OutboundFault>) -> Finding {
    match forged {
        Ok(seen) if seen.status == 200 => same_answer(&plain.body, &seen.body),
        _ => Finding::ok("forged_host", "a forged X-Forwarded-Host is refused"),
    }
}

fn same_answer(plain: &[u8], forged: &[u8]) -> Finding {
    let read = |body| serde_json::from_slice::<Value>(body).ok();
    if read(plain) == read(forged) {
        return Finding::ok("forged_host", "a forged X-Forwarded-Host changes nothing");
    }
    Finding::failed(
        "forged_host",
        "a request with a forged X-Forwarded-Host gets another answer: addresses can be forged",
        "let the proxy set X-Forwarded-Host, X-Forwarded-Proto and Forwarded itself, whatever the \
         visitor sent",
    )
}

/// Judges how our request arrived at the server.
pub(super) fn judge(
    answered: Option<&Result<Seen, OutboundFault>>,
    reflection: Option<&Reflection>,
    has_proxy: bool,
) -> Vec<Finding> {
    let Some(reflection) = reflection else {
        let why = match answered {
            None => "there is no master key to ask the server with",
            Some(Err(_)) => "the server did not tell",
            Some(Ok(_)) => {
                "the server does not tell: the proxy keeps /health/mirror to itself, the master \
                 key of this machine is another, or the server is of an older version"
            }
        };
        return vec![Finding::skipped("visitor", format!("how requests arrive: {why}"))];
    };
    let ours = env!("CARGO_PKG_VERSION");
    let mut found = Vec::new();
    if reflection.version != ours {
        found.push(Finding::warning(
            "version",
            format!("the server runs version {}, this is {ours}", reflection.version),
            "restart the server, or ask with the server's own binary",
        ));
    }
    found.push(visitor(reflection, has_proxy));
    found
}

/// Whether the server learns where visitors are, and from whom.
fn visitor(seen: &Reflection, has_proxy: bool) -> Finding {
    let hops: Vec<&str> = seen.forwarded_for.iter().map(String::as_str).collect();
    let is_bare = hops.is_empty() || hops == [FORGED_ADDRESS];
    let Reflection { peer, visitor, .. } = seen;
    if !has_proxy && is_bare {
        return Finding::ok("visitor", format!("requests arrive from {peer}, without a proxy"));
    }
    if !seen.peer_is_trusted {
        return Finding::failed(
            "visitor",
            format!("every visitor seems to come from the proxy {peer}: it is not trusted"),
            format!("add {peer} to server.trusted_proxies"),
        );
    }
    if hops.is_empty() {
        return Finding::failed(
            "visitor",
            format!("the proxy {peer} does not say where visitors come from"),
            "let it set X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr)",
        );
    }
    if hops == [FORGED_ADDRESS] {
        return Finding::failed(
            "visitor",
            format!(
                "the proxy {peer} hands on X-Forwarded-For as visitors write it: everybody can \
                     choose the address they seem to come from"
            ),
            "let it set X-Forwarded-For itself (nginx: proxy_set_header X-Forwarded-For \
             $remote_addr)",
        );
    }
    // Who asks from a trusted address, such as the proxy's own machine, is believed.
    if visitor == FORGED_ADDRESS {
        return Finding::ok("visitor", "visitors' addresses arrive; ours is itself a trusted one");
    }
    Finding::ok("visitor", format!("visitors' addresses arrive; ours is {visitor}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{Failed, Ok as Fine, Skipped, Warning};

    fn seen(peer_is_trusted: bool, visitor: &str, hops: &[&str]) -> Reflection {
        Reflection {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: 0,
            peer: "10.0.0.1".to_owned(),
            peer_is_trusted,
            visitor: visitor.to_owned(),
            forwarded_for: hops.iter().map(|hop| (*hop).to_owned()).collect(),
            open_files: None,
        }
    }

    #[test]
    fn visitors_addresses_arrive_and_cannot_be_made_up() {
        for (trusted, address, hops, has_proxy, status, part) in [
            (true, "198.51.100.7", &["198.51.100.7"][..], true, Fine, "198.51.100.7"),
            (true, "198.51.100.7", &[FORGED_ADDRESS, "198.51.100.7"], true, Fine, "198.51.100.7"),
            (true, FORGED_ADDRESS, &[FORGED_ADDRESS, "10.0.0.2"], true, Fine, "trusted one"),
            (true, FORGED_ADDRESS, &[FORGED_ADDRESS], true, Failed, "everybody can choose"),
            (true, "10.0.0.1", &[], true, Failed, "does not say"),
            (false, "10.0.0.1", &["198.51.100.7"], true, Failed, "not trusted"),
            (false, "10.0.0.1", &["198.51.100.7"], false, Failed, "not trusted"),
            (false, "127.0.0.1", &[FORGED_ADDRESS], false, Fine, "without a proxy"),
            (false, "127.0.0.1", &[], false, Fine, "without a proxy"),
        ] {
            let found = visitor(&seen(trusted, address, hops), has_proxy);
            assert_eq!(found.status, status, "{hops:?}: {found:?}");
            assert!(found.detail.contains(part), "{found:?}");
        }
        let untrusted = visitor(&seen(false, "10.0.0.1", &[]), true);
        assert_eq!(untrusted.fix.as_deref(), Some("add 10.0.0.1 to server.trusted_proxies"));
    }

    #[test]
    fn a_server_of_another_version_is_told() {
        let other = Reflection { version: "0.0.9".to_owned(), ..seen(true, "x", &["x"]) };
        let found = judge(None, Some(&other), true);
        assert_eq!((found[0].status, found[0].about), (Warning, "version"));
        assert_eq!(judge(None, None, true)[0].status, Skipped);
    }

    #[test]
    fn a_forged_host_changes_nothing() {
        assert_eq!(same_answer(b"{\"a\": 1}", b"{\"a\":1}").status, Fine);
        assert_eq!(same_answer(b"{\"a\":1}", b"{\"a\":2}").status, Failed);
    }
}
