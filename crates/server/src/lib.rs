//! The binary `vestibule`: configuration, command line, wiring, telemetry, health and the jobs that
//! run beside the requests.

pub mod app;
pub mod claim_source;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_keys;
pub mod demo_account;
pub mod doctor;
pub mod entropy;
pub mod fault;
pub mod health;
pub mod intake;
pub mod jobs;
pub mod listening;
pub mod master_key;
pub mod passwords;
pub mod premises;
pub mod run;
pub mod setup_link;
pub mod signing_keys;
pub mod start;
pub mod stop;
pub mod telemetry;
pub mod times;
pub mod wire;
