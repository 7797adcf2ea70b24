//! Whether the issuer's address leads here, as its clients see it: by name server, TLS and proxies.

mod arrival;
mod discovery;

use std::time::Duration;

use futures_util::future::join4;
use vestibule_keys::Digester;
use vestibule_model::Timestamp;
use vestibule_outbound::{Outbound, OutboundFault, Rules, Seen};

use super::finding::Finding;
use super::mirror::{self, Reflection};
use crate::clock::SystemClock;
use crate::config::Config;

/// What a stranger would write, hoping that somebody believes it. Reserved names and addresses
/// (RFC 2606, RFC 5737), so that nobody is ever spoken to.
const FORGED_HOST: &str = "doctor.invalid";
const FORGED_ADDRESS: &str = "192.0.2.123";

/// An answer, and this machine's clock before and after.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    seen: Result<Seen, OutboundFault>,
    before: Timestamp,
    after: Timestamp,
}

/// What was seen at the issuer's address.
pub(super) struct Visit {
    /// The metadata.
    plain: Answer,
    /// The same, asked for as somebody else.
    forged: Answer,
    /// The keys; `None` without metadata.
    jwks: Option<Result<Seen, OutboundFault>>,
    /// How our request arrived; `None` if there is no key to ask with.
    mirror: Option<Result<Seen, OutboundFault>>,
    /// The server itself, past the proxy; `None` if it cannot be asked from here.
    direct: Option<Result<Seen, OutboundFault>>,
}

/// Asks, from outside as far as that can be done from here.
pub(super) async fn look(
    config: &Config,
    digester: Option<&Digester>,
    limit: Duration,
) -> Result<Visit, String> {
    let rules = Rules {
        // It is our own address, and need not be a public one.
        allow_private_addresses: true,
        extra_roots: config.outbound.extra_roots.clone().unwrap_or_default(),
        timeout: limit,
        max_bytes: 1 << 20,
    };
    let outbound = Outbound::new(rules).map_err(|fault| format!("outbound: {fault}"))?;
    let issuer = config.instance.issuer.as_str();
    let metadata = format!("{issuer}/.well-known/openid-configuration");
    let forged = [
        ("x-forwarded-host", FORGED_HOST),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-port", "1"),
        ("x-original-host", FORGED_HOST),
        ("forwarded", "host=doctor.invalid;proto=gopher"),
    ];
    let (plain, forged, mirror, direct) = join4(
        ask(&outbound, &metadata, &[]),
        ask(&outbound, &metadata, &forged),
        reflection(&outbound, issuer, digester),
        past_the_proxy(&outbound, config),
    )
    .await;
    let jwks = match plain.seen.as_ref().ok().and_then(discovery::jwks_uri) {
        Some(uri) => Some(outbound.look(&uri, &[]).await),
        None => None,
    };
    Ok(Visit { plain, forged, jwks, mirror, direct })
}

async fn ask(outbound: &Outbound, url: &str, headers: &[(&str, &str)]) -> Answer {
    let before = now();
    let seen = outbound.look(url, headers).await;
    Answer { seen, before, after: now() }
}

fn now() -> Timestamp {
    vestibule_model::Clock::now(&SystemClock)
}

async fn reflection(
    outbound: &Outbound,
    issuer: &str,
    digester: Option<&Digester>,
) -> Option<Result<Seen, OutboundFault>> {
    let pass = mirror::pass(digester?, now());
    let headers = [(mirror::PASS, pass.as_str()), ("x-forwarded-for", FORGED_ADDRESS)];
    Some(outbound.look(&format!("{issuer}{}", mirror::PATH), &headers).await)
}

/// Whether the server listens where the configuration of this machine says.
async fn past_the_proxy(
    outbound: &Outbound,
    config: &Config,
) -> Option<Result<Seen, OutboundFault>> {
    let mut listen = config.server.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    // Plain http is spoken on this machine only.
    if listen.port() == 0 || !listen.ip().is_loopback() {
        return None;
    }
    Some(outbound.look(&format!("http://{listen}/health/ready"), &[]).await)
}

impl Visit {
    /// The clock of whoever answered, if they told the time.
    pub(super) fn date(&self) -> Option<(i64, Timestamp, Timestamp)> {
        let date = self.plain.seen.as_ref().ok()?.header("date")?;
        let date = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
        Some((date, self.plain.before, self.plain.after))
    }

