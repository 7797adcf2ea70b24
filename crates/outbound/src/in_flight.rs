//! How much is under way at once.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use crate::OutboundFault;

/// Requests under way at most, to all hosts together.
pub const IN_FLIGHT: usize = 64;

/// Requests under way at most to one host, whatever the port: a slow one keeps the others' places free.
pub const IN_FLIGHT_PER_HOST: usize = 16;

/// Places for requests. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<String, usize>>>);

/// A request's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: InFlight,
    host: String,
}

impl InFlight {
    /// A place for a request to `host`, or [`OutboundFault::Busy`].
    pub(crate) fn take(&self, host: String) -> Result<Place, OutboundFault> {
        let mut hosts = self.0.lock();
        if hosts.values().sum::<usize>() >= IN_FLIGHT {
            return Err(OutboundFault::Busy);
        }
        let taken = hosts.entry(host.clone()).or_default();
        if *taken >= IN_FLIGHT_PER_HOST {
            return Err(OutboundFault::Busy);
        }
        *taken += 1;
        Ok(Place { places: self.clone(), host })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut hosts = self.places.0.lock();
        let Some(taken) = hosts.get_mut(&self.host) else { return };
        *taken = taken.saturating_sub(1);
        if *taken == 0 {
            hosts.remove(&self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &InFlight, host: usize) -> Result<Place, OutboundFault> {
        places.take(format!("{host}.example"))
    }

    #[test]
    fn a_host_takes_its_share_and_no_more() {
        let places = InFlight::default();
        let mut held: Vec<_> = (0..IN_FLIGHT_PER_HOST).map(|_| take(&places, 1)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(take(&places, 1).err(), Some(OutboundFault::Busy));
        assert!(take(&places, 2).is_ok(), "another host has its own");
        held.pop();
        assert!(take(&places, 1).is_ok(), "a place comes back");
    }

    #[test]
    fn all_hosts_together_have_an_end() {
        let places = InFlight::default();
        let mut held: Vec<_> = (0..IN_FLIGHT).map(|host| take(&places, host)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(take(&places, IN_FLIGHT).err(), Some(OutboundFault::Busy));
        held.pop();
        assert!(take(&places, IN_FLIGHT).is_ok());
        held.clear();
        assert!(places.0.lock().is_empty(), "nothing is kept of hosts that were");
    }
}
