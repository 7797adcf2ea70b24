//! What the repositories promise, held on both databases: each body below runs twice.

/// Makes two tests of each body, one a database.
#[cfg(test)]
macro_rules! on_both {
    ($($body:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $body() {
                super::$body(&vestibule_storage::testing::TestDatabase::sqlite());
            })*
        }
        mod postgres {
            $(#[test]
            fn $body() {
                super::$body(&vestibule_storage::testing::TestDatabase::postgres());
            })*
        }
    };
}

/// Makes one more test of each body: on PostgreSQL with a pooler in transaction mode in between.
#[cfg(test)]
macro_rules! through_a_pooler {
    ($($body:ident),* $(,)?) => {
        mod pooled {
            $(#[test]
            fn $body() {
                super::$body(&vestibule_storage::testing::TestDatabase::pooled());
            })*
        }
    };
}

#[cfg(test)]
mod account_pages;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod apps;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod data_keys;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod guesses;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod logouts;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod previous_release;
#[cfg(test)]
mod races;
#[cfg(test)]
mod registrations;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod transfers;
