//! One way out to WeCom, for every kind of call.

mod exchange;

use super::token::{Grant, Token, TokenCache, TokenPolicy};
use super::{
    Carrier, Clock, Download, Downloaded, Endpoint, Observer, OpenEndpoint, OpenUpload, Secret,
    TokenShare, Unobserved, Upload,
};
use crate::wecom::api::gettoken;
use crate::wecom::errcode;
use crate::wecom::error::{Disposition, Error};
use exchange::Exchange;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection may take to open; see [`http_builder`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections are dropped before a load balancer is likely to do so: a call
/// that meets a closing connection ends with an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Limits of the client, with defaults that suit WeCom.
#[derive(Clone)]
pub struct Options {
    /// From the first byte out to the last byte in, for JSON calls.
    pub call_timeout: Duration,
    /// The same for uploads and downloads.
    pub transfer_timeout: Duration,
    /// The largest JSON answer that is read.
    pub max_json_bytes: usize,
    /// When tokens are fetched.
    pub tokens: TokenPolicy,
    /// Hears of every exchange.
    pub observer: Arc<dyn Observer>,
    /// Where tokens are shared with other processes, if they are.
    pub share: Option<Arc<dyn TokenShare>>,
    /// Takes requests to WeCom in place of the HTTP client.
    pub carrier: Option<Arc<dyn Carrier>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            transfer_timeout: Duration::from_secs(60),
            max_json_bytes: 8 * 1024 * 1024,
            tokens: TokenPolicy::default(),
            observer: Arc::new(Unobserved),
            share: None,
            carrier: None,
        }
    }
}

/// The HTTP client as WeCom calls need it: 3 s to connect, and no redirects,
/// which would carry the access token to another host.
///
/// A process-wide rustls crypto provider must be installed before `build`.
pub fn http_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
}

/// The connection to one corp. Cloning it is cheap.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    base: reqwest::Url,
    corp_id: String,
    clock: Arc<dyn Clock>,
    options: Options,
    caches: Mutex<Vec<(Secret, Arc<TokenCache>)>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("corp_id", &self.inner.corp_id)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with the default [`Options`].
    pub fn new(
        http: reqwest::Client,
        api_base: &str,
        corp_id: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::with_options(http, api_base, corp_id, clock, Options::default())
    }

    /// A client with limits of the caller's choice.
    pub fn with_options(
        http: reqwest::Client,
        api_base: &str,
        corp_id: &str,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, Error> {
        let base = reqwest::Url::parse(api_base).map_err(|_| Error::BadApiBase)?;
        let usable = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.query().is_none()
            && base.fragment().is_none();
        if !usable {
            return Err(Error::BadApiBase);
        }
        let inner = Inner {
            http,
            base,
            corp_id: corp_id.to_owned(),
            clock,
            options,
            caches: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The app that owns `secret`. Every handle for the same secret shares one token.
    pub fn app(&self, secret: Secret) -> App {
        let inner = &self.inner;
        let mut caches = inner.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = match caches.iter().find(|(known, _)| *known == secret) {
            Some((_, tokens)) => Arc::clone(tokens),
            None => {
                let policy = inner.options.tokens.clone();
                let tokens = Arc::new(TokenCache::new(Arc::clone(&inner.clock), policy));
                caches.push((secret.clone(), Arc::clone(&tokens)));
                tokens
            }
        };
        App {
            client: self.clone(),
            secret,
            tokens,
        }
    }

    /// Makes a call that needs no access token.
    pub async fn call<E: OpenEndpoint>(&self, request: &E) -> Result<E::Response, Error> {
        let exchange = Exchange::of(&self.inner, request)?;
        exchange.json(&self.inner, None).await
    }

    /// Uploads a file without an access token.
    pub async fn upload<U: OpenUpload>(&self, upload: &U) -> Result<U::Response, Error> {
        let exchange = Exchange::upload(&self.inner, upload);
        exchange.json(&self.inner, None).await
    }
}

/// One secret of the corp: an app, or a system application such as kf.
#[derive(Clone)]
pub struct App {
    client: Client,
    secret: Secret,
    tokens: Arc<TokenCache>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Makes a JSON call. A token that WeCom no longer accepts is replaced once.
    pub async fn call<E: Endpoint>(&self, request: &E) -> Result<E::Response, Error> {
        let inner = &*self.client.inner;
        let exchange = &Exchange::of(inner, request)?;
        self.with_token(|token| async move { exchange.json(inner, Some(&token)).await })
            .await
    }

    /// Uploads a file.
    pub async fn upload<U: Upload>(&self, upload: &U) -> Result<U::Response, Error> {
        let inner = &*self.client.inner;
        let exchange = &Exchange::upload(inner, upload);
        self.with_token(|token| async move { exchange.json(inner, Some(&token)).await })
            .await
    }

    /// Downloads a file or a part of one.
    pub async fn download<D: Download>(&self, download: &D) -> Result<Downloaded, Error> {
        let inner = &*self.client.inner;
        let exchange = &Exchange::download(inner, download);
        let limit = download.max_bytes();
        self.with_token(|token| async move { exchange.file(inner, &token, limit).await })
            .await
    }

    /// The current access token, for what this client does not cover.
    pub async fn token(&self) -> Result<Token, Error> {
        self.tokens.get(|| self.fetch_token()).await
    }

    /// The cache behind [`App::token`], through which replicas may share a token.
    pub fn token_cache(&self) -> &TokenCache {
        &self.tokens
    }

    async fn with_token<T, F, Fut>(&self, attempt: F) -> Result<T, Error>
    where
        F: Fn(Token) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let token = self.token().await?;
        let refusal = match attempt(token.clone()).await {
            Err(Error::Refused(refused)) if rejects_token(refused.code) => refused,
            outcome => return outcome,
        };
        self.tokens.invalidate(&token, refusal)?;
        let token = self.token().await?;
        let refusal = match attempt(token.clone()).await {
            Err(Error::Refused(refused)) if rejects_token(refused.code) => refused,
            outcome => return outcome,
        };
        // It was replaced meanwhile, or is fresh: then calls wait for a while.
        self.tokens.invalidate(&token, refusal.clone())?;
        Err(Error::Refused(refusal))
    }

    async fn fetch_token(&self) -> Result<Grant, Error> {
        let ask = Box::pin(self.ask_for_token());
        match &self.client.inner.options.share {
            None => ask.await,
            Some(share) => share.token(&self.secret, self.tokens.rejected(), ask).await,
        }
    }

    async fn ask_for_token(&self) -> Result<Grant, Error> {
        let inner = &self.client.inner;
        let request = gettoken::Request::new(&inner.corp_id, self.secret.clone());
        let answer = match Exchange::of(inner, &request) {
            Ok(exchange) => exchange.json::<gettoken::Response>(inner, None).await,
            Err(error) => Err(error),
        };
        inner.options.observer.token_refreshed(answer.is_ok());
        answer.map(gettoken::Response::into_grant)
    }
}

fn rejects_token(code: i64) -> bool {
    errcode::disposition(code) == Disposition::RefreshToken
}

#[cfg(test)]
mod tests;
