//! What holds for every page.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod markup;
#[cfg(test)]
mod samples;
