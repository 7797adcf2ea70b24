//! One-time things stay one-time however many ask at once, through two instances of the program.

use std::sync::{Arc, Barrier};

use vestibule_model::{ClientId, GrantId, SignInId, UserId, guess::Counter, sign_in::SignIn};
use vestibule_storage::{
    Conn, StorageError, authorization_code, client_assertion, grant, guess, initial_access_token,
    outbox, recovery_code, refresh_token, setup_link, sign_in, spent_challenge,
    testing::TestDatabase, totp_device, user, verification,
};

use crate::fixtures::{
    NOW, a_code, a_grant, a_mail, a_refresh_token, a_sign_in, a_totp_device, a_use, a_user,
    a_verification, an_initial_access_token, hash, read, with_grant, write,
};

const THREADS: usize = 16;
const ROUNDS: usize = 40;

on_both!(
    a_code_is_redeemed_by_one,
    a_refresh_token_is_rotated_by_one,
    an_assertion_is_claimed_by_one,
    a_setup_link_is_used_by_one,
    a_grant_is_revoked_by_one,
    a_password_hash_is_replaced_by_one,
    a_session_of_reads_and_writes_agrees_on_one_winner,
    a_sign_in_is_finished_by_one,
    a_challenge_is_spent_by_one,
    a_verification_is_used_by_one,
    a_time_step_is_spent_by_one,
    a_recovery_code_is_used_by_one,
    a_password_leaves_each_of_its_predecessors_to_the_history,
    a_mail_is_claimed_by_one,
    no_failure_is_lost,
    no_count_is_lost,
    an_initial_access_token_is_used_by_one,
);

through_a_pooler!(
    a_code_is_redeemed_by_one,
    a_refresh_token_is_rotated_by_one,
    an_assertion_is_claimed_by_one,
    a_setup_link_is_used_by_one,
    a_grant_is_revoked_by_one,
    a_password_hash_is_replaced_by_one,
    a_session_of_reads_and_writes_agrees_on_one_winner,
    a_sign_in_is_finished_by_one,
    a_challenge_is_spent_by_one,
    a_verification_is_used_by_one,
    a_time_step_is_spent_by_one,
    a_recovery_code_is_used_by_one,
    a_password_leaves_each_of_its_predecessors_to_the_history,
    a_mail_is_claimed_by_one,
    no_failure_is_lost,
    no_count_is_lost,
    an_initial_access_token_is_used_by_one,
);

/// Prepares each round with `prepare`, lets every thread `attempt` it at the same moment, and
/// demands exactly one `true` a round.
fn race(
    database: &TestDatabase,
    prepare: fn(&mut Conn, usize) -> Result<(), StorageError>,
    attempt: fn(&mut Conn, usize, usize) -> Result<bool, StorageError>,
) {
    for (round, answers) in rush(database, prepare, attempt).into_iter().enumerate() {
        let winners = answers.iter().filter(|answer| **answer).count();
        assert_eq!(winners, 1, "round {round}: {answers:?}");
    }
}

/// The same without the demand: what each thread got, round by round. None may fail.
fn rush<T: std::fmt::Debug + Send + 'static>(
    database: &TestDatabase,
    prepare: fn(&mut Conn, usize) -> Result<(), StorageError>,
    attempt: fn(&mut Conn, usize, usize) -> Result<T, StorageError>,
) -> Vec<Vec<T>> {
    let instances = [with_grant(database), database.open()];
    write(&instances[0], move |conn| (0..ROUNDS).try_for_each(|round| prepare(conn, round)));
    let start = Arc::new(Barrier::new(THREADS));
    let racers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let db = instances[thread % 2].clone();
            let start = Arc::clone(&start);
            std::thread::spawn(move || {
                (0..ROUNDS)
                    .map(|round| {
                        start.wait();
                        // Judged after the race: a racer that stopped would hold up the others.
                        db.write(move |conn| attempt(conn, round, thread)).wait()
                    })
                    .collect::<Vec<Result<T, StorageError>>>()
            })
        })
        .collect();
    let mut rounds: Vec<Vec<T>> = (0..ROUNDS).map(|_| Vec::new()).collect();
    for racer in racers {
        for (round, answer) in racer.join().unwrap().into_iter().enumerate() {
            rounds[round].push(answer.unwrap());
        }
    }
    rounds
}

