//! Sending, against a server that does as it is told.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has to fail")]

use std::{path::PathBuf, time::Duration};

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod},
    x509::{X509, X509Name, extension::SubjectAlternativeName},
};
use vestibule_mail::{
    SendError, Smtp, SmtpSettings,
    testing::{At, FakeSmtp, Tls, Trouble},
};
use vestibule_model::{Secret, Timestamp, mail::MailMessage};

const AT: Timestamp = Timestamp(1_795_269_909);

/// Long enough for a server that answers, short enough to wait for one that does not.
const PATIENCE: Duration = Duration::from_millis(400);

fn message() -> MailMessage {
    MailMessage {
        to: "ana@mail.example".to_owned(),
        subject: "Ihr Code für Example ID".to_owned(),
        text: ".Ihr Code: 123456\n.\nBis bald\n".to_owned(),
        html: "<p>Ihr Code: <b>123456</b></p>".to_owned(),
    }
}

fn smtp(url: &str) -> Smtp {
    with(url, Duration::from_secs(20), None)
}

fn with(url: &str, timeout: Duration, ca_file: Option<&std::path::Path>) -> Smtp {
    Smtp::new(&SmtpSettings {
        url: &Secret::new(url),
        from: "Example ID <no-reply@id.example>",
        host: "id.example",
        timeout,
        ca_file,
    })
    .expect("settings that work")
}

async fn send(smtp: &Smtp) -> Result<(), SendError> {
    smtp.send(&message(), "0utb0x", AT).await
}

