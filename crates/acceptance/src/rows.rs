//! Looking at rows and changing them, past the server.

use vestibule_model::{ClientId, OAuthError, client::Client};
use vestibule_storage::{Conn, audit::RecordedEvent};

use crate::TestApp;

impl TestApp {
    /// Runs a job on the database behind the server.
    pub async fn rows<T, F>(&self, job: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, OAuthError> + Clone + Send + 'static,
    {
        self.state.write(job).await.expect("a job that the database carries out")
    }

    /// The audit events of that name, newest first.
    pub async fn audit(&self, event: &'static str) -> Vec<RecordedEvent> {
        let all = self.rows(|conn| Ok(vestibule_storage::audit::list_recent(conn, 1_000)?)).await;
        all.into_iter().filter(|recorded| recorded.event == event).collect()
    }

    /// Changes a registered client.
    pub async fn change_client(
        &self,
        id: &'static str,
        change: impl FnOnce(&mut Client) + Clone + Send + 'static,
    ) {
        self.rows(move |conn| {
            let found = vestibule_storage::client::find(conn, &ClientId::new(id))?;
            let mut client = found.expect("a registered client");
            change(&mut client);
            vestibule_storage::client::update(conn, &client)?;
            Ok(())
        })
        .await;
    }
}
