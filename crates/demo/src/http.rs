//! How the sample app's own requests leave: `oauth2`'s HTTP client trait over `reqwest`.

use std::{future::Future, pin::Pin, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

/// More than any honest answer of an authorization server.
const LARGEST_ANSWER: usize = 256 * 1024;
/// The most the server may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A `reqwest` client that follows no redirect, asks no proxy and reads bounded answers.
pub struct HttpClient(reqwest::Client);

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Connecting, sending or reading failed.
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    /// The answer could not be put together.
    #[error("{0}")]
    Answer(#[from] openidconnect::http::Error),
    /// The answer was longer than an authorization server has reason to send.
    #[error("the answer is longer than {LARGEST_ANSWER} bytes")]
    TooLong,
}

impl HttpClient {
    pub fn new() -> Result<Self, reqwest::Error> {
        // A followed redirect would carry the client's secret to wherever it points.
        let client =
            reqwest::Client::builder().redirect(Policy::none()).timeout(TIMEOUT).no_proxy();
        client.build().map(Self)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut response = self.0.execute(request.try_into()?).await?;
        let mut answer = openidconnect::http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
