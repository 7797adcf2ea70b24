//! When a load balancer is told to go elsewhere.

use tokio::sync::oneshot;
use vestibule_acceptance::within;
use vestibule_storage::{Conn, Db, Pending, StorageError, health::ping};

use super::*;

on_both_databases! {
    async fn a_database_that_hangs_makes_an_instance_unready_though_its_queue_is_full(app: TestApp) {
        assert_eq!(ready(app).await.status, 200);
        let held = hold_reads(&app.state.db).await;
        let full: Vec<_> = (0..=1_024).map(|_| app.state.db.read(ping)).collect();
        let ready_now = app.state.db.read::<_, StorageError, _>(ping).await;
        assert_eq!(ready_now, Err(StorageError::Overloaded), "nothing more is taken");
        within(Duration::from_secs(10), "not ready", async || ready(app).await.status == 503).await;
        assert_eq!(ready(app).await.json()["reasons"][0], "no answer within 3 s");
        drop(held);
        for answer in full {
            let _: Result<(), StorageError> = answer.await;
        }
        within(Duration::from_secs(10), "ready", async || ready(app).await.status == 200).await;
    }
}

async fn ready(app: &TestApp) -> Page {
    app.machine().get("/health/ready").await
}

/// Keeps every thread that answers reads until what is returned is dropped.
async fn hold_reads(db: &Db) -> Vec<(mpsc::Sender<()>, Pending<(), StorageError>)> {
    let pools = db.pools();
    let pool = pools.iter().find(|pool| matches!(pool.name, "primary" | "reader"));
    let mut held = Vec::new();
    for _ in 0..pool.expect("a pool for reads").size {
        let (let_go, until) = mpsc::channel::<()>();
        let (begun, at_it) = oneshot::channel();
        let pending = db.read_once(move |_: &mut Conn| {
            let _ = begun.send(());
            let _ = until.recv();
            Ok(())
        });
        at_it.await.expect("a thread is at it");
        held.push((let_go, pending));
    }
    held
}
