//! Tells clients that sessions ended (OIDC Back-Channel Logout §2.5).
//!
//! As with mails, what is due is claimed for a few seconds that are renewed, so that several instances
//! do not tell the same at once, and told at least once. Each client is told by a task of its own, one token after another,
//! and while it is, nothing more is claimed for it: a client that does not answer delays nobody but
//! itself.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, timeout};
use vestibule_model::audit::AuditEvent;
use vestibule_model::client::Client;
use vestibule_model::logout::{LogoutDelivery, TOLD_FOR};
use vestibule_model::{ClientId, Entropy, Timestamp};
use vestibule_outbound::OutboundFault;
use vestibule_protocol::logout_token;
use vestibule_storage::{Conn, StorageError, audit, client, logout_delivery};
use vestibule_web::State;

use super::turn::{LASTS, LOOKS, while_renewing};
use super::{Activity, Watcher};

/// How long it waits for somebody to come, in seconds.
const AT_THE_LATEST: i64 = 300;
/// Clients that are told at once. No more is claimed: the rest is for other instances, and for whoever
/// has a place first.
const AT_ONCE: usize = 16;
/// How long one client may take for one token, and finding its keys.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for a place where too much goes to one host already.
const FOR_A_PLACE: Duration = Duration::from_millis(50);
/// How long one client may hold a place before the others have their turn.
const TURN: Duration = Duration::from_secs(20);
/// Seconds before the second try, and between two tries at most.
const FIRST: i64 = 30;
const LONGEST: i64 = 3_600;

/// Tells until dropped: at once when it is woken, and when a token is due again. With nothing due it
/// looks after requests came, and now and then anyway: a command that locked somebody out of an idle
/// server wakes nobody.
pub async fn run(state: State, activity: Arc<Activity>) {
    let mut under_way = FuturesUnordered::new();
    let mut busy: Vec<ClientId> = Vec::new();
    // What a former process left is due now.
    let mut due = Some(state.now());
    let mut looked_at = state.now();
    loop {
        let active = activity.take(Watcher::Logout);
        let now = state.now();
        let is_time =
            active || now.since(looked_at) >= AT_THE_LATEST || due.is_some_and(|due| due <= now);
        // With every place taken it looks when one comes free.
        if is_time && busy.len() < AT_ONCE {
            looked_at = now;
            due = match claim(&state, &busy).await {
                Ok(batch) if batch.is_empty() => look(&state).await.unwrap_or(Some(now)),
                Ok(batch) => {
                    for (id, deliveries) in by_client(batch) {
                        busy.push(id.clone());
                        under_way.push(tell(&state, id, deliveries));
                    }
                    // There may be more, for others.
                    continue;
                }
                Err(fault) => {
                    tracing::warn!(event = "logout.queue_failed", %fault);
                    Some(now)
                }
            };
        }
        tokio::select! {
            () = state.logout_wake.notified() => due = Some(state.now()),
            Some(id) = under_way.next() => {
                busy.retain(|client| *client != id);
                due = Some(state.now());
            }
            () = sleep(pause(due, state.now())) => {}
        }
    }
}

/// Until the next look. What is due already was tried in vain, or is being told.
fn pause(due: Option<Timestamp>, now: Timestamp) -> Duration {
    let seconds = due.map(|due| due.since(now)).filter(|seconds| *seconds > 0);
    let until_due = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    until_due.map_or(LOOKS, |seconds| LOOKS.min(Duration::from_secs(seconds)))
}

/// Tells everybody who is due once, and those again who are due again by then. Gives back when the
/// next is.
///
/// # Errors
/// The database. Who was told then may be told again.
pub async fn deliver(state: &State) -> Result<Option<Timestamp>, StorageError> {
    loop {
        let batch = claim(state, &[]).await?;
        if batch.is_empty() {
            return look(state).await;
        }
        let groups = by_client(batch).into_iter();
        join_all(groups.map(|(id, deliveries)| tell(state, id, deliveries))).await;
    }
}

/// Claims for as many clients as there are places beside the `busy` ones.
async fn claim(state: &State, busy: &[ClientId]) -> Result<Vec<LogoutDelivery>, StorageError> {
    let (now, busy) = (state.now(), busy.to_vec());
    let free = i64::try_from(AT_ONCE.saturating_sub(busy.len())).unwrap_or(0);
    let claim =
        move |conn: &mut Conn| logout_delivery::claim(conn, now, now.plus(LASTS), &busy, free);
    state.db.write(claim).await
}

/// When the next token is due; counts those that wait.
async fn look(state: &State) -> Result<Option<Timestamp>, StorageError> {
    let left = |conn: &mut Conn| {
        Ok::<_, StorageError>((logout_delivery::next_due(conn)?, logout_delivery::waiting(conn)?))
    };
    let (due, waiting) = state.db.read(left).await?;
    state.metrics.logouts_waiting(waiting);
    Ok(due)
}

