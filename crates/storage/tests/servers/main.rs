//! What happens when PostgreSQL restarts, fails over, lags or is not who it says: on real servers,
//! which each test starts for itself.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pooler;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod tls;
