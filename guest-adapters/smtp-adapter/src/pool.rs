//! Connections that wait for the next mail.
//!
//! Decides which connection may be used again, and says which are to be given up; opens and closes none.

use std::cell::RefCell;
use std::time::Duration;

use crate::address::Server;
use crate::protocol::Login;

/// Kept at most, over all servers.
pub(crate) const KEPT: usize = 8;

/// A connection that nobody has used for so long is given up: servers close them soon after.
pub(crate) const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// What two mails must have in common to go over one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where to.
    pub(crate) server: Server,
    /// Under which name.
    pub(crate) hello_name: String,
    /// As whom.
    pub(crate) login: Option<Login>,
    /// How patiently.
    pub(crate) timeout: Duration,
}

/// Idle connections, the one that was used last at the end.
#[derive(Debug)]
pub(crate) struct Pool<S>(RefCell<Vec<Idle<S>>>);

#[derive(Debug)]
struct Idle<S> {
    route: Route,
    since: Duration,
    session: S,
}

impl<S> Pool<S> {
    /// Takes the connection that was used last.
    pub(crate) fn take(&self, route: &Route) -> Option<S> {
        let mut idle = self.0.borrow_mut();
        let at = idle.iter().rposition(|idle| idle.route == *route)?;
        Some(idle.remove(at).session)
    }

    /// Keeps a connection. `now` is a time of any clock.
    pub(crate) fn keep(&self, route: Route, session: S, now: Duration) {
        let since = now;
        self.0.borrow_mut().push(Idle {
            route,
            since,
            session,
        });
    }

    /// Takes out those that have waited too long, and the oldest of too many.
    pub(crate) fn surplus(&self, now: Duration) -> Vec<S> {
        let mut idle = self.0.borrow_mut();
        let over = idle.len().saturating_sub(KEPT);
        let old = idle
            .iter()
            .take_while(|idle| now.saturating_sub(idle.since) > LONGEST_IDLE)
            .count();
        let surplus = idle.drain(..over.max(old));
        surplus.map(|idle| idle.session).collect()
    }

    /// Takes out all.
    pub(crate) fn all(&self) -> Vec<S> {
        let all = self.0.take();
        all.into_iter().map(|idle| idle.session).collect()
    }

    /// Takes out all of a server that has closed one: it was restarted, or closes all at once.
    pub(crate) fn forget(&self, server: &Server) {
        self.0
            .borrow_mut()
            .retain(|idle| idle.route.server != *server);
    }
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: &str, user: Option<&str>) -> Route {
        let login = |user: &str| Login {
            user: user.to_owned(),
            password: "x".to_owned(),
        };
        Route {
            server: Server {
                host: host.to_owned(),
                port: 25,
            },
            hello_name: "x.de".to_owned(),
            login: user.map(login),
            timeout: Duration::from_secs(1),
        }
    }

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_connection_is_used_again_for_the_same_route_only() {
        let pool = Pool::default();
        pool.keep(route("a", None), 1, NOW);
        pool.keep(route("a", None), 2, NOW);
        pool.keep(route("b", None), 3, NOW);
        assert_eq!(pool.take(&route("a", Some("tim"))), None);
        assert_eq!(pool.take(&route("a", None)), Some(2), "the warmest first");
        assert_eq!(pool.take(&route("a", None)), Some(1));
        assert_eq!(pool.take(&route("a", None)), None);
        assert_eq!(pool.take(&route("b", None)), Some(3));
    }

    #[test]
    fn the_old_and_the_oldest_of_too_many_are_given_up() {
        let pool = Pool::default();
        for (n, since) in (0_u32..).zip([0, 10, 500]) {
            pool.keep(route("a", None), n, Duration::from_secs(since));
        }
        assert_eq!(pool.surplus(Duration::from_secs(70)), [0]);
        assert_eq!(pool.surplus(Duration::from_secs(71)), [1]);
        // A clock that was set back makes nothing old.
        assert_eq!(pool.surplus(Duration::from_secs(3)), [0; 0]);
        for n in 3..20 {
            pool.keep(route("a", None), n, Duration::from_secs(500));
        }
        let surplus = pool.surplus(Duration::from_secs(500));
        assert_eq!(surplus.len(), 18 - KEPT);
        assert_eq!(surplus[..2], [2, 3]);
    }

    #[test]
    fn a_server_that_has_closed_one_connection_is_forgotten() {
        let pool = Pool::default();
        pool.keep(route("a", None), 1, NOW);
        pool.keep(route("a", Some("tim")), 2, NOW);
        pool.keep(route("b", None), 3, NOW);
        pool.forget(&route("a", None).server);
        assert_eq!(pool.take(&route("a", Some("tim"))), None);
        assert_eq!(pool.take(&route("b", None)), Some(3));
    }
}
