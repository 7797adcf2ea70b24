//! Saying how two addresses differ, for the log and the client's owner.

use percent_encoding::percent_decode_str;

use super::LOOPBACK_HOSTS;

/// The parts of a URI as they are written (RFC 3986 appendix B); nothing is normalized.
pub(super) struct Parts<'a> {
    pub(super) scheme: Option<&'a str>,
    pub(super) userinfo: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

pub(super) fn split(uri: &str) -> Parts<'_> {
    let (rest, fragment) = cut(uri, '#');
    let (rest, query) = cut(rest, '?');
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        None => (None, rest),
        Some(rest) => {
            let at = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(at);
            (Some(authority), path)
        }
    };
    let (userinfo, host_and_port) = match authority.and_then(|text| text.rsplit_once('@')) {
        Some((userinfo, rest)) => (Some(userinfo), Some(rest)),
        None => (None, authority),
    };
    let (host, port) = match host_and_port {
        None => (None, None),
        Some(text) => match text.rsplit_once(':') {
            // A colon inside brackets belongs to an IPv6 address.
            Some((host, port)) if !port.contains(']') => (Some(host), Some(port)),
            _ => (Some(text), None),
        },
    };
    Parts { scheme, userinfo, host, port, path, query, fragment }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// "got `…`, registered `…`: trailing slash", against the nearest of `known`; `verb` is what was
/// done with those. For the log only: it tells what is registered.
#[must_use]
pub fn explain<S: AsRef<str>>(given: &str, known: &[S], verb: &str) -> String {
    let got = shorten(given);
    let nearest = known
        .iter()
        .map(|uri| (uri.as_ref(), differences(given, uri.as_ref())))
        .min_by_key(|(_, differences)| differences.len());
    match nearest {
        None => format!("got `{got}`, but none is {verb}"),
        Some((uri, differences)) if differences.is_empty() => {
            format!("got `{got}`, {verb} `{uri}`: not an address to send a browser to")
        }
        Some((uri, differences)) => {
            format!("got `{got}`, {verb} `{uri}`: {}", differences.join(", "))
        }
    }
}

/// The given text on one line, cut to a length that a log can bear.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(200).flat_map(char::escape_debug).collect();
    if text.chars().nth(200).is_some() {
        short.push('…');
    }
    short
}

fn differences(given: &str, known: &str) -> Vec<&'static str> {
    let (a, b) = (split(given), split(known));
    let mut found = Vec::new();
    if given.contains('\\') && !known.contains('\\') {
        found.push("backslash");
    }
    if given.chars().any(|c| c.is_whitespace() || c.is_control()) {
        found.push("space or control character");
    }
    if a.scheme.is_none() && b.scheme.is_some() {
        found.push("no scheme");
        return found;
    }
    if a.scheme != b.scheme {
        let same = letters_alike(a.scheme, b.scheme);
        found.push(if same { "upper and lower case in the scheme" } else { "scheme" });
    }
    if a.userinfo != b.userinfo {
        found.push("user name before the host");
    }
    if a.host != b.host {
        found.push(host_difference(a.host, b.host));
    }
    if a.port != b.port {
        found.push(port_difference(&a, &b));
    }
    if a.path != b.path {
        found.push(path_difference(a.path, b.path));
    }
    if a.query != b.query {
        found.push("query");
    }
    if a.fragment != b.fragment {
        found.push("fragment");
    }
    if found.is_empty() && given != known {
        found.push("spelling");
    }
    found
}

fn letters_alike(a: Option<&str>, b: Option<&str>) -> bool {
    a.unwrap_or_default().eq_ignore_ascii_case(b.unwrap_or_default())
}

fn host_difference(a: Option<&str>, b: Option<&str>) -> &'static str {
    let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
    if a.eq_ignore_ascii_case(b) {
        "upper and lower case in the host"
    } else if a.trim_end_matches('.') == b.trim_end_matches('.') {
        "dot at the end of the host"
    } else if LOOPBACK_HOSTS.contains(&a) && LOOPBACK_HOSTS.contains(&b) {
        "host (localhost, 127.0.0.1 and [::1] are different hosts)"
    } else if !a.is_ascii() {
        "host (not ASCII; write it in its xn-- form)"
    } else {
        "host"
    }
}

fn port_difference(a: &Parts<'_>, b: &Parts<'_>) -> &'static str {
    let default = match a.scheme {
        Some("https") => Some("443"),
        Some("http") => Some("80"),
        _ => None,
    };
    if default.is_some() && a.port.or(default) == b.port.or(default) {
        "port (the default port is written in one of them)"
    } else {
        "port"
    }
}

fn path_difference(a: &str, b: &str) -> &'static str {
    let decoded = |path: &str| percent_decode_str(path).collect::<Vec<u8>>();
    if a.strip_suffix('/') == Some(b) || b.strip_suffix('/') == Some(a) {
        "trailing slash"
    } else if a.eq_ignore_ascii_case(b) {
        "upper and lower case in the path"
    } else if decoded(a) == decoded(b) {
        "percent-encoding in the path"
    } else if a.split('/').any(|segment| segment == "..") {
        ".. in the path"
    } else {
        "path"
    }
}
