//! Whether a PostgreSQL server can be relied on.

use url::Url;
use vestibule_storage::inspect::{PostgresFacts, ServerFacts};

use crate::doctor::finding::Finding;

/// The oldest release that still gets corrections from its makers.
const OLDEST: i64 = 140_000;
/// A transaction that has been open for so long keeps rows from being cleaned, in seconds.
const LONG_TRANSACTION: i64 = 300;

/// What to do about a server that refuses.
pub(super) fn mend(why: &str) -> &'static str {
    let why = why.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| why.contains(part));
    if says(&["password", "pg_hba", "role \""]) {
        "correct user and password in database.url, or let them in (pg_hba.conf, CREATE ROLE)"
    } else if says(&["certificate", "ssl", "tls"]) {
        "correct sslmode and sslrootcert in database.url, or the server's certificate"
    } else if says(&["does not exist"]) {
        "make the database (`createdb`), or correct its name in database.url"
    } else if says(&["too many", "remaining connection slots"]) {
        "raise max_connections of the server, or lower database.pool_size"
    } else if says(&["translate host", "resolve", "name or service"]) {
        "correct the host's name in database.url, or the name server"
    } else {
        "start the server, or correct host and port in database.url; a firewall may be between"
    }
}

pub(super) fn judge(facts: &PostgresFacts, url: &str, pool_size: u32) -> Vec<Finding> {
    let server = &facts.server;
    let encryption = if server.tls.is_empty() { "not encrypted" } else { server.tls.as_str() };
    let summary = format!("PostgreSQL {}, {encryption}", server.version);
    let mut found = vec![Finding::ok("reachable", summary)];
    found.extend(version(server));
    found.extend(role(facts));
    found.extend(encrypted(server, url));
    found.extend(durability(server));
    found.push(connections(server, i64::from(pool_size)));
    found.extend(upkeep(facts));
    found
}

fn version(server: &ServerFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if server.version_number < OLDEST {
        found.push(Finding::failed(
            "version",
            format!("PostgreSQL {} is older than 14", server.version),
            "upgrade the server",
        ));
    }
    if server.encoding != "UTF8" {
        found.push(Finding::failed(
            "encoding",
            format!("the database's encoding is {}, not UTF8", server.encoding),
            "move to a database that was made with ENCODING 'UTF8'",
        ));
    }
    found
}

/// Whether we may do what we must, and no more.
fn role(facts: &PostgresFacts) -> Vec<Finding> {
    let server = &facts.server;
    let mut found = Vec::new();
    if server.in_recovery {
        found.push(Finding::failed(
            "primary",
            "the server is a standby, where nothing can be written",
            "name the primary in database.url, or all servers with \
             `?target_session_attrs=read-write`",
        ));
    } else if server.read_only {
        found.push(Finding::failed(
            "writable",
            "the database takes no writes (default_transaction_read_only is on)",
            "`ALTER DATABASE … RESET default_transaction_read_only`, or of the role",
        ));
    }
    if !facts.closed.is_empty() {
        let tables = facts.closed.join(", ");
        found.push(Finding::failed(
            "rights",
            format!("the role may not read and write everywhere: {tables}"),
            "`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO …`",
        ));
    }
    if server.is_superuser {
        found.push(Finding::grave(
            "superuser",
            "the role is a superuser, who can read every database and the server's files",
            "make a role of its own: `CREATE ROLE vestibule LOGIN PASSWORD …`",
        ));
    } else if server.may_create {
        found.push(Finding::hint(
            "ddl",
            "the role may make and change tables, which only `vestibule migrate` needs",
            "set database.migrate to \"check\", let the server have a role without CREATE, and run \
             `vestibule migrate up` as another",
        ));
    }
    found
}

