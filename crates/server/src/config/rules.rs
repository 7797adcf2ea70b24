//! Rules that need more than one setting: what a server that others can reach must have.

use std::path::Path;

use vestibule_model::settings::{Mail, Registration};

use super::Config;
use super::reader::Reader;

/// Refuses a public server on development's defaults.
pub(super) fn check(reader: &mut Reader, config: &Config) {
    warn_of_ports(reader, config);
    if config.instance.is_loopback {
        return;
    }
    let stated = |reader: &Reader, path: &str| reader.origin(path).is_explicit();
    let has_database = stated(reader, "database.url") || stated(reader, "database.url_file");
    if !has_database && !stated(reader, "data_dir") {
        let message = "is the default, but the issuer is public: users and clients would be kept in \
                       a folder `data` wherever the server happens to be started";
        let fix =
            "set data_dir to a folder that is backed up, or database.url to a PostgreSQL server";
        reader.mistake("data_dir", message, Some(fix.to_owned()));
    }
    let has_key = stated(reader, "keys.master_key") || stated(reader, "keys.master_key_file");
    if !has_key {
        let message = "is missing, but the issuer is public: a key made on the spot lies beside the \
                       database it protects, and is lost with it";
        let fix = "make one with `openssl rand -hex 32 > FILE` (mode 0600), keep a copy elsewhere, \
                   and set keys.master_key_file to it";
        reader.mistake("keys.master_key_file", message, Some(fix.to_owned()));
    }
    if config.accounts.registration != Registration::Off && config.mail.mode == Mail::Off {
        let given = reader.given_text("accounts.registration").unwrap_or_default();
        let message =
            format!("is {given}, which needs mail.smtp_url: new addresses are proved by mail");
        let fix = "set mail.smtp_url and mail.from, or accounts.registration to off";
        reader.mistake("accounts.registration", message, Some(fix.to_owned()));
    }
    if config.server.trusted_proxies.is_empty() {
        let message = "is empty, but the issuer is public: without the address of the proxy that \
                       ends TLS, every visitor seems to come from that proxy";
        reader.warn("server.trusted_proxies", message);
    }
}

/// On one's own machine there is no proxy, so issuer and listener should agree.
fn warn_of_ports(reader: &mut Reader, config: &Config) {
    let port = url::Url::parse(config.instance.issuer.as_str())
        .ok()
        .and_then(|url| url.port_or_known_default());
    let Some(port) = port.filter(|_| config.instance.is_loopback) else { return };
    let listen = config.server.listen.port();
    if listen != port {
        let message = format!("is port {listen}, but the issuer says port {port}");
        reader.warn("server.listen", message);
    }
}

/// Warns of a given secret file that others can read. Mounted secrets often are, so it is no error.
pub(super) fn warn_of_readable(reader: &mut Reader) {
    use super::origin::Origin;
    for key in super::key::all().filter(|key| key.secret) {
        let Origin::SecretFile { path, .. } = reader.origin(key.path) else { continue };
        if is_readable_by_others(&path) {
            let message = format!(
                "can be read by other users of this machine: `chmod 600 {}` closes that",
                path.display()
            );
            reader.warn(key.path, message);
        }
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_path: &Path) -> bool {
    false
}
