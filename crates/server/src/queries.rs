//! Query pictures, kept in memory. Each is found by an id that cannot be guessed. They are limited
//! in number and bytes, and removed some time after their last use. The client with most of them
//! makes room for others.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::Client;
use super::error::Problem;
use super::keys::random_text;
use super::pictures::Picture;

/// The kept queries.
pub(crate) struct Queries {
    kept: Mutex<Kept>,
    most: usize,
    most_bytes: usize,
    life: Duration,
}

#[derive(Default)]
struct Kept {
    by_id: HashMap<String, Query>,
    bytes: usize,
}

struct Query {
    picture: Arc<Picture>,
    client: Client,
    used: Instant,
}

impl Queries {
    /// Keeps at most `most` queries of `most_bytes` in all, each for `life` after its last use.
    pub(crate) fn new(most: usize, most_bytes: usize, life: Duration) -> Self {
        Self { kept: Mutex::default(), most, most_bytes, life }
    }

    /// Keeps a picture of the current client. Until there is room, the client whose pictures take
    /// most bytes loses its least recently used one.
    ///
    /// # Errors
    /// [`Problem::TooLarge`] if there would be no room for it alone.
    pub(crate) fn insert(&self, picture: Picture) -> Result<(String, Arc<Picture>), Problem> {
        let bytes = picture.bytes();
        if bytes > self.most_bytes {
            return Err(Problem::TooLarge { limit: self.most_bytes });
        }
        let id = random_text::<16>()?;
        let picture = Arc::new(picture);
        let mut kept = self.kept();
        kept.expire(self.life);
        while kept.by_id.len() >= self.most || kept.bytes + bytes > self.most_bytes {
            kept.let_one_go();
        }
        kept.bytes += bytes;
        let (client, used) = (Client::current(), Instant::now());
        kept.by_id.insert(id.clone(), Query { picture: Arc::clone(&picture), client, used });
        Ok((id, picture))
    }

    /// The picture of that id. This counts as a use.
    ///
    /// # Errors
    /// [`Problem::UnknownQuery`].
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Picture>, Problem> {
        let mut kept = self.kept();
        kept.expire(self.life);
        let query = kept.by_id.get_mut(id).ok_or(Problem::UnknownQuery)?;
        query.used = Instant::now();
        Ok(Arc::clone(&query.picture))
    }

    /// Removes a picture.
    ///
    /// # Errors
    /// [`Problem::UnknownQuery`].
    pub(crate) fn remove(&self, id: &str) -> Result<(), Problem> {
        let mut kept = self.kept();
        kept.expire(self.life);
        kept.remove(id).ok_or(Problem::UnknownQuery)
    }

    /// Removes expired pictures.
    pub(crate) fn sweep(&self) {
        self.kept().expire(self.life);
    }

    /// The number of kept pictures, and their bytes.
    pub(crate) fn load(&self) -> (usize, usize) {
        let kept = self.kept();
        (kept.by_id.len(), kept.bytes)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn expire(&mut self, life: Duration) {
        let expired = self.by_id.iter().filter(|(_, query)| query.used.elapsed() >= life);
        let expired: Vec<String> = expired.map(|(id, _)| id.clone()).collect();
        for id in expired {
            self.remove(&id);
        }
    }

    fn let_one_go(&mut self) {
        let mut bytes = HashMap::<&Client, usize>::new();
        for query in self.by_id.values() {
            *bytes.entry(&query.client).or_default() += query.picture.bytes();
        }
        let oldest =
            self.by_id.iter().max_by_key(|(_, query)| (bytes[&query.client], Reverse(query.used)));
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            self.remove(&id);
        }
    }

    fn remove(&mut self, id: &str) -> Option<()> {
        let query = self.by_id.remove(id)?;
        self.bytes -= query.picture.bytes();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32) -> Picture {
        Picture::blank(side)
    }

    #[test]
    fn the_least_lately_used_makes_room() {
        let bytes = picture(10).bytes();
        let queries = Queries::new(2, 3 * bytes, Duration::from_secs(60));
        let ids: Vec<String> = (0..2).map(|_| queries.insert(picture(10)).unwrap().0).collect();
        queries.get(&ids[0]).unwrap();
        let (third, _) = queries.insert(picture(10)).unwrap();
        assert!(queries.get(&ids[1]).is_err() && queries.get(&ids[0]).is_ok());
        assert_eq!(queries.load(), (2, 2 * bytes));
        queries.remove(&third).unwrap();
        assert!(matches!(queries.remove(&third), Err(Problem::UnknownQuery)));
        assert!(matches!(queries.insert(picture(1000)), Err(Problem::TooLarge { .. })));
        assert_eq!(queries.load(), (1, bytes));
    }

    #[test]
    fn who_has_most_makes_room() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let queries = Queries::new(4, usize::MAX, Duration::from_secs(60));
        let insert = |name: &str| {
            let inserting = async { queries.insert(picture(10)).unwrap().0 };
            runtime.block_on(Client::Holder(name.to_owned()).answering(inserting))
        };
        let other = insert("other");
        let flood: Vec<String> = (0..20).map(|_| insert("flooder")).collect();
        let second = insert("other");
        assert!(queries.get(&other).is_ok() && queries.get(&second).is_ok());
        assert!(
            flood[..18].iter().all(|id| queries.get(id).is_err())
                && queries.get(&flood[19]).is_ok()
        );
    }

    #[test]
    fn bytes_are_bounded_and_time_runs_out() {
        let bytes = picture(10).bytes();
        let queries = Queries::new(10, 2 * bytes, Duration::ZERO);
        let (id, kept) = queries.insert(picture(10)).unwrap();
        assert!(matches!(queries.get(&id), Err(Problem::UnknownQuery)));
        assert_eq!((queries.load(), kept.width), ((0, 0), 10));
        let queries = Queries::new(10, 2 * bytes, Duration::from_secs(60));
        for _ in 0..5 {
            queries.insert(picture(10)).unwrap();
        }
        assert_eq!(queries.load(), (2, 2 * bytes));
    }
}