fn by_client(batch: Vec<LogoutDelivery>) -> Vec<(ClientId, Vec<LogoutDelivery>)> {
    let mut groups: Vec<(ClientId, Vec<LogoutDelivery>)> = Vec::new();
    for delivery in batch {
        match groups.iter_mut().find(|(id, _)| *id == delivery.client_id) {
            Some((_, group)) => group.push(delivery),
            None => groups.push((delivery.client_id.clone(), vec![delivery])),
        }
    }
    groups
}

/// A token and what became of it.
#[derive(Clone)]
struct Try {
    delivery: LogoutDelivery,
    fate: Fate,
}

/// What became of a try to tell a client.
#[derive(Clone)]
enum Fate {
    /// It took the token.
    Told,
    /// It says that the token is none for it (§2.8): another one would be no better.
    Refused,
    /// It is gone, or no longer listens.
    Dropped,
    /// It did not take it. `next` is when to try again; `None` is never.
    Failed { next: Option<Timestamp>, why: String },
}

/// Why a client did not take a token.
struct Trouble {
    why: String,
    /// There was no answer at all, so another token would get none either.
    is_down: bool,
}

/// Tells one client of the sessions that ended, one after another. Gives back which it was.
async fn tell(state: &State, id: ClientId, deliveries: Vec<LogoutDelivery>) -> ClientId {
    let ids: Vec<String> = deliveries.iter().map(|delivery| delivery.id.clone()).collect();
    let telling = async {
        let wanted = id.clone();
        let client = state.db.read(move |conn| client::find(conn, &wanted)).await?;
        let client = client.filter(|client| client.disabled_at.is_none());
        note(state, take_turns(state, client.as_ref(), deliveries).await).await
    };
    // Clients take their time.
    let told = while_renewing(telling, || keep(state, &ids)).await;
    if let Err(fault) = told {
        // The claim ends, and whoever looks then tries again.
        tracing::warn!(event = "logout.queue_failed", client_id = id.as_str(), %fault);
    }
    id
}

/// Keeps what was claimed. Should that fail, a client may be told twice.
async fn keep(state: &State, ids: &[String]) {
    let (until, ids) = (state.now().plus(LASTS), ids.to_vec());
    if let Err(fault) = state.db.write(move |conn| logout_delivery::keep(conn, &ids, until)).await {
        tracing::warn!(event = "logout.claim_not_renewed", %fault);
    }
}

async fn take_turns(
    state: &State,
    client: Option<&Client>,
    deliveries: Vec<LogoutDelivery>,
) -> Vec<Try> {
    let begun = Instant::now();
    let mut down: Option<String> = None;
    let mut tries = Vec::new();
    for delivery in deliveries {
        let fate = if let Some(why) = &down {
            failed(state, &delivery, why.clone())
        } else if begun.elapsed() > TURN {
            Fate::Failed { next: Some(state.now()), why: "its turn was over".to_owned() }
        } else {
            match attempt(state, client, &delivery).await {
                Ok(fate) => fate,
                Err(Trouble { why, is_down }) => {
                    down = is_down.then(|| why.clone());
                    failed(state, &delivery, why)
                }
            }
        };
        tries.push(Try { delivery, fate });
    }
    tries
}

fn failed(state: &State, delivery: &LogoutDelivery, why: String) -> Fate {
    let entropy = state.entropy.as_ref();
    let next = next_try(delivery.created_at, delivery.attempts, state.now(), entropy);
    Fate::Failed { next, why }
}

/// One try. The token is made for it: a client would refuse one that waited (§4).
async fn attempt(
    state: &State,
    client: Option<&Client>,
    delivery: &LogoutDelivery,
) -> Result<Fate, Trouble> {
    let listens = client.and_then(|client| {
        client.metadata.backchannel_logout_uri.as_deref().map(|uri| (client, uri))
    });
    let Some((client, uri)) = listens else { return Ok(Fate::Dropped) };
    let late = |_| Trouble { why: "it did not answer in time".to_owned(), is_down: true };
    let sent = async {
        let minting = logout_token::mint(state, client, delivery, state.now());
        let token = timeout(PATIENCE, minting).await.map_err(late)?;
        let token =
            token.map_err(|error| Trouble { why: error.description.clone(), is_down: false })?;
        // Nothing was sent while we are busy with others: the client's time has not begun.
        let until = Instant::now() + TURN;
        let form = [("logout_token", token.as_str())];
        loop {
            let post = state.outbound.post_form(uri, &form);
            match timeout(PATIENCE, post).await.map_err(late)? {
                Err(OutboundFault::Busy) if Instant::now() < until => sleep(FOR_A_PLACE).await,
                answer => {
                    let down = |fault: OutboundFault| Trouble {
                        is_down: fault != OutboundFault::Busy,
                        why: fault.to_string(),
                    };
                    return answer.map_err(down);
                }
            }
        }
    };
    match sent.await? {
        // §2.8: some frameworks turn an empty 200 into 204.
        200 | 204 => Ok(Fate::Told),
        400 => Ok(Fate::Refused),
        status => Err(Trouble { why: format!("it answered with status {status}"), is_down: false }),
    }
}

