//! Codes, refresh tokens, access tokens, client assertions.

use vestibule_model::ClientId;
use vestibule_storage::{
    StorageError, authorization_code, client, client_assertion, opaque_access_token, refresh_token,
    revoked_token, testing::TestDatabase,
};

use crate::fixtures::{
    NOW, a_client, a_code, a_refresh_token, a_use, an_opaque_token, hash, read, with_grant, write,
};

on_both!(
    a_code_works_once,
    a_refresh_token_has_one_successor,
    a_generation_exists_once_in_a_family,
    an_opaque_token_carries_its_claims,
    a_token_is_revoked_by_its_jti,
    an_assertion_counts_once_for_each_client,
);

through_a_pooler!(
    a_code_works_once,
    a_refresh_token_has_one_successor,
    a_generation_exists_once_in_a_family,
    an_opaque_token_carries_its_claims,
    a_token_is_revoked_by_its_jti,
    an_assertion_counts_once_for_each_client,
);

fn a_code_works_once(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| authorization_code::insert(conn, &a_code("code")));
    let found = read(&db, |conn| authorization_code::find(conn, &hash("code"))).unwrap();
    assert_eq!(found.nonce.as_deref(), Some("a \0 nonce"));
    assert_eq!(found.redirect_uri, "https://app.example/cb?x=1");
    assert_eq!((found.expires_at, found.consumed_at), (NOW.plus(60), None));
    let consume =
        |code, at| write(&db, move |conn| authorization_code::consume(conn, &hash(code), at));
    assert!(consume("code", NOW.plus(3)));
    assert!(!consume("code", NOW.plus(4)));
    assert!(!consume("unknown", NOW));
    let found = read(&db, |conn| authorization_code::find(conn, &hash("code"))).unwrap();
    assert_eq!(found.consumed_at, Some(NOW.plus(3)), "a replay still finds it, first use noted");
    assert!(read(&db, |conn| authorization_code::find(conn, &hash("unknown"))).is_none());

    let mut plain = a_code("no nonce");
    plain.nonce = None;
    write(&db, move |conn| authorization_code::insert(conn, &plain));
    let found = read(&db, |conn| authorization_code::find(conn, &hash("no nonce"))).unwrap();
    assert_eq!(found.nonce, None);
}

fn a_refresh_token_has_one_successor(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| refresh_token::insert(conn, &a_refresh_token("r1", 0)));
    assert!(read(&db, |conn| refresh_token::find(conn, &hash("r1"))).unwrap().used.is_none());
    let rotate = |token, successor: &'static str| {
        write(&db, move |conn| refresh_token::rotate(conn, &hash(token), &a_use(successor)))
    };
    assert!(rotate("r1", "r2"));
    assert!(!rotate("r1", "r3"));
    assert!(!rotate("unknown", "r2"));
    write(&db, |conn| refresh_token::insert(conn, &a_refresh_token("r2", 1)));
    let first = read(&db, |conn| refresh_token::find(conn, &hash("r1"))).unwrap();
    let used = first.used.unwrap();
    assert_eq!((used.at, used.successor), (NOW.plus(5), hash("r2")));
    assert_eq!(used.sealed_reply, "v1.sealed-r2");
    let second = read(&db, |conn| refresh_token::find(conn, &hash("r2"))).unwrap();
    assert_eq!((second.generation, second.used.is_none()), (1, true));
}

fn a_generation_exists_once_in_a_family(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| refresh_token::insert(conn, &a_refresh_token("r1", 0)));
    let forked = db.write(|conn| refresh_token::insert(conn, &a_refresh_token("x", 0))).wait();
    assert_eq!(forked, Err(StorageError::Duplicate { what: "generation" }));
    let twice = db.write(|conn| refresh_token::insert(conn, &a_refresh_token("r1", 1))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "refresh token" }));
}

fn an_opaque_token_carries_its_claims(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        opaque_access_token::insert(conn, &an_opaque_token("of a grant", "g1.random"))?;
        opaque_access_token::insert(conn, &an_opaque_token("of a client", "random"))
    });
    for (token, jti) in [("of a grant", "g1.random"), ("of a client", "random")] {
        let found = read(&db, move |conn| opaque_access_token::find(conn, &hash(token))).unwrap();
        assert_eq!(found.claims, an_opaque_token(token, jti).claims);
    }
    assert!(read(&db, |conn| opaque_access_token::find(conn, &hash("other"))).is_none());
    let token = an_opaque_token("of no grant", "gone.random");
    let refused = db.write(move |conn| opaque_access_token::insert(conn, &token)).wait();
    assert!(matches!(refused, Err(StorageError::Inconsistent(_))), "{refused:?}");
}

fn a_token_is_revoked_by_its_jti(database: &TestDatabase) {
    let db = database.open();
    let is_revoked = |jti| read(&db, move |conn| revoked_token::contains(conn, jti));
    assert!(!is_revoked("g1.a") && !is_revoked("\0"));
    for is_first in [true, false] {
        let revoked = write(&db, |conn| revoked_token::insert(conn, "g1.a", NOW.plus(600)));
        assert_eq!(revoked, is_first);
    }
    assert!(is_revoked("g1.a") && !is_revoked("g1.b"));
}

fn an_assertion_counts_once_for_each_client(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| client::insert(conn, &a_client("other")));
    let claim = |client: &'static str, jti: &str| {
        let jti = jti.to_owned();
        write(&db, move |conn| {
            client_assertion::claim(conn, &ClientId::new(client), &jti, NOW.plus(60))
        })
    };
    let long = "j".repeat(16_000);
    for jti in ["j1", "with \0", long.as_str()] {
        assert!(claim("app", jti));
        assert!(!claim("app", jti), "a replay");
        assert!(claim("other", jti), "another client's jti is another jti (RFC 7519 §4.1.7)");
    }
}
