//! One look for all tables.

use comfy_table::{CellAlignment, LineStyle, Row, Table, TableStyle};

/// Columns apart by blanks, a line below the header: easy to read, and to cut apart with awk.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The table as text, without blanks at the ends of its lines, which are in the way of scripts.
pub fn text(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// An empty table with a header; the columns `numbers` are right-aligned.
pub fn table(header: impl Into<Row>, numbers: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(header);
    for index in numbers {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_table_ends_with_a_blank() {
        let mut table = table(["topic", "what to do"], 0..0);
        table.add_row(["a", "a long remedy"]).add_row(["a long name", ""]);
        let text = text(&table);
        assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
        assert!(text.contains("a long remedy"), "{text}");
    }
}
