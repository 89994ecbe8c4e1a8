//! A text table with aligned columns.

/// How wide a column may grow before the next one starts further right.
const MAX_ALIGNED_CHARS: usize = 40;

/// Rows of text under a header. All columns but the last are padded; numbers go to the right.
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with one cell for each column of the header.
    pub fn push(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<(usize, bool)> = (0..self.header.len()).map(|column| self.measure(column)).collect();
        let header: Vec<String> = self.header.iter().map(|&name| name.to_owned()).collect();
        for cells in std::iter::once(&header).chain(&self.rows) {
            let mut line = String::new();
            for (index, (cell, &(width, is_number))) in cells.iter().zip(&columns).enumerate() {
                if index > 0 {
                    line.push_str("  ");
                }
                match is_number {
                    true => line.push_str(&format!("{cell:>width$}")),
                    false => line.push_str(&format!("{cell:<width$}")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Table {
    /// Width in characters, and whether every cell is a number.
    fn measure(&self, column: usize) -> (usize, bool) {
        let cells = || self.rows.iter().map(|row| row[column].as_str());
        let is_number = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
        let aligned = cells().map(|cell| cell.chars().count()).filter(|&chars| chars <= MAX_ALIGNED_CHARS).max();
        let width = aligned.unwrap_or(0).max(self.header[column].chars().count());
        (width, !self.rows.is_empty() && cells().all(is_number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_go_to_the_right() {
        let mut table = Table::new(&["row", "key", "message"]);
        table.push(vec!["3".into(), "été".into(), "cut off".into()]);
        table.push(vec!["1200".into(), "abc-d".into(), String::new()]);
        assert_eq!(table.to_string(), " row  key    message\n   3  été    cut off\n1200  abc-d\n");
    }

    #[test]
    fn one_long_cell_does_not_push_all_others_away() {
        let mut table = Table::new(&["key", "message"]);
        table.push(vec!["x".repeat(50), "a".into()]);
        table.push(vec!["y".into(), "b".into()]);
        assert!(table.to_string().contains("\ny    b\n"), "{table}");
    }
}
