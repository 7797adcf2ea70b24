//! Where commands write: answers to standard output, remarks and faults to standard error.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::fault::Fault;

/// The two streams, and whether the answer is JSON.
pub(crate) struct Output {
    json: bool,
    answers: Box<dyn Write>,
    remarks: Box<dyn Write>,
}

impl Output {
    /// The process's own streams.
    pub(crate) fn of_process(json: bool) -> Self {
        Self { json, answers: Box::new(io::stdout()), remarks: Box::new(io::stderr()) }
    }

    /// Whether the answer is to be JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The answer: `words` for a person, `value` for a program.
    pub(crate) fn answer(&mut self, value: &Value, words: &str) -> Result<(), Fault> {
        let text = if self.json { format!("{value:#}") } else { words.to_owned() };
        let written =
            writeln!(self.answers, "{}", text.trim_end()).and_then(|()| self.answers.flush());
        match written {
            // Whoever reads has seen enough, as `head` does.
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(Fault::io("cannot write the answer")),
        }
    }

    /// Something worth knowing beside the answer.
    pub(crate) fn remark(&mut self, words: &str) {
        // A remark that nobody can read is no reason to fail.
        let _ = writeln!(self.remarks, "{words}");
    }

    /// Why it failed.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        let text = if self.json {
            let mistakes = match fault {
                Fault::Configuration(mistakes) => {
                    mistakes.0.iter().map(crate::config::Problem::to_json).collect()
                }
                Fault::Refused(reasons) => reasons.iter().map(|reason| json!(reason)).collect(),
                _ => Vec::new(),
            };
            json!({ "error": fault.to_string(), "reasons": mistakes }).to_string()
        } else {
            format!("vestibule: {fault}")
        };
        let _ = writeln!(self.remarks, "{text}");
    }
}

/// Lays out rows under a heading, each column as wide as its widest cell.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading = heading.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let lines: Vec<&Vec<String>> = std::iter::once(&heading).chain(rows).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["ab".to_owned(), "c".to_owned()], vec!["d".to_owned(), "é".to_owned()]];
        assert_eq!(table(&["A", "LONG"], &rows), "A   LONG\nab  c\nd   é\n");
    }
}
