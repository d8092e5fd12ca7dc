//! Tables for people: columns as wide as their widest cell.

/// Rows under a heading. Numbers are put to the right, everything else to the left.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        let heading = heading.iter().map(|cell| (*cell).to_owned()).collect();
        Self {
            rows: vec![heading],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, every line ended.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column| {
            let cells = self
                .rows
                .iter()
                .map(|row| cell(row, column).chars().count());
            cells.max().unwrap_or(0)
        };
        let is_number = |column| {
            self.rows[1..].iter().all(|row| {
                let cell = cell(row, column);
                !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit() || b == b'/')
            })
        };
        let layout: Vec<_> = (0..columns).map(|c| (width(c), is_number(c))).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = layout.iter().enumerate().map(|(column, (width, right))| {
                let cell = cell(row, column);
                if *right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["port", "pending", "state"]);
        table.row(["orders", "7", "started"].map(str::to_owned));
        table.row(["é", "1200", "failing"].map(str::to_owned));
        assert_eq!(
            table.render(),
            "port    pending  state\norders        7  started\né          1200  failing\n"
        );
    }
}
