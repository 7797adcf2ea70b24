//! What holds for every page.

#[cfg(test)]
mod activity;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod markup;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod style;
