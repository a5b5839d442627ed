//! One look for all tables.

use comfy_table::{CellAlignment, LineStyle, Row, Table, TableStyle};

/// Columns apart by blanks, a line below the header: easy to read, and to cut apart with awk.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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