// spec: RFC 6749 10.5 MUST: a code is single-use, across instances too @ storage/src/authorization_code.rs
fn a_code_is_redeemed_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| authorization_code::insert(conn, &a_code(&round.to_string())),
        |conn, round, _| authorization_code::consume(conn, &hash(&round.to_string()), NOW),
    );
}

/// The winner also stores its successor; were there two, the second would find the generation
/// taken and fail.
fn a_refresh_token_is_rotated_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            let mut family = a_grant(&format!("family {round}"));
            family.id = GrantId::new(format!("family {round}"));
            grant::insert(conn, &family)?;
            let mut token = a_refresh_token(&round.to_string(), 0);
            token.grant_id = family.id;
            refresh_token::insert(conn, &token)
        },
        |conn, round, thread| {
            let successor = format!("successor {round} {thread}");
            let won = refresh_token::rotate(conn, &hash(&round.to_string()), &a_use(&successor))?;
            if won {
                let mut token = a_refresh_token(&successor, 1);
                token.grant_id = GrantId::new(format!("family {round}"));
                refresh_token::insert(conn, &token)?;
            }
            Ok(won)
        },
    );
}

// spec: OIDC Core 9 MUST: an assertion is used once, across instances too @ storage/src/client_assertion.rs
fn an_assertion_is_claimed_by_one(database: &TestDatabase) {
    race(
        database,
        |_, _| Ok(()),
        |conn, round, _| {
            client_assertion::claim(conn, &ClientId::new("app"), &round.to_string(), NOW)
        },
    );
}

fn a_setup_link_is_used_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| setup_link::insert(conn, &hash(&round.to_string()), NOW.plus(9)),
        |conn, round, _| setup_link::consume(conn, &hash(&round.to_string()), NOW),
    );
}

fn a_grant_is_revoked_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| grant::insert(conn, &a_grant(&round.to_string())),
        |conn, round, _| grant::revoke(conn, &GrantId::new(round.to_string()), NOW),
    );
}

fn a_password_hash_is_replaced_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            user::insert(
                conn,
                &a_user(&format!("r{round}"), &format!("n{round}"), &format!("m{round}")),
            )
        },
        |conn, round, thread| {
            let id = UserId::new(format!("r{round}"));
            user::replace_password_hash(conn, &id, "$argon2id$old", &thread.to_string())
        },
    );
}

/// As the token endpoint does it: look first, then settle by the conditional update.
fn a_session_of_reads_and_writes_agrees_on_one_winner(database: &TestDatabase) {
    race(
        database,
        |conn, round| authorization_code::insert(conn, &a_code(&round.to_string())),
        |conn, round, _| {
            let code = hash(&round.to_string());
            let seen = authorization_code::find(conn, &code)?.unwrap();
            let won = authorization_code::consume(conn, &code, NOW)?;
            assert!(!won || seen.consumed_at.is_none(), "a winner cannot have seen it used");
            Ok(won)
        },
    );
}

fn a_sign_in_is_finished_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            let sign_in = a_sign_in(&round.to_string(), &round.to_string());
            sign_in::insert(conn, &SignIn { session_id: None, ..sign_in })
        },
        |conn, round, _| sign_in::take(conn, &SignInId::new(round.to_string())),
    );
}

fn a_challenge_is_spent_by_one(database: &TestDatabase) {
    race(
        database,
        |_, _| Ok(()),
        |conn, round, _| spent_challenge::spend(conn, &hash(&round.to_string()), NOW.plus(9)),
    );
}

fn a_verification_is_used_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            let mut verification = a_verification(&round.to_string());
            verification.subject = round.to_string();
            verification::insert(conn, &verification)
        },
        |conn, round, _| verification::consume(conn, &round.to_string(), NOW),
    );
}

fn a_time_step_is_spent_by_one(database: &TestDatabase) {
    let prepare = |conn: &mut Conn, round: usize| {
        totp_device::insert(conn, &a_totp_device(&round.to_string()))?;
        totp_device::confirm(conn, &round.to_string(), 100, NOW)?;
        Ok(())
    };
    race(database, prepare, |conn, round, _| {
        totp_device::use_step(conn, &round.to_string(), 101, NOW)
    });
}