fn transient(outcome: &Result<(), SendError>) -> &str {
    match outcome {
        Err(SendError::Transient(told)) => told,
        other => panic!("not transient: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let server = FakeSmtp::start().await;
    send(&smtp(&server.url())).await.expect("sent");
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].from, "MAIL FROM:<no-reply@id.example>");
    assert_eq!(received[0].to, "RCPT TO:<ana@mail.example>");
    let data = &received[0].data;
    for piece in [
        "Message-ID: <0utb0x@id.example>\r\n",
        "Subject: Ihr Code =?utf-8?b?ZsO8cg==?= Example ID\r\n",
        "\r\n.Ihr Code: 123456\r\n.\r\nBis bald\r\n",
        "<p>Ihr Code: <b>123456</b></p>",
    ] {
        assert!(data.contains(piece), "{piece} not in {data}");
    }
    assert_eq!(server.said().first().map(String::as_str), Some("EHLO id.example"));
    assert_eq!(server.said().last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_repeat_is_the_same_mail() {
    let server = FakeSmtp::start().await;
    let smtp = smtp(&server.url());
    send(&smtp).await.expect("sent");
    send(&smtp).await.expect("sent");
    assert_eq!(server.received()[0], server.received()[1]);
}

#[tokio::test]
async fn refusals_of_this_mail_are_final_and_those_of_us_are_not() {
    let server = FakeSmtp::start().await;
    let smtp = smtp(&server.url().replace("://", "://user:hunter2@"));
    let cases = [
        (At::Greeting, "554 go away", false),
        (At::Greeting, "421 busy", false),
        (At::Auth, "535 5.7.8 wrong password for user", false),
        (At::Mail, "550 5.1.8 who are you?", false),
        (At::Mail, "451 later", false),
        (At::Rcpt, "550 5.1.1 <ana@mail.example> is not here", true),
        (At::Rcpt, "550 no such user ana@mail.example", true),
        (At::Rcpt, "554 5.7.1 relay access denied", false),
        (At::Rcpt, "450 4.2.0 greylisted", false),
        (At::Data, "554 no", true),
        (At::Content, "552 5.3.4 too long", true),
        (At::Content, "451 4.3.0 disk full", false),
    ];
    for (at, line, is_final) in cases {
        server.plan(at, Trouble::Says(line));
        let refused = send(&smtp).await.expect_err(line);
        assert_eq!(matches!(refused, SendError::Permanent(_)), is_final, "{line}: {refused:?}");
        let told = refused.to_string();
        let code = line.get(..3).expect("a code");
        assert!(told.contains(code), "{told}");
        for private in ["ana", "example", "hunter2", "user", "123456"] {
            assert!(!told.contains(private), "{told} tells {private}");
        }
    }
    assert!(server.received().is_empty());
    send(&smtp).await.expect("no trouble is left");
}

#[tokio::test]
async fn silence_is_bounded_wherever_it_comes() {
    let server = FakeSmtp::start().await;
    let smtp = with(&server.url(), PATIENCE, None);
    for at in [At::Greeting, At::Mail, At::Rcpt, At::Data, At::Content, At::Kept] {
        server.plan(at, Trouble::Hangs);
        let outcome = tokio::time::timeout(PATIENCE * 25, send(&smtp)).await.expect("an end");
        assert!(transient(&outcome).contains("longer than"), "{at:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_tried_again() {
    let server = FakeSmtp::start().await;
    let smtp = smtp(&server.url());
    for at in [At::Greeting, At::Mail, At::Rcpt, At::Data, At::Content] {
        server.plan(at, Trouble::Leaves);
        assert!(transient(&send(&smtp).await).contains("the connection broke"), "{at:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn what_was_taken_is_sent_though_the_goodbye_is_not() {
    let server = FakeSmtp::start().await;
    for trouble in [Trouble::Hangs, Trouble::Leaves, Trouble::Says("500 no")] {
        server.plan(At::Quit, trouble);
        send(&with(&server.url(), Duration::from_secs(5), None)).await.expect("it was taken");
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let server = FakeSmtp::start().await;
    let url = server.url();
    drop(server);
    // The listener is dropped when its task has been told.
    tokio::task::yield_now().await;
    let outcome = send(&smtp(&url)).await;
    assert!(transient(&outcome).starts_with("connecting: "), "{outcome:?}");
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let server = FakeSmtp::start().await;
    for line in ["hello there ana@mail.example", "", "2", "250_ok"] {
        server.plan(At::Mail, Trouble::Says(Box::leak(line.to_owned().into_boxed_str())));
        let outcome = send(&with(&server.url(), PATIENCE, None)).await;
        assert!(!transient(&outcome).contains("ana"), "{outcome:?}");
    }
}

#[tokio::test]
async fn credentials_are_shown_after_the_greeting_only_where_there_are_some() {
    let server = FakeSmtp::start().await;
    send(&smtp(&server.url())).await.expect("sent");
    assert!(!server.said().iter().any(|line| line.starts_with("AUTH")));
    send(&smtp(&server.url().replace("://", "://ana%40mail.example:p%C3%BC@")))
        .await
        .expect("sent");
    // base64 of NUL, user, NUL, password (RFC 4616 §2).
    let auth = "AUTH PLAIN AGFuYUBtYWlsLmV4YW1wbGUAcMO8";
    assert!(server.said().iter().any(|line| line == auth), "{:?}", server.said());
}

/// A certificate for `localhost` that signs itself, and the file that says it is trusted.
fn certificate() -> (SslAcceptor, tempfile::TempDir, PathBuf) {
    let group = openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    let key = openssl::ec::EcKey::generate(&group).and_then(PKey::from_ec_key).expect("a key");
    let mut name = X509Name::builder().expect("a name");
    name.append_entry_by_text("CN", "localhost").expect("a name");
    let name = name.build();
    let mut certificate = X509::builder().expect("a certificate");
    let number = BigNum::from_u32(7).and_then(|n| n.to_asn1_integer()).expect("a number");
    certificate.set_version(2).expect("version");
    certificate.set_serial_number(&number).expect("number");
    certificate.set_subject_name(&name).expect("subject");
    certificate.set_issuer_name(&name).expect("issuer");
    certificate.set_pubkey(&key).expect("key");
    certificate.set_not_before(&Asn1Time::days_from_now(0).expect("now")).expect("start");
    certificate.set_not_after(&Asn1Time::days_from_now(2).expect("then")).expect("end");
    let names = SubjectAlternativeName::new()
        .dns("localhost")
        .build(&certificate.x509v3_context(None, None))
        .expect("names");
    certificate.append_extension(names).expect("names");
    certificate.sign(&key, MessageDigest::sha256()).expect("a signature");
    let certificate = certificate.build();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate.to_pem().expect("PEM")).expect("written");
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("TLS");
    acceptor.set_private_key(&key).expect("key");
    acceptor.set_certificate(&certificate).expect("certificate");
    (acceptor.build(), folder, file)
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let (acceptor, _folder, ca) = certificate();
    let server = FakeSmtp::start_with(Tls::Implicit(acceptor)).await;
    let url = format!("smtps://u:p@localhost:{}", server.address.port());
    send(&with(&url, Duration::from_secs(20), Some(&ca))).await.expect("sent");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn starttls_before_anything_private() {
    let (acceptor, _folder, ca) = certificate();
    let server = FakeSmtp::start_with(Tls::Offered { acceptor, early: b"" }).await;
    let url = format!("smtp://u:p@localhost:{}?tls=starttls", server.address.port());
    send(&with(&url, Duration::from_secs(20), Some(&ca))).await.expect("sent");
    let said = server.said();
    let said: Vec<&str> = said.iter().map(|line| line.split(' ').next().unwrap_or("")).collect();
    assert_eq!(said, ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let server = FakeSmtp::start().await;
    let url = format!("smtp://u:p@{}?tls=starttls", server.address);
    let outcome = send(&smtp(&url)).await;
    assert_eq!(transient(&outcome), "the server offers no STARTTLS");
    assert_eq!(server.said(), ["EHLO id.example"]);
}

/// What follows the go-ahead in the clear would be read as said under TLS.
#[tokio::test]
async fn words_put_in_before_tls_are_not_believed() {
    let (acceptor, _folder, ca) = certificate();
    let early = b"250-fake\r\n250 AUTH PLAIN\r\n";
    let server = FakeSmtp::start_with(Tls::Offered { acceptor, early }).await;
    let url = format!("smtp://localhost:{}?tls=starttls", server.address.port());
    let outcome = send(&with(&url, Duration::from_secs(20), Some(&ca))).await;
    assert_eq!(transient(&outcome), "the server spoke out of turn before TLS");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_name_is_not_trusted() {
    let (acceptor, _folder, ca) = certificate();
    let (_, _other_folder, other_ca) = certificate();
    let server = FakeSmtp::start_with(Tls::Implicit(acceptor)).await;
    let port = server.address.port();
    for (url, ca) in [
        (format!("smtps://localhost:{port}"), other_ca.as_path()),
        (format!("smtps://127.0.0.1:{port}"), ca.as_path()),
    ] {
        let outcome = send(&with(&url, Duration::from_secs(20), Some(ca))).await;
        assert!(transient(&outcome).starts_with("TLS: "), "{url}: {outcome:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_test_signs_in_and_sends_nothing() {
    let server = FakeSmtp::start().await;
    let smtp = smtp(&server.url().replace("://", "://ana:p@"));
    smtp.test().await.expect("taken in");
    assert!(server.received().is_empty());
    let said = server.said();
    let said: Vec<&str> = said.iter().map(|line| line.split(' ').next().unwrap_or("")).collect();
    assert_eq!(said, ["EHLO", "AUTH", "QUIT"]);
    assert!(!smtp.is_encrypted());
    assert_eq!(smtp.server(), ("127.0.0.1", server.address.port()));
    server.plan(At::Auth, Trouble::Says("535 5.7.8 no"));
    let told = smtp.test().await;
    assert_eq!(transient(&told), "AUTH: 535 5.7.8");
}
