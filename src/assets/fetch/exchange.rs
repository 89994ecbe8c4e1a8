//! From a URL to its file: redirects followed, passing trouble tried again, within limits of number and time.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use url::Url;

use super::http::{Answer, Client, Request, Sink, Trouble, Validators};
use super::{FetchError, Gate};

/// The longest that a server may ask us to wait.
const MAX_PATIENCE: Duration = Duration::from_secs(10);

impl Gate {
    /// Every hop goes through the guard, and takes a place at its host for as long as it lasts.
    pub(super) fn exchange(
        &self,
        client: &Client,
        url: &Url,
        known: &Validators,
        max_bytes: u64,
        total_timeout: Duration,
        sink: &mut Sink<'_>,
    ) -> Result<Answer, FetchError> {
        let mut url = url.clone();
        let (mut redirects, mut attempt) = (0, 1);
        // Waiting for the first place is not the server's fault.
        let mut deadline = None;
        loop {
            self.guard.check(&url)?;
            let host = host_of(&url);
            let visit = self.hosts.visit(&host)?;
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + total_timeout);
            let answer = client.get(&Request { url: &url, known, max_bytes, deadline }, &self.room, sink);
            drop(visit);
            match answer {
                Ok(Answer::Redirect(next)) => {
                    self.hosts.settled(&host, false);
                    redirects += 1;
                    if redirects > self.limits.max_redirects {
                        let message = format!("more than {} redirects", self.limits.max_redirects);
                        return Err(FetchError::Failed(message));
                    }
                    url = next;
                }
                Ok(answer) => {
                    self.hosts.settled(&host, false);
                    return Ok(answer);
                }
                Err(trouble) => match self.pause(&trouble, attempt, deadline) {
                    Some(pause) => {
                        attempt += 1;
                        std::thread::sleep(pause);
                    }
                    None => {
                        self.hosts.settled(&host, trouble.is_of_host);
                        return Err(named(trouble));
                    }
                },
            }
        }
    }

    /// How long to wait before another attempt. `None`: there is none.
    fn pause(&self, trouble: &Trouble, attempt: u32, deadline: Instant) -> Option<Duration> {
        if !trouble.is_passing || attempt >= self.limits.attempts {
            return None;
        }
        let pause = match trouble.retry_after {
            Some(asked) if asked > MAX_PATIENCE => return None,
            Some(asked) => asked + jitter(self.limits.first_pause / 2),
            None => {
                let longest = self.limits.first_pause * 2_u32.saturating_pow(attempt - 1).min(16);
                longest / 2 + jitter(longest / 2)
            }
        };
        (Instant::now() + pause < deadline && self.hosts.may_retry()).then_some(pause)
    }
}

fn named(trouble: Trouble) -> FetchError {
    match (trouble.error, trouble.retry_after) {
        (FetchError::Failed(message), Some(asked)) if asked > MAX_PATIENCE => {
            FetchError::Failed(format!("{message} and asks to come back in {} s", asked.as_secs()))
        }
        (error, _) => error,
    }
}

/// A random part, so that those who failed together do not come back together.
fn jitter(most: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) as u32;
    most.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A host with its port, as places are counted and messages name it.
pub(in crate::assets) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    // A bucket is no host of that name.
    if matches!(url.scheme(), "s3" | "file") {
        return format!("{}://{host}", url.scheme());
    }
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
