//! A connection that does not wait for ever.
//!
//! The web framework bounds how long the first head of a connection may take, and the handlers how
//! long a body. This bounds the rest: a later head that trickles, a body that goes on after its answer,
//! a reader that takes its answer drop by drop, and work for somebody who hung up.

use std::{
    cell::Cell,
    io::{Error, ErrorKind, Result},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error as WebError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What may come between an answer and the next request: the rest of a body that nobody read, and a
/// head. The framework takes no head of more than 128 KiB.
const BETWEEN: usize = 256 * 1_024;

/// How many milliseconds a byte that was taken buys a slow reader: about a kilobyte in a second.
const BYTE: Duration = Duration::from_millis(1);

/// How long each side of a connection may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// With a head, once its first byte came.
    pub head: Duration,
    /// With taking an answer, before it has to go on at a kilobyte in a second.
    pub send: Duration,
    /// Whoever stopped sending may still be reading: so long the answer is worked on.
    pub gone: Duration,
}

/// What a connection and the application know of each other.
#[derive(Debug, Default)]
pub struct Talk {
    answering: Cell<bool>,
    /// Requests that began on this connection.
    begun: Cell<u64>,
}

impl Talk {
    fn begin(&self) {
        self.answering.set(true);
        self.begun.set(self.begun.get().wrapping_add(1));
    }
}

/// Middleware, outermost: tells the connection while its request is answered.
pub async fn answer<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<B>, WebError> {
    let Some(talk) = request.conn_data::<Rc<Talk>>().cloned() else {
        return next.call(request).await;
    };
    talk.begin();
    let answered = next.call(request).await;
    talk.answering.set(false);
    answered
}

/// A timer that runs while something keeps us waiting.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Starts it unless it runs. `Ready` once `patience` is over.
    fn poll(&mut self, patience: Duration, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
        sleep.as_mut().poll(context)
    }

    fn put_off(&mut self, by: Duration) {
        if let Some(sleep) = &mut self.0 {
            let deadline = sleep.deadline() + by;
            sleep.as_mut().reset(deadline);
        }
    }

    fn stop(&mut self) {
        self.0 = None;
    }
}

/// A connection with bounds.
pub struct Line<T> {
    io: T,
    talk: Rc<Talk>,
    patience: Patience,
    /// The request that `between` is counted from.
    latest: u64,
    /// Bytes that came since it was answered.
    between: usize,
    head: Timer,
    sending: Timer,
    gone: Timer,
    /// The other side has sent all that it will.
    is_over: bool,
    /// The dispatcher had the time to make a request of what came before.
    was_told: bool,
}

impl<T> Line<T> {
    /// `io` with bounds.
    pub fn new(io: T, patience: Patience) -> Self {
        Self {
            io,
            talk: Rc::default(),
            patience,
            latest: 0,
            between: 0,
            head: Timer::default(),
            sending: Timer::default(),
            gone: Timer::default(),
            is_over: false,
            was_told: false,
        }
    }

    /// What the application sees of the connection.
    #[must_use]
    pub fn talk(&self) -> Rc<Talk> {
        Rc::clone(&self.talk)
    }

