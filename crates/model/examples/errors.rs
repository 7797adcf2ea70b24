//! Prints the error reference for `docs/reference/errors.md`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", vestibule_model::error_code::reference::markdown());
}
