//! Bodies on their way: they take no place among the requests in flight, and not all the memory.

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::*;

on_both_databases! {
    started by small;

    /// Those that end together do not all become work together.
    async fn bodies_that_end_at_once_are_let_in_as_there_is_room(app: TestApp) {
        let browser = app.browser();
        let login = browser.open(&Rp::web().authorize()).await;
        let form = sign_in_form(&browser, &login);
        let let_go = hold_passwords(&app.state).await;
        let (most, last) = form.split_at(form.len() - 1);
        let mut senders: Vec<_> = (0..5).map(|_| connect(app)).collect();
        for sender in &mut senders {
            sender.write_all(most.as_bytes()).expect("most of a request");
        }
        for sender in &mut senders {
            sender.write_all(last.as_bytes()).expect("the end of it");
        }
        let mut answers: FuturesUnordered<_> = senders.into_iter().map(status).collect();
        for _ in 0..3 {
            assert_eq!(answers.next().await.as_deref(), Some("HTTP/1.1 503"));
            assert!(app.state.admission.in_flight() <= 2);
        }
        until("two are at work", || app.state.admission.in_flight() == 2).await;
        drop(let_go);
        let rest: Vec<_> = answers.collect().await;
        assert_eq!(rest, ["HTTP/1.1 303", "HTTP/1.1 303"]);
        assert_eq!(app.state.admission.in_flight(), 0);
    }
}

/// The room for what is large is shared by all; a form of a few hundred bytes needs none of it.
#[tokio::test]
async fn large_bodies_share_what_room_there_is() {
    let app = TestApp::start_with(Backend::Sqlite, |state| {
        state.admission = Admission::new(1, 1_024);
        let settings = std::sync::Arc::make_mut(&mut state.settings);
        settings.client_registration.policy = RegistrationPolicy::Open;
    });
    let app = app.await;
    let bodies = || app.state.admission.bodies();
    let mut first = connect(&app);
    first.write_all(head("/connect/register", 60_000).as_bytes()).expect("a head");
    first.write_all(&vec![b' '; 59_999]).expect("most of a body");
    until("it is there", || bodies() == 59_999 - 4_096).await;
    let mut second = connect(&app);
    second.write_all(head("/connect/register", 20_000).as_bytes()).expect("a head");
    second.write_all(&vec![b' '; 19_999]).expect("most of a body");
    assert_eq!(status(second).await, "HTTP/1.1 503");
    assert_eq!(Rp::web().redeem(&app, "x").await.status, 400, "what is small is read");
    first.write_all(b" ").expect("the end of it");
    assert_eq!(status(first).await, "HTTP/1.1 400", "it was read");
    until("the room is free", || bodies() == 0).await;
}

/// The first twelve bytes of the answer.
async fn status(mut stream: TcpStream) -> String {
    let read = tokio::task::spawn_blocking(move || {
        let mut start = [0; 12];
        stream.read_exact(&mut start).map(|()| String::from_utf8_lossy(&start).into_owned())
    });
    read.await.expect("a thread").expect("an answer")
}
