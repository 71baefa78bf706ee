//! The files that an experiment leaves: a table as CSV, its plots, and a page that says what ran.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;

/// A table with a name for each column.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One without rows.
    pub fn new(columns: &[&'static str]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row; it has a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// As comma-separated values.
    pub fn csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            text += &(row.join(",") + "\n");
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: &[String]| writeln!(text, "| {} |", cells.join(" | "));
        let names: Vec<String> = self.columns.iter().map(|&name| name.to_owned()).collect();
        let rule = vec!["---".to_owned(); names.len()];
        for row in [&names, &rule].into_iter().chain(&self.rows) {
            let _ = line(row);
        }
        text
    }
}

/// Where it ran: processors, kernel, day.
pub fn machine() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.map_or_else(
            |_| "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = said("uname", &["-sr"]);
    let day = said("date", &["-u", "+%Y-%m-%d"]);
    format!("{day}, {kernel}, {cores} processors, all on loopback")
}

/// Writes `results.csv` and `README.md`, and draws `plot.gp` if `gnuplot` is there.
///
/// # Errors
/// If a file cannot be written, or the plot cannot be drawn.
pub fn leave(folder: &Path, table: &Table, page: &str) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("results.csv"), table.csv())?;
    std::fs::write(folder.join("README.md"), page)?;
    if !folder.join("plot.gp").exists() {
        return Ok(());
    }
    match Command::new("gnuplot")
        .arg("plot.gp")
        .current_dir(folder)
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(io::Error::other("gnuplot could not draw the plot")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("gnuplot is not here (Debian: gnuplot-nox): no plot is drawn");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
