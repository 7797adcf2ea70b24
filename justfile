# `just` lists these. Each is one line of what CONTRIBUTING.md says.

# One target folder for everything, the one that .ci uses too.
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", env("XDG_CACHE_HOME", env("HOME") / ".cache") / "vestibule-target")

_default:
    @just --list --unsorted

# Run the server and the sample app; restart by hand after a change
dev *arguments:
    cargo run -- demo {{ arguments }}

# All tests, with what they need installed first; or one step: just test unit
test *steps:
    .ci/test {{ steps }}

# Formatting, lints and dependencies
lint:
    .ci/test fmt clippy deps

# Browser and third-party clients: just e2e browser -g "five tabs"
e2e *arguments:
    e2e/run {{ arguments }}

# Fault drills: all, or those named (just chaos --list): just chaos failover
chaos *arguments:
    cargo build -p vestibule-server
    VESTIBULE_BIN="$CARGO_TARGET_DIR/debug/vestibule" node e2e/chaos/run.mjs {{ arguments }}

# Everything in docs/ and deploy/ that is made from the code
docs:
    cargo run -q -p vestibule-model --example errors > docs/reference/errors.md
    cargo run -q -p vestibule-acceptance --example conformance > docs/conformance.md
    cargo run -q -p vestibule-server -- config example > deploy/vestibule.example.toml

# The figures of the README, release build
bench *arguments:
    cargo build --release -p vestibule-server
    cargo run --release -p vestibule-acceptance --example bench -- {{ arguments }}

# A PostgreSQL for development, in the foreground
db port="5433":
    .ci/db {{ port }}