fn encrypted(server: &ServerFacts, url: &str) -> Vec<Finding> {
    if server.is_local {
        return Vec::new();
    }
    if server.tls.is_empty() {
        return vec![Finding::grave(
            "tls",
            "the connection to the database is not encrypted",
            "add sslmode=verify-full and sslrootcert=… to database.url",
        )];
    }
    let mode = sslmode(url);
    if mode == "verify-full" {
        return vec![Finding::ok("tls", "its certificate is checked (verify-full)")];
    }
    vec![Finding::warning(
        "tls",
        format!("the connection is encrypted, but with whom is not checked (sslmode={mode})"),
        "set sslmode=verify-full and sslrootcert=… in database.url",
    )]
}

/// What the URL says, else what libpq takes then.
fn sslmode(url: &str) -> String {
    // Several hosts are no URL to most readers, so only the query is read.
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let parsed = Url::parse(&format!("postgres://h/?{query}")).ok();
    let mode = parsed.and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "sslmode").map(|(_, mode)| mode.into_owned())
    });
    mode.unwrap_or_else(|| "prefer".to_owned())
}

/// Whether what was answered survives a power cut.
fn durability(server: &ServerFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, value) in [("fsync", server.fsync), ("full_page_writes", server.full_page_writes)] {
        if !value {
            found.push(Finding::grave(
                "durability",
                format!("{name} is off: a power cut can cost rows, or the whole database"),
                format!("`ALTER SYSTEM SET {name} = on`, then `SELECT pg_reload_conf()`"),
            ));
        }
    }
    if server.synchronous_commit == "off" {
        found.push(Finding::grave(
            "durability",
            "synchronous_commit is off: a crash can undo what was answered, such as a sign-out",
            "`ALTER DATABASE … SET synchronous_commit = on`",
        ));
    }
    found
}

/// Whether there is room for our connections, and those of more instances.
fn connections(server: &ServerFacts, pool_size: i64) -> Finding {
    let (limit, used) = (server.connection_limit, server.connections);
    let told = format!("{used} of {limit} connections in use; each instance takes {pool_size}");
    let fix = "raise max_connections of the server, lower database.pool_size, or put PgBouncer in \
               between (database.transaction_pooling)";
    if pool_size > limit {
        return Finding::failed("connections", told, fix);
    }
    if pool_size * 2 > limit || used >= limit - limit / 10 {
        return Finding::warning("connections", told, fix);
    }
    Finding::ok("connections", told)
}

