//! How far a long command got, on standard error: bars where somebody looks at a terminal, a line a
//! table else, nothing beside a JSON answer.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use vestibule_storage::transfer::Step;

use super::output::Output;

/// How often a bar moves by itself.
const TICK: Duration = Duration::from_millis(120);

/// What somebody sees of the work.
pub(super) enum Progress {
    /// A bar of rows.
    Bar(ProgressBar),
    /// A bar of bytes, which moves by what is read.
    Bytes(ProgressBar),
    /// Lines.
    Words(Lines),
    /// Nothing.
    Nothing,
}

impl Progress {
    /// What suits whoever called.
    pub(super) fn new(output: &Output) -> Self {
        if output.is_json() {
            Self::Nothing
        } else if io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(TICK);
            Self::Bar(bar)
        } else {
            Self::Words(Lines::default())
        }
    }

    /// Whether totals are worth counting.
    pub(super) const fn wants_totals(&self) -> bool {
        matches!(self, Self::Bar(_))
    }

    /// Says what is being done.
    pub(super) fn doing(&mut self, what: &str, output: &mut Output) {
        match self {
            Self::Bar(bar) => {
                bar.set_style(style("{spinner} {msg}"));
                bar.set_message(what.to_owned());
            }
            Self::Bytes(bar) => bar.set_message(what.to_owned()),
            Self::Words(_) => output.remark(what),
            Self::Nothing => {}
        }
    }

    /// Another step of a transfer.
    pub(super) fn step(&mut self, step: Step, output: &mut Output) {
        match (self, step) {
            (Self::Nothing, _) | (Self::Bytes(_), Step::Rows(_)) => {}
            (Self::Bar(bar), Step::Table(name, Some(total))) => {
                bar.set_length(total);
                bar.set_position(0);
                bar.set_style(style(
                    "{spinner} {msg:22} {wide_bar} {human_pos}/{human_len} {per_sec}",
                ));
                bar.set_message(name);
            }
            (Self::Bar(bar), Step::Table(name, None)) => {
                bar.unset_length();
                bar.set_position(0);
                bar.set_style(style("{spinner} {msg:22} {human_pos} {per_sec}"));
                bar.set_message(name);
            }
            (Self::Bytes(bar), Step::Table(name, _)) => bar.set_message(name),
            (Self::Bar(bar), Step::Rows(rows)) => bar.inc(rows),
            (Self::Words(lines), step) => lines.step(step, output),
        }
    }

    /// `input`, whose bytes are counted.
    pub(super) fn reading<'a>(
        &mut self,
        input: impl Read + 'a,
        length: Option<u64>,
    ) -> Box<dyn Read + 'a> {
        let Self::Bar(bar) = self else { return Box::new(input) };
        let bar = bar.clone();
        count_bytes(&bar, length);
        *self = Self::Bytes(bar.clone());
        Box::new(bar.wrap_read(input))
    }

    /// Copies the whole of a file.
    pub(super) fn copy(&self, mut from: File, to: &mut File) -> io::Result<u64> {
        let Self::Bar(bar) = self else { return io::copy(&mut from, to) };
        count_bytes(bar, Some(from.metadata()?.len()));
        io::copy(&mut bar.wrap_read(from), to)
    }

    /// Does `work`, by which `file` grows to about `length` bytes.
    pub(super) fn while_growing<T>(&self, file: &Path, length: u64, work: impl FnOnce() -> T) -> T {
        let Self::Bar(bar) = self else { return work() };
        count_bytes(bar, Some(length));
        thread::scope(|scope| {
            let (working, ended) = mpsc::channel::<()>();
            scope.spawn(move || {
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    bar.set_position(file.metadata().map_or(0, |seen| seen.len()));
                }
            });
            let done = work();
            drop(working);
            done
        })
    }

    /// The end: what there was to see goes away.
    pub(super) fn end(self, output: &mut Output) {
        match self {
            Self::Bar(bar) | Self::Bytes(bar) => bar.finish_and_clear(),
            Self::Words(mut lines) => lines.tell(output),
            Self::Nothing => {}
        }
    }
}

/// Makes it a bar of bytes: of so many, where that is known.
fn count_bytes(bar: &ProgressBar, length: Option<u64>) {
    if let Some(length) = length {
        bar.set_length(length);
    }
    bar.set_position(0);
    let of = if length.is_some() { "{wide_bar} {bytes}/{total_bytes}" } else { "{bytes}" };
    bar.set_style(style(&format!("{{spinner}} {{msg:22}} {of} {{bytes_per_sec}} {{eta}}")));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A line for each table with rows.
#[derive(Default)]
pub(super) struct Lines {
    table: &'static str,
    rows: u64,
}

impl Lines {
    fn step(&mut self, step: Step, output: &mut Output) {
        match step {
            Step::Table(name, _) => {
                self.tell(output);
                self.table = name;
            }
            Step::Rows(rows) => self.rows += rows,
        }
    }

    fn tell(&mut self, output: &mut Output) {
        let rows = std::mem::take(&mut self.rows);
        if rows > 0 {
            output.remark(&format!("{}: {rows}", self.table));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_bar_follows_a_copy_and_a_file_that_grows() {
        let folder = TempDir::new().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, vec![7; 300_000]).unwrap();
        let bar = ProgressBar::hidden();
        let progress = Progress::Bar(bar.clone());
        let mut out = File::create(&to).unwrap();
        assert_eq!(progress.copy(File::open(&from).unwrap(), &mut out).unwrap(), 300_000);
        assert_eq!((bar.position(), bar.length()), (300_000, Some(300_000)));
        assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
        let written = progress.while_growing(&from, 500_000, || {
            // Ends with the first look.
            while bar.position() != 300_000 || bar.length() != Some(500_000) {
                thread::yield_now();
            }
            "written"
        });
        assert_eq!(written, "written");
    }
}
