//! Bodies of requests: bounded in size, in time, and in what all of them hold together.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;

/// Of a body that is too large so much is read and thrown away before it is refused.
const MAX_DISCARDED: usize = 32 * 1024 * 1024;
/// The time for it, and for any body that is refused whatever it holds.
const REFUSED_TIMEOUT: Duration = Duration::from_millis(500);
/// A body that has not arrived by then is refused.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What WeCom pushes is smaller. Such bodies never wait for others.
const SMALL: usize = 16 * 1024;
/// So many larger ones are read at once: who has no signature yet must not fill the memory.
const MOST_LARGE: usize = 48;

static LARGE: Semaphore = Semaphore::const_new(MOST_LARGE);

/// A body of at most so many bytes, or why it is refused.
pub(super) async fn read(request: Request<Body>, most: usize) -> Result<Bytes, &'static str> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let invited = !request.headers().contains_key(header::EXPECT);
    // An encoded body would have to be unpacked first: WeCom sends none.
    let encoded = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    let declared_too_large = declared.is_some_and(|length| length > most);
    let small = declared.is_some_and(|length| length <= SMALL);
    let mut body = request.into_body();
    let read = async {
        if declared_too_large {
            if invited {
                discard(&mut body).await;
            }
            return Err("too_large");
        }
        let _room = if small {
            None
        } else {
            LARGE.acquire().await.ok()
        };
        match Limited::new(&mut body, most).collect().await {
            Ok(_) if encoded => Err("encoded"),
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                discard(&mut body).await;
                Err("too_large")
            }
            Err(_) => Err("broken_body"),
        }
    };
    let patience = if declared_too_large || encoded {
        REFUSED_TIMEOUT
    } else {
        TIMEOUT
    };
    match tokio::time::timeout(patience, read).await {
        Ok(result) => result,
        Err(_) => Err("slow_body"),
    }
}

/// Lets a sender who is still talking come to an end: a connection that is closed under
/// its hands would hide the answer from it.
async fn discard(body: &mut Body) {
    let mut left = MAX_DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
