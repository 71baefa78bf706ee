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

    /// As comma-separated values. What has a comma in it stands in quotes.
    pub fn csv(&self) -> String {
        let value = |cell: &str| match cell.contains(',') {
            true => format!("\"{cell}\""),
            false => cell.to_owned(),
        };
        let line = |cells: Vec<&str>| {
            let values: Vec<String> = cells.into_iter().map(value).collect();
            values.join(",") + "\n"
        };
        let rows = self.rows.iter().map(|row| row.iter().map(String::as_str));
        let mut text = line(self.columns.clone());
        rows.for_each(|row| text += &line(row.collect()));
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
fn machine() -> String {
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

/// What a page says beside its table.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The experiment's program, and its folder and plot.
    pub name: &'a str,
    /// What the program is run with.
    pub arguments: &'a str,
    /// What is measured, and how.
    pub introduction: &'a str,
    /// What the plot shows, if there is one.
    pub plot: Option<&'a str>,
}

impl Page<'_> {
    /// Writes `results.csv` and `README.md`, and draws `plot.gp` if it and `gnuplot` are there.
    ///
    /// # Errors
    /// If a file cannot be written, or the plot cannot be drawn.
    pub fn leave(&self, folder: &Path, table: &Table) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("results.csv"), table.csv())?;
        std::fs::write(folder.join("README.md"), self.text(table))?;
        match folder.join("plot.gp").exists() {
            true => draw(folder),
            false => Ok(()),
        }
    }

    fn text(&self, table: &Table) -> String {
        let name = self.name;
        let command = format!("cargo run --release -p sm-experiments --bin {name}");
        let command = [&command, self.arguments].join(" ");
        let plot = self.plot.map(|shows| format!("\n![{shows}]({name}.svg)\n"));
        format!(
            "{}\nRun by `{}`; {}.\n\n{}{}",
            self.introduction,
            command.trim_end(),
            machine(),
            table.markdown(),
            plot.unwrap_or_default(),
        )
    }
}

fn draw(folder: &Path) -> io::Result<()> {
    let mut gnuplot = Command::new("gnuplot");
    match gnuplot.arg("plot.gp").current_dir(folder).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(io::Error::other("gnuplot could not draw the plot")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("gnuplot is not here (Debian: gnuplot-nox): no plot is drawn");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