fn a_recovery_code_is_used_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            let id = UserId::new(format!("r{round}"));
            let user = a_user(id.as_str(), id.as_str(), &format!("{id}@example.org"));
            user::insert(conn, &user)?;
            recovery_code::replace_all(conn, &id, &[hash(id.as_str())], NOW)
        },
        |conn, round, _| {
            let id = UserId::new(format!("r{round}"));
            recovery_code::use_one(conn, &id, &hash(id.as_str()), NOW)
        },
    );
}

fn a_password_leaves_each_of_its_predecessors_to_the_history(database: &TestDatabase) {
    rush(
        database,
        |_, _| Ok(()),
        |conn, round, thread| {
            let (hash, id) = (format!("{round} {thread}"), UserId::new("u1"));
            user::set_password(conn, &id, &hash, 9_999, NOW, hash.clone())
        },
    );
    let db = database.open();
    let mut all = read(&db, |conn| user::former_passwords(conn, &UserId::new("u1"), 9_999));
    all.push(read(&db, |conn| user::find(conn, &UserId::new("u1"))).unwrap().password_hash);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), THREADS * ROUNDS + 1, "each was in force once, and the first");
}

/// Each round has 5 mails; together the threads get each of them once.
fn a_mail_is_claimed_by_one(database: &TestDatabase) {
    let prepare = |conn: &mut Conn, round: usize| {
        (0..5).try_for_each(|number| {
            let mut mail = a_mail(&format!("{round} {number}"));
            mail.next_attempt_at = Some(NOW.plus(i64::try_from(round).unwrap()));
            outbox::insert(conn, &mail)
        })
    };
    let rounds = rush(database, prepare, |conn, round, _| {
        let now = NOW.plus(i64::try_from(round).unwrap());
        let claimed = outbox::claim(conn, now, NOW.plus(9_999), 2)?;
        assert!(claimed.len() <= 2, "{claimed:?}");
        Ok(claimed.into_iter().map(|mail| (mail.id, mail.attempts)).collect::<Vec<_>>())
    });
    let mut claimed: Vec<(String, i64)> = rounds.into_iter().flatten().flatten().collect();
    claimed.sort();
    let mut expected: Vec<(String, i64)> = (0..ROUNDS)
        .flat_map(|round| (0..5).map(move |number| (format!("{round} {number}"), 1)))
        .collect();
    expected.sort();
    assert_eq!(claimed, expected);
}

fn one_more(old: Option<Counter>) -> Counter {
    let failures = old.map_or(0, |old| old.failures) + 1;
    Counter { failures, first_at: NOW, last_at: NOW, locked_until: None }
}

fn no_failure_is_lost(database: &TestDatabase) {
    let rounds = rush(
        database,
        |_, _| Ok(()),
        // A new subject each round: the first row is fought for as well.
        |conn, round, _| guess::update(conn, &round.to_string(), |_| NOW, one_more),
    );
    let everyone: Vec<i64> = (1..).take(THREADS).collect();
    for (round, counters) in rounds.into_iter().enumerate() {
        let mut failures: Vec<i64> = counters.iter().map(|counter| counter.failures).collect();
        failures.sort_unstable();
        assert_eq!(failures, everyone, "round {round}: each saw what the one before it wrote");
    }
}

fn no_count_is_lost(database: &TestDatabase) {
    let counted = rush(
        database,
        |_, _| Ok(()),
        |conn, round, _| guess::count(conn, &round.to_string(), 60, NOW),
    );
    let everyone: Vec<i64> = (1..).take(THREADS).collect();
    for (round, counters) in counted.into_iter().enumerate() {
        let mut counts: Vec<i64> = counters.iter().map(|counter| counter.failures).collect();
        counts.sort_unstable();
        assert_eq!(counts, everyone, "round {round}");
    }
}

/// RFC 7591 §3: a token for one client lets one in.
fn an_initial_access_token_is_used_by_one(database: &TestDatabase) {
    race(
        database,
        |conn, round| {
            let token = an_initial_access_token(&round.to_string(), Some(1));
            initial_access_token::insert(conn, &token)
        },
        |conn, round, _| initial_access_token::use_one(conn, &hash(&round.to_string()), NOW),
    );
}