    /// Nothing more will come. Whoever asked is gone, or has only stopped sending: the answer gets a
    /// moment to be ready, and is then no longer worked on.
    fn over(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.is_over = true;
        if !self.was_told {
            // Head and end can come together: the head is looked at first.
            self.was_told = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !self.talk.answering.get() {
            return Poll::Ready(Ok(()));
        }
        self.gone
            .poll(self.patience.gone, context)
            .map(|()| Err(Error::new(ErrorKind::ConnectionReset, "the client went away")))
    }

    /// Judges `count` bytes that came, or none so far.
    fn heard(&mut self, count: usize, context: &mut Context<'_>) -> Result<()> {
        let begun = self.talk.begun.get();
        if self.latest != begun || self.talk.answering.get() {
            self.latest = begun;
            self.between = 0;
            self.head.stop();
        }
        // The first head is the framework's to wait for, which answers it 408.
        if begun == 0 || self.talk.answering.get() {
            return Ok(());
        }
        self.between = self.between.saturating_add(count);
        if self.between == 0 {
            return Ok(());
        }
        if self.between > BETWEEN || self.head.poll(self.patience.head, context).is_ready() {
            return Err(Error::new(ErrorKind::TimedOut, "the next request does not come"));
        }
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = &mut *self;
        if this.is_over {
            return this.over(context);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        match read {
            Poll::Ready(Ok(())) if count == 0 && buffer.remaining() > 0 => this.over(context),
            Poll::Ready(Ok(())) => Poll::Ready(this.heard(count, context)),
            Poll::Pending => match this.heard(0, context) {
                Ok(()) => Poll::Pending,
                Err(late) => Poll::Ready(Err(late)),
            },
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Line<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = &mut *self;
        match Pin::new(&mut this.io).poll_write(context, bytes) {
            Poll::Ready(Ok(count)) if count == bytes.len() => {
                this.sending.stop();
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Ok(count)) => {
                this.sending.put_off(BYTE * u32::try_from(count).unwrap_or(u32::MAX));
                Poll::Ready(Ok(count))
            }
            Poll::Pending => this
                .sending
                .poll(this.patience.send, context)
                .map(|()| Err(Error::new(ErrorKind::TimedOut, "the answer is not taken"))),
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        send: Duration::from_secs(30),
        gone: Duration::from_secs(2),
    };

    fn line() -> (DuplexStream, Line<DuplexStream>) {
        let (theirs, ours) = duplex(16_384);
        (theirs, Line::new(ours, PATIENCE))
    }

    /// Seconds until reading fails or says that nothing more comes.
    async fn until_the_end(line: &mut Line<DuplexStream>) -> (u64, Option<ErrorKind>) {
        let started = Instant::now();
        let fault = loop {
            match line.read(&mut [0; 1_024]).await {
                Ok(0) => break None,
                Ok(_) => {}
                Err(fault) => break Some(fault.kind()),
            }
        };
        (started.elapsed().as_secs(), fault)
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_head_may_not_trickle() {
        let (mut theirs, mut line) = line();
        line.talk.begun.set(1);
        let dripping = tokio::spawn(async move {
            loop {
                let _ = theirs.write_all(b"G").await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let (seconds, fault) = until_the_end(&mut line).await;
        assert_eq!((seconds, fault), (10, Some(ErrorKind::TimedOut)));
        dripping.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_goes_on_after_its_answer_is_cut_off() {
        let (mut theirs, mut line) = line();
        line.talk.begun.set(1);
        let pouring =
            tokio::spawn(async move { while theirs.write_all(&[b'x'; 8_192]).await.is_ok() {} });
        let (seconds, fault) = until_the_end(&mut line).await;
        assert_eq!((seconds, fault), (0, Some(ErrorKind::TimedOut)));
        drop(line);
        pouring.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_and_a_first_head_are_the_frameworks() {
        for (begun, sent) in [(1, b"".as_slice()), (0, b"GET /")] {
            let (mut theirs, mut line) = line();
            line.talk.begun.set(begun);
            theirs.write_all(sent).await.unwrap();
            let waits = tokio::time::timeout(Duration::from_mins(2), until_the_end(&mut line));
            assert!(waits.await.is_err(), "{begun}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_came_whole_leaves_the_connection_idle() {
        let (mut theirs, mut line) = line();
        for _ in 0..100 {
            theirs.write_all(&[b'x'; 8_192]).await.unwrap();
            assert_eq!(line.read(&mut [0; 8_192]).await.unwrap(), 8_192);
            // Answered before the connection is read again.
            line.talk.begin();
            line.talk.answering.set(false);
        }
        let waits = tokio::time::timeout(Duration::from_mins(2), until_the_end(&mut line));
        assert!(waits.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_went_away_is_worked_for_a_moment_longer() {
        let (theirs, mut line) = line();
        line.talk.answering.set(true);
        drop(theirs);
        let (seconds, fault) = until_the_end(&mut line).await;
        assert_eq!((seconds, fault), (2, Some(ErrorKind::ConnectionReset)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_only_stopped_sending_gets_the_answer() {
        let (theirs, mut line) = line();
        let talk = line.talk();
        talk.answering.set(true);
        drop(theirs);
        let answer = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            talk.answering.set(false);
        };
        // As the dispatcher does, which polls the connection whenever there is an answer.
        let ((seconds, fault), ()) = tokio::join!(until_the_end(&mut line), answer);
        assert!(seconds <= 2 && fault.is_none(), "{seconds} {fault:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_taken_or_the_connection_ends() {
        let (theirs, mut line) = line();
        let started = Instant::now();
        let fault = line.write_all(&vec![b'x'; 100_000]).await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 30);
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_keeps_up_gets_everything() {
        let (mut theirs, mut line) = line();
        let reader = tokio::spawn(async move {
            let (mut buffer, mut total) = ([0; 2_048], 0);
            while total < 100_000 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                total += theirs.read(&mut buffer).await.unwrap();
            }
            total
        });
        line.write_all(&vec![b'x'; 100_000]).await.unwrap();
        assert_eq!(reader.await.unwrap(), 100_000);
    }
}