fn upkeep(facts: &PostgresFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let seconds = facts.server.longest_transaction;
    if seconds > LONG_TRANSACTION {
        found.push(Finding::warning(
            "transactions",
            format!("a transaction has been open for {} min: dead rows cannot leave", seconds / 60),
            "look for it in pg_stat_activity (xact_start), and end it with pg_terminate_backend",
        ));
    }
    for table in &facts.bloated {
        found.push(Finding::warning(
            "bloat",
            format!("{} holds {} dead rows, and {} live ones", table.name, table.dead, table.live),
            format!("`VACUUM {}`, and see why autovacuum does not come", table.name),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use vestibule_storage::inspect::Bloated;

    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    const CHECKED: &str = "postgres://u:p@a:5432,b:5432/d?sslmode=verify-full";

    fn server() -> ServerFacts {
        ServerFacts {
            version: "17.5".to_owned(),
            version_number: 170_005,
            in_recovery: false,
            read_only: false,
            synchronous_commit: "on".to_owned(),
            fsync: true,
            full_page_writes: true,
            encoding: "UTF8".to_owned(),
            connection_limit: 97,
            connections: 10,
            is_local: false,
            tls: "TLSv1.3".to_owned(),
            may_create: false,
            is_superuser: false,
            now: 0,
            longest_transaction: 0,
        }
    }

    fn worst(facts: &PostgresFacts, url: &str) -> (Status, &'static str, bool) {
        let found = judge(facts, url, 8);
        let worst = found.into_iter().max_by_key(|finding| (finding.status, finding.strict));
        let worst = worst.unwrap();
        assert!(worst.status < Warning || worst.fix.is_some(), "{worst:?}");
        (worst.status, worst.about, worst.strict == Failed)
    }

    fn of(server: ServerFacts) -> PostgresFacts {
        PostgresFacts { server, closed: Vec::new(), bloated: Vec::new() }
    }

    #[test]
    fn each_trouble_of_the_server_is_told() {
        assert_eq!(worst(&of(server()), CHECKED).0, Fine);
        let off = || "off".to_owned();
        for (changed, expected) in [
            (ServerFacts { version_number: 130_020, ..server() }, (Failed, "version", true)),
            (ServerFacts { encoding: "SQL_ASCII".into(), ..server() }, (Failed, "encoding", true)),
            (ServerFacts { in_recovery: true, ..server() }, (Failed, "primary", true)),
            (ServerFacts { read_only: true, ..server() }, (Failed, "writable", true)),
            (ServerFacts { is_superuser: true, ..server() }, (Warning, "superuser", true)),
            (ServerFacts { tls: String::new(), ..server() }, (Warning, "tls", true)),
            (ServerFacts { fsync: false, ..server() }, (Warning, "durability", true)),
            (ServerFacts { full_page_writes: false, ..server() }, (Warning, "durability", true)),
            (ServerFacts { synchronous_commit: off(), ..server() }, (Warning, "durability", true)),
            (ServerFacts { connection_limit: 7, ..server() }, (Failed, "connections", true)),
            (ServerFacts { connection_limit: 12, ..server() }, (Warning, "connections", false)),
            (ServerFacts { connections: 95, ..server() }, (Warning, "connections", false)),
            (
                ServerFacts { longest_transaction: 301, ..server() },
                (Warning, "transactions", false),
            ),
        ] {
            assert_eq!(worst(&of(changed.clone()), CHECKED), expected, "{changed:?}");
        }
        let owner = of(ServerFacts { may_create: true, ..server() });
        let strict = judge(&owner, CHECKED, 8).into_iter().map(|finding| finding.strict).max();
        assert_eq!((worst(&owner, CHECKED).0, strict), (Fine, Some(Warning)));
        let local = ServerFacts { tls: String::new(), is_local: true, ..server() };
        assert_eq!(worst(&of(local), "postgres:///d").0, Fine);
    }

    #[test]
    fn each_trouble_of_the_tables_is_told() {
        let closed = PostgresFacts { closed: vec!["users".to_owned()], ..of(server()) };
        assert_eq!(worst(&closed, CHECKED), (Failed, "rights", true));
        let bloated = Bloated { name: "grants".to_owned(), live: 1, dead: 20_000 };
        let bloated = PostgresFacts { bloated: vec![bloated], ..of(server()) };
        assert_eq!(worst(&bloated, CHECKED), (Warning, "bloat", false));
    }

    #[test]
    fn encryption_without_a_check_is_worth_a_warning() {
        for (url, mode) in [
            (CHECKED, "verify-full"),
            ("postgres://u:p@h/d", "prefer"),
            ("postgres://u:p@h/d?sslmode=require&x=y", "require"),
            ("postgres://u:p@h,i/d?x=y&sslmode=verify%2Dca", "verify-ca"),
        ] {
            assert_eq!(sslmode(url), mode);
            let expected = if mode == "verify-full" { Fine } else { Warning };
            assert_eq!(worst(&of(server()), url).0, expected, "{url}");
        }
    }

    #[test]
    fn each_refusal_has_its_own_remedy() {
        let refusals = [
            ("connection to server at \"h\", port 5432 failed: Connection refused", "start"),
            ("FATAL: password authentication failed for user \"v\"", "user and password"),
            ("FATAL: database \"x\" does not exist", "createdb"),
            ("FATAL: role \"x\" does not exist", "CREATE ROLE"),
            ("SSL error: certificate verify failed", "sslrootcert"),
            ("FATAL: sorry, too many clients already", "max_connections"),
            ("could not translate host name \"x\" to address", "host's name"),
            ("no answer within 5 s", "firewall"),
        ];
        for (refusal, part) in refusals {
            assert!(mend(refusal).contains(part), "{refusal}: {}", mend(refusal));
        }
    }
}
