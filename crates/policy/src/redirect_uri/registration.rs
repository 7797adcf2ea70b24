//! Which redirect URIs a client may register.

use percent_encoding::percent_decode_str;
use url::Url;
use vestibule_model::client::ApplicationType;

use super::{
    LOOPBACK_HOSTS,
    difference::{Parts, split},
};

/// Schemes that run code, read files or stay inside the browser.
const FORBIDDEN_SCHEMES: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "moz-extension",
    "ms-appx",
    "resource",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// The longest redirect URI that can be registered.
const MAX_LENGTH: usize = 2_048;

/// Whether `uri` may be registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1).
///
/// # Errors
/// The reason, as a sentence to show to whoever registers it.
pub fn check_registration(uri: &str, application_type: ApplicationType) -> Result<(), String> {
    check_characters(uri)?;
    let parts = split(uri);
    check_shape(&parts)?;
    match parts.scheme.unwrap_or_default() {
        "https" => check_host(uri, &parts),
        "http" => {
            check_host(uri, &parts)?;
            if LOOPBACK_HOSTS.contains(&parts.host.unwrap_or_default()) {
                Ok(())
            } else {
                Err("must use https; http is for 127.0.0.1, [::1] and localhost only".to_owned())
            }
        }
        scheme => check_custom_scheme(scheme, application_type, uri),
    }
}

/// The last look before a browser is sent there, whatever the database says: text that cannot
/// break a header or a page, and no scheme that runs in the browser.
pub(super) fn is_harmless(uri: &str) -> bool {
    let scheme = split(uri).scheme.map(str::to_ascii_lowercase);
    check_characters(uri).is_ok()
        && scheme.is_some_and(|scheme| !FORBIDDEN_SCHEMES.contains(&scheme.as_str()))
}

fn check_characters(uri: &str) -> Result<(), String> {
    if uri.is_empty() {
        return Err("is empty".to_owned());
    }
    if uri.len() > MAX_LENGTH {
        return Err(format!("is longer than {MAX_LENGTH} characters"));
    }
    if uri.contains('*') {
        return Err("has a wildcard; register each address in full".to_owned());
    }
    if uri.contains('\\') {
        return Err("has a backslash".to_owned());
    }
    let printable = |b: u8| matches!(b, 0x21..=0x7e) && !b"\"<>^`{|}".contains(&b);
    if !uri.bytes().all(printable) {
        return Err("has a character that URIs do not allow; write international host names in \
                    their xn-- form and other characters as % escapes"
            .to_owned());
    }
    let whole_escapes = uri.split('%').skip(1).all(|after| {
        let mut digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit);
        digits.next().is_some() && digits.next().is_some()
    });
    if whole_escapes { Ok(()) } else { Err("has a % that two hex digits do not follow".to_owned()) }
}

fn check_shape(parts: &Parts<'_>) -> Result<(), String> {
    let Some(scheme) = parts.scheme else {
        return Err("must be absolute, with its scheme".to_owned());
    };
    if scheme.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("must have its scheme in lower case".to_owned());
    }
    if parts.fragment.is_some() {
        return Err("must not have a fragment (RFC 6749 §3.1.2)".to_owned());
    }
    if parts.userinfo.is_some() {
        return Err("must not have a user name or password before the host".to_owned());
    }
    let is_dots = |segment: &str| {
        let decoded = percent_decode_str(segment).collect::<Vec<_>>();
        decoded == b"." || decoded == b".."
    };
    if parts.path.split('/').any(is_dots) {
        return Err("must not have . or .. in its path".to_owned());
    }
    Ok(())
}

/// The host as written must be the host that every parser sees: no `127.1`, no empty port.
fn check_host(uri: &str, parts: &Parts<'_>) -> Result<(), String> {
    let written = parts.host.unwrap_or_default();
    let parsed = Url::parse(uri).map_err(|_| "is not a valid URL".to_owned())?;
    if written.is_empty() || parsed.host_str() != Some(written) {
        return Err(match parsed.host_str() {
            Some(host) if !written.is_empty() => {
                format!("must write its host in the plain form `{host}`")
            }
            _ => "must name a host".to_owned(),
        });
    }
    match parts.port {
        None => Ok(()),
        Some(port) if port.parse::<u16>().is_ok_and(|n| n > 0) && !port.starts_with(['0', '+']) => {
            Ok(())
        }
        Some(_) => Err("must have a port from 1 to 65535, or none".to_owned()),
    }
}

fn check_custom_scheme(
    scheme: &str,
    application_type: ApplicationType,
    uri: &str,
) -> Result<(), String> {
    if FORBIDDEN_SCHEMES.contains(&scheme) {
        return Err(format!("must not use the scheme {scheme}"));
    }
    if application_type != ApplicationType::Native {
        return Err(
            "must use https; other schemes are for clients with application_type native".to_owned()
        );
    }
    if !scheme.contains('.') {
        return Err("must use a scheme made from a domain name of yours, turned around, such as \
                    com.example.app (RFC 8252 §7.1)"
            .to_owned());
    }
    Url::parse(uri).map(|_| ()).map_err(|_| "is not a valid URI".to_owned())
}