/// When to try again what was to be told at `ended_at` and failed for the `attempts`-th time at
/// `now`; `None` to give it up. Twice as long each time up to an hour, a quarter more or less.
fn next_try(
    ended_at: Timestamp,
    attempts: i64,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or_default();
    let pause = (FIRST << doublings).min(LONGEST);
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes);
    let next = now.plus(pause - pause / 4 + i64::from_le_bytes(bytes).rem_euclid(pause / 2 + 1));
    (next.since(ended_at) <= TOLD_FOR).then_some(next)
}

/// Writes down what became of one client's tokens.
async fn note(state: &State, tries: Vec<Try>) -> Result<(), StorageError> {
    for attempt in &tries {
        report(state, attempt);
    }
    let now = state.now();
    let store = move |conn: &mut Conn| {
        for Try { delivery, fate } in &tries {
            let id = &delivery.id;
            match fate {
                Fate::Told => logout_delivery::sent(conn, id, now)?,
                Fate::Dropped => logout_delivery::failed(conn, id, None, "nobody listens")?,
                Fate::Refused => {
                    logout_delivery::failed(conn, id, None, "it refused the token")?;
                    let line = "the client refused the logout token";
                    audit::insert(conn, &event("logout.refused", delivery, line, now))?;
                }
                Fate::Failed { next, why } => {
                    logout_delivery::failed(conn, id, *next, why)?;
                    if next.is_none() {
                        audit::insert(conn, &event("logout.given_up", delivery, why, now))?;
                    }
                }
            }
        }
        Ok(())
    };
    state.db.write(store).await
}

fn report(state: &State, Try { delivery, fate }: &Try) {
    let LogoutDelivery { client_id, session_id, attempts, .. } = delivery;
    let (client_id, session_id) = (client_id.as_str(), session_id.as_str());
    match fate {
        Fate::Told => {
            state.metrics.logout("told");
            tracing::info!(event = "logout.told", client_id, session_id, attempts);
        }
        Fate::Dropped => {
            state.metrics.logout("dropped");
            tracing::info!(event = "logout.dropped", client_id, session_id, attempts);
        }
        Fate::Refused => {
            state.metrics.logout("refused");
            tracing::warn!(event = "logout.refused", client_id, session_id, attempts);
        }
        Fate::Failed { next: Some(_), why } => {
            state.metrics.logout("retry");
            tracing::warn!(event = "logout.failed", client_id, session_id, attempts, why);
        }
        Fate::Failed { next: None, why } => {
            state.metrics.logout("given_up");
            tracing::error!(event = "logout.given_up", client_id, session_id, attempts, why);
        }
    }
}

fn event(name: &'static str, delivery: &LogoutDelivery, why: &str, now: Timestamp) -> AuditEvent {
    let LogoutDelivery { session_id, attempts, .. } = delivery;
    AuditEvent::new(now, name, "logout")
        .of_client(&delivery.client_id)
        .detail(format!("session {session_id}, {attempts} tries: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;
    use vestibule_model::{SessionId, Subject, logout::SessionClient};

    #[test]
    fn it_looks_when_a_token_is_due_and_often_enough() {
        let now = Timestamp(1_000);
        for (due, seconds) in
            [(None, 2), (Some(999), 2), (Some(1_000), 2), (Some(1_001), 1), (Some(9_999), 2)]
        {
            assert_eq!(pause(due.map(Timestamp), now), Duration::from_secs(seconds), "{due:?}");
        }
    }

    #[test]
    fn tries_come_less_often_and_end_after_a_day() {
        let now = Timestamp(1_000_000);
        for (attempts, nominal) in [(0, 30), (1, 30), (2, 60), (7, 1_920), (8, 3_600), (99, 3_600)]
        {
            let next = next_try(now, attempts, now, &OsEntropy).expect("not given up").since(now);
            let quarter = nominal / 4;
            assert!(
                (nominal - quarter..=nominal + quarter + 1).contains(&next),
                "{attempts}: {next}"
            );
        }
        let mut at = now;
        let mut tries = 1;
        while let Some(next) = next_try(now, tries, at, &OsEntropy) {
            assert!(next > at);
            (at, tries) = (next, tries + 1);
        }
        assert!((80_000..=TOLD_FOR).contains(&at.since(now)), "{at:?}");
        assert!((25..45).contains(&tries), "{tries}");
    }

    #[test]
    fn each_client_has_a_group_of_its_own_in_the_order_of_the_queue() {
        let one = |session: &str, client: &str| {
            let told = SessionClient {
                session_id: SessionId::new(session),
                client_id: ClientId::new(client),
                sub: Subject::new("u"),
                first_at: Timestamp(0),
            };
            LogoutDelivery::of(&told, Timestamp(0))
        };
        let groups = by_client(vec![one("1", "a"), one("2", "b"), one("3", "a")]);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|(_, all)| all.iter().map(|one| one.id.as_str()).collect()).collect();
        assert_eq!(names, [vec!["1.a", "3.a"], vec!["2.b"]]);
    }
}
