//! The catalogue is whole, everything in it is used, and nothing goes past it.

#[cfg(test)]
mod sentences;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod wording;