    /// How our request arrived, if the server told.
    pub(super) fn reflection(&self) -> Option<Reflection> {
        let seen = self.mirror.as_ref()?.as_ref().ok()?;
        serde_json::from_slice(&seen.body).ok().filter(|_| seen.status == 200)
    }
}

/// `published` are the `kid`s of the keys in the database; unknown if that cannot be read.
pub(super) fn judge(visit: &Visit, config: &Config, published: Option<&[&str]>) -> Vec<Finding> {
    let issuer = config.instance.issuer.as_str();
    let seen = match &visit.plain.seen {
        Ok(seen) => seen,
        Err(fault) => return vec![unreachable(issuer, fault, visit.direct.as_ref())],
    };
    if seen.status != 200 {
        return vec![refused(issuer, seen.status, visit.direct.as_ref())];
    }
    let mut found = discovery::judge(seen, issuer, visit.plain.after);
    if found.iter().all(|finding| finding.status != super::finding::Status::Failed) {
        found.extend(discovery::judge_keys(visit.jwks.as_ref(), published));
    }
    found.push(arrival::forged_host(seen, &visit.forged.seen));
    let has_proxy = config.instance.issuer.is_https();
    found.extend(arrival::judge(visit.mirror.as_ref(), visit.reflection().as_ref(), has_proxy));
    found
}

type Direct<'a> = Option<&'a Result<Seen, OutboundFault>>;

/// Whether the server itself answers, in words.
fn beyond(direct: Direct<'_>) -> &'static str {
    match direct {
        Some(Ok(seen)) if seen.status == 200 => "the server itself answers on server.listen",
        Some(Ok(_)) => "the server itself answers on server.listen, but is not ready",
        Some(Err(_)) => "neither does a server on server.listen of this machine",
        None => "whether the server itself answers cannot be seen from this machine",
    }
}

fn unreachable(issuer: &str, fault: &OutboundFault, direct: Direct<'_>) -> Finding {
    let told = format!("{issuer} cannot be reached: {fault}; {}", beyond(direct));
    let fix = match (fault, direct) {
        (OutboundFault::Unresolvable, _) => {
            "add the issuer's host to the name server (or /etc/hosts of this machine), or correct \
             issuer"
        }
        (OutboundFault::Tls(_), _) => {
            "give the proxy a certificate for this host with its whole chain, and renew it in \
             time; name an authority of your own in outbound.extra_ca_file"
        }
        (_, Some(Ok(_))) => "start the proxy, or correct its port, a firewall, or the issuer",
        _ => "start the server (`vestibule serve`), or correct issuer and server.listen",
    };
    Finding::failed("reachable", told, fix)
}

fn refused(issuer: &str, status: u16, direct: Direct<'_>) -> Finding {
    let told = format!("{issuer} answers with status {status}; {}", beyond(direct));
    let fix = match status {
        502..=504 => {
            "start the server (`vestibule serve`), or correct where the proxy sends requests: to \
             server.listen, by plain http"
        }
        300..=399 => "let the issuer be the address that is redirected to; clients do not follow",
        401 | 403 => "let everybody through the proxy: clients sign in at this server itself",
        404 => {
            "let the proxy hand on the whole path, prefix included; or the issuer leads to another \
             server"
        }
        _ => "see the logs of the proxy and of the server",
    };
    Finding::failed("reachable", told, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_be_reached_is_told_from_a_proxy() {
        let away = Err(OutboundFault::Unreachable);
        let fault = OutboundFault::Unreachable;
        let told = |fault: &OutboundFault, direct| {
            let found = unreachable("https://id.example", fault, direct);
            format!("{} {}", found.detail, found.fix.unwrap())
        };
        assert!(told(&fault, Some(&away)).contains("vestibule serve"));
        assert!(told(&fault, None).contains("cannot be seen from this machine"));
        assert!(told(&OutboundFault::Unresolvable, None).contains("name server"));
        let expired = OutboundFault::Tls("certificate has expired");
        assert!(told(&expired, None).contains("certificate has expired"));
        assert!(told(&expired, None).contains("whole chain"));
    }

    #[test]
    fn each_refusal_of_a_proxy_has_its_own_remedy() {
        for (status, part) in [
            (502, "server.listen"),
            (504, "server.listen"),
            (301, "redirected"),
            (403, "through the proxy"),
            (404, "whole path"),
            (500, "logs"),
        ] {
            let found = refused("https://id.example", status, None);
            assert!(found.fix.as_ref().unwrap().contains(part), "{status}");
        }
    }
}
