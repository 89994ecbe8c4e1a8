//! What a bucket has: listings, and whether a job's objects are there as they were stored.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::error::{Verdict, judge};
use super::{Known, S3Store, bare};

/// Pages of a listing that are read to find a job's objects; 1,000 names each. What lies beyond is asked for one by one.
const PAGES: usize = 5;

/// One object of a listing, by its name relative to the destination.
pub(super) struct Listed {
    pub name: String,
    pub bytes: u64,
    pub etag: Option<String>,
}

impl S3Store {
    /// Objects in the store's order, from behind the key `after`, up to `most` pages or past the name `until`; says
    /// whether that is all.
    pub(super) async fn pages(
        &self,
        prefix: &str,
        after: Option<String>,
        most: usize,
        until: Option<&str>,
    ) -> Result<(Vec<Listed>, bool), Verdict> {
        let prefix = format!("{}{prefix}", self.prefix);
        let (mut found, mut token) = (Vec::<Listed>::new(), None::<String>);
        for _ in 0..most {
            let page = || async {
                let mut request = self.buckets.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
                match &token {
                    Some(token) => request = request.continuation_token(token),
                    None => request = request.set_start_after(after.clone()),
                }
                request.send().await.map_err(|error| match judge(&error) {
                    // A list is of a bucket: that is what is missing.
                    Verdict::Missing => Verdict::no_bucket(),
                    verdict => verdict,
                })
            };
            let page = self.buckets.patiently(page).await?;
            for object in page.contents() {
                let Some(name) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else { continue };
                let bytes = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                found.push(Listed { name: name.to_owned(), bytes, etag: object.e_tag().map(bare) });
            }
            let is_past = until.is_some_and(|until| found.last().is_some_and(|last| last.name.as_str() >= until));
            token = page.next_continuation_token().map(str::to_owned);
            if page.is_truncated() != Some(true) || token.is_none() || is_past {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// One answer for each of `known`.
    pub(super) async fn holds_all(self: &Arc<Self>, known: &[Known]) -> Result<Vec<bool>, Verdict> {
        let names = || known.iter().map(|known| known.object.as_str());
        let (Some(first), Some(last)) = (names().min(), names().max()) else { return Ok(Vec::new()) };
        let before = shortened(first).map(|name| format!("{}{name}", self.prefix));
        let (listed, is_all) = self.pages(common_prefix(first, last), before, PAGES, Some(last)).await?;
        let found: HashMap<&str, &Listed> = listed.iter().map(|listed| (listed.name.as_str(), listed)).collect();
        let reached = listed.last().map(|listed| listed.name.as_str());
        let mut holds = vec![false; known.len()];
        let mut asked = JoinSet::new();
        for (nth, object) in known.iter().enumerate() {
            let is_within = is_all || reached.is_some_and(|reached| object.object.as_str() <= reached);
            match found.get(object.object.as_str()) {
                Some(listed) => holds[nth] = is_same(object, listed.bytes, listed.etag.as_deref()),
                None if is_within => {}
                None => {
                    let (store, object) = (Arc::clone(self), object.clone());
                    asked.spawn(async move {
                        let head = store.head(&object.object).await?;
                        Ok((nth, head.is_some_and(|head| is_same(&object, head.bytes, head.etag.as_deref()))))
                    });
                }
            }
        }
        while let Some(answer) = asked.join_next().await {
            let (nth, is_there) = answer.expect("a request does not panic")?;
            holds[nth] = is_there;
        }
        Ok(holds)
    }
}

/// Whether the store has what was stored: by length and the mark that it gave then. Without a mark nothing is known.
fn is_same(known: &Known, bytes: u64, etag: Option<&str>) -> bool {
    known.bytes == bytes && known.etag.is_some() && known.etag.as_deref() == etag
}

/// A name right before this one and most that start like it; `None` where it has one letter only.
fn shortened(name: &str) -> Option<&str> {
    let last = name.chars().last().map_or(0, char::len_utf8);
    Some(&name[..name.len() - last]).filter(|name| !name.is_empty())
}

fn common_prefix<'n>(first: &'n str, last: &str) -> &'n str {
    let length = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let length = (0..=length).rev().find(|&length| first.is_char_boundary(length)).unwrap_or(0);
    &first[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_for_some_names_starts_as_they_do() {
        assert_eq!(common_prefix("10-link.jpg", "19-link.jpg"), "1");
        assert_eq!(common_prefix("aé", "aè"), "a");
        assert_eq!(common_prefix("a", "a"), "a");
        assert_eq!((shortened("aé"), shortened("é"), shortened("ab/c")), (Some("a"), None, Some("ab/")));
    }
}
