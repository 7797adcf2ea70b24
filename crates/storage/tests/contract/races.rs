//! One-time things stay one-time however many ask at once, through two instances of the program.

use std::sync::{Arc, Barrier};

use vestibule_model::{ClientId, GrantId, UserId};
use vestibule_storage::{
    Conn, StorageError, authorization_code, client_assertion, grant, refresh_token, setup_link,
    testing::TestDatabase, user,
};

use crate::fixtures::{
    NOW, a_code, a_grant, a_refresh_token, a_use, a_user, hash, with_grant, write,
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
);

/// Prepares each round with `prepare`, lets every thread `attempt` it at the same moment, and
/// demands exactly one `true` a round.
fn race(
    database: &TestDatabase,
    prepare: fn(&mut Conn, usize) -> Result<(), StorageError>,
    attempt: fn(&mut Conn, usize, usize) -> Result<bool, StorageError>,
) {
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
                    .collect::<Vec<Result<bool, StorageError>>>()
            })
        })
        .collect();
    let rounds: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    for round in 0..ROUNDS {
        let answers: Vec<_> = rounds.iter().map(|answers| &answers[round]).collect();
        assert!(answers.iter().all(|answer| answer.is_ok()), "round {round}: {answers:?}");
        let winners = answers.iter().filter(|answer| ***answer == Ok(true)).count();
        assert_eq!(winners, 1, "round {round}: {answers:?}");
    }
}

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
