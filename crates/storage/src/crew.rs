//! The threads that work on one pool, and who takes the place of one that never comes back.
//!
//! libpq waits for an answer without end as long as the other end's kernel acknowledges what was sent.
//! A server that hangs while its machine runs (a stalled disk, a stopped process, a proxy that keeps our
//! side open) would keep every thread and every connection, also after another server took over.
//! Nothing can wake such a thread; so it is left to itself until its server moves again or dies, and
//! others go on with connections of their own.

use std::{
    mem,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    StorageError,
    post::{Limits, Post},
};

/// How often it is seen whether all are well.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// For each thread at work, so many that were given up may be out: each has a connection.
const OUT_PER_THREAD: usize = 2;

/// What the threads of a crew do.
pub(crate) trait Work: Send + Sync {
    /// Works until there is nothing left to do, or the thread is given up.
    fn work(&self, post: &Arc<Post>);

    /// Sees to what the threads cannot: `lost` are the generations of the connections that some of them
    /// were just given up with. Called again and again.
    fn tend(&self, lost: &[u64]);
}

/// Threads that do the same work.
pub(crate) struct Crew {
    name: &'static str,
    size: usize,
    work: Box<dyn Work>,
    members: Mutex<Members>,
    changed: Condvar,
}

#[derive(Default)]
struct Members {
    at_work: Vec<Member>,
    /// Those that were given up and may still come back.
    out: Vec<Member>,
    watcher: Option<JoinHandle<()>>,
    /// Whoever finds nothing left to do leaves for good.
    is_ending: bool,
    is_over: bool,
}

struct Member {
    post: Arc<Post>,
    handle: JoinHandle<()>,
}

impl Crew {
    /// Starts `size` threads, and one that watches over them if there are `limits`. Without, nobody is
    /// ever given up.
    pub(crate) fn start(
        name: &'static str,
        size: u32,
        limits: Option<Limits>,
        work: impl Work + 'static,
    ) -> Result<Arc<Self>, StorageError> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let crew = Arc::new(Self {
            name,
            size,
            work: Box::new(work),
            members: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut members = crew.members.lock();
        while members.at_work.len() < size {
            members.at_work.push(crew.hire()?);
        }
        if let Some(limits) = limits {
            let watching = Arc::clone(&crew);
            members.watcher = Some(spawn("db-watch", move || watching.watch(limits))?);
        }
        drop(members);
        Ok(crew)
    }

    fn hire(self: &Arc<Self>) -> Result<Member, StorageError> {
        let post = Arc::<Post>::default();
        let (crew, own) = (Arc::clone(self), Arc::clone(&post));
        let handle = spawn(self.name, move || {
            crew.work.work(&own);
            // Under the lock, so that whoever waits for it has not just looked.
            let members = crew.members.lock();
            own.leave();
            drop(members);
            crew.changed.notify_all();
        })?;
        Ok(Member { post, handle })
    }

    /// Watches until the crew is dismissed.
    fn watch(self: &Arc<Self>, limits: Limits) {
        let mut members = self.members.lock();
        while !members.is_over {
            let lost = self.replace(&mut members, limits);
            MutexGuard::unlocked(&mut members, || self.work.tend(&lost));
            if !members.is_over {
                self.changed.wait_for(&mut members, LOOK_EVERY);
            }
        }
    }

    /// Puts others in the place of those who are out of hearing. Returns the generations of the
    /// connections that they had.
    fn replace(self: &Arc<Self>, members: &mut Members, limits: Limits) -> Vec<u64> {
        members.out.retain(|member| !member.post.has_left());
        let mut lost = Vec::new();
        let before = members.out.len();
        let wanted = if members.is_ending { members.at_work.len() } else { self.size };
        for member in mem::take(&mut members.at_work) {
            match member.post.give_up(limits) {
                None => members.at_work.push(member),
                Some(generation) => {
                    lost.push(generation);
                    members.out.push(member);
                }
            }
        }
        let out = members.out.len();
        if out > before {
            tracing::warn!(
                event = "database.silent",
                pool = self.name,
                given_up = out - before,
                out,
                "a database server keeps connections open and answers nothing; going on with others"
            );
        }
        while members.at_work.len() < wanted && out < self.size * OUT_PER_THREAD {
            match self.hire() {
                Ok(member) => members.at_work.push(member),
                Err(error) => {
                    tracing::error!(event = "database.silent", pool = self.name, %error);
                    break;
                }
            }
        }
        lost
    }

    /// Waits until every thread has ended, but not for those that were given up, nor for the one that
    /// this runs on. Whether that leaves none.
    pub(crate) fn stop(&self) -> bool {
        let own = thread::current().id();
        let mut members = self.members.lock();
        members.is_ending = true;
        loop {
            let left = members.at_work.iter().position(|member| member.post.has_left());
            if let Some(left) = left {
                let handle = members.at_work.swap_remove(left).handle;
                // A thread that panicked has logged it; there is nobody left to tell.
                MutexGuard::unlocked(&mut members, || drop(handle.join()));
            } else if members.at_work.iter().any(|member| member.handle.thread().id() != own) {
                self.changed.wait(&mut members);
            } else {
                break;
            }
        }
        let is_empty = members.at_work.is_empty() && members.out.is_empty();
        drop(members);
        self.dismiss();
        is_empty
    }

    /// Waits for nobody.
    pub(crate) fn dismiss(&self) {
        let mut members = self.members.lock();
        members.is_over = true;
        let watcher = members.watcher.take();
        drop(members);
        self.changed.notify_all();
        if let Some(watcher) = watcher {
            let _ = watcher.join();
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StorageError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| StorageError::Database(format!("cannot start a thread: {error}")))
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use super::*;

    /// Waits for a server that does not answer, until the other end of the channel goes.
    struct Stuck(Mutex<mpsc::Receiver<()>>, Mutex<Vec<u64>>);

    impl Work for Stuck {
        fn work(&self, post: &Arc<Post>) {
            post.begin(None, 7);
            let _ = self.0.lock().recv();
            post.end();
        }

        fn tend(&self, lost: &[u64]) {
            self.1.lock().extend(lost);
        }
    }

    fn until(crew: &Crew, is_so: impl Fn(&Members) -> bool) {
        let start = Instant::now();
        let mut members = crew.members.lock();
        while !is_so(&members) {
            assert!(start.elapsed() < Duration::from_secs(10));
            crew.changed.wait_for(&mut members, Duration::from_millis(20));
        }
    }

    #[test]
    fn others_take_the_place_of_the_stuck_up_to_a_number() {
        let (release, released) = mpsc::channel();
        let limits = Limits { connecting: Duration::ZERO, statement: Duration::ZERO };
        let work = Stuck(Mutex::new(released), Mutex::default());
        let crew = Crew::start("test", 2, Some(limits), work).unwrap();
        // One that is given up before the other leaves room for two at the end.
        until(&crew, |members| members.out.len() >= 4 && members.at_work.is_empty());
        assert!(crew.members.lock().out.len() <= 6);
        drop(release);
        // All come back, and those in their place have nothing left to do.
        until(&crew, |members| members.out.is_empty() && members.at_work.len() == 2);
        crew.stop();
    }
}
