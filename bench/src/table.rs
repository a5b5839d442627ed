use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{
    comparison::{Chapter, Comparison, Copies, Figures},
    tool::Tool,
};

const HEADER: [&str; 10] = [
    "workload",
    "tool",
    "wall s",
    "records/s",
    "MB/s",
    "CPU s/GB",
    "peak MB",
    "× faster than MM2 defaults",
    "× less CPU than MM2 defaults",
    "remarks",
];
const NONE: &str = "–";

/// The comparison as a table that is both Markdown and readable as it stands.
pub fn render(comparison: &Comparison) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(HEADER);
    for index in 2..9 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for chapter in comparison.chapters() {
        for copies in &chapter.copies {
            table.add_row(row(chapter, copies));
        }
    }
    table.to_string()
}

fn row(chapter: &Chapter, copies: &Copies) -> Vec<String> {
    let workload = format!("{} (log {:.2})", chapter.workload, chapter.ratio());
    let mut row = vec![workload, copies.tool.title().to_owned()];
    match copies.figures(&chapter.workload) {
        Some(figures) => row.extend(columns(figures, chapter.yardstick())),
        None => row.extend([NONE; 7].map(str::to_owned)),
    }
    row.push(remarks(copies));
    row
}

fn columns(figures: Figures, yardstick: Option<Figures>) -> [String; 7] {
    let faster = yardstick.map(|yard| figures.megabytes_per_second / yard.megabytes_per_second);
    let cheaper = yardstick
        .and_then(|yard| yard.cpu_per_gigabyte)
        .zip(figures.cpu_per_gigabyte)
        .map(|(yard, own)| yard / own);
    [
        number(Some(figures.wall), 1),
        thousands(figures.records_per_second),
        number(Some(figures.megabytes_per_second), 0),
        number(figures.cpu_per_gigabyte, 2),
        number(figures.peak_megabytes, 0),
        number(faster, 1),
        number(cheaper, 1),
    ]
}

fn remarks(copies: &Copies) -> String {
    let mut remarks = Vec::new();
    match copies.verified {
        Some(true) => remarks.push("verified equal".to_owned()),
        Some(false) => remarks.push("NOT EQUAL".to_owned()),
        None => {}
    }
    if copies.measurements.iter().any(|measurement| !measurement.whole) {
        remarks.push("stopped at the limit".to_owned());
    }
    if copies.failures > 0 {
        remarks.push(format!("{} failed", copies.failures));
    }
    remarks.extend(Tool::remark(copies.tool).map(str::to_owned));
    remarks.join("; ")
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(|| NONE.to_owned(), |value| format!("{value:.decimals$}"))
}

/// Groups of three digits, with a blank between them.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{measurement::Measurement, workload::Workload};

    #[test]
    fn ratios_stand_beside_the_figures() {
        let mut comparison = Comparison::default();
        comparison.begin(Workload::quick(), 130_000_000);
        let took = |seconds| Measurement {
            records: 200_000,
            wall: Duration::from_secs(seconds),
            cpu: Some(Duration::from_secs(seconds)),
            peak_memory: None,
            whole: true,
        };
        comparison.add(Tool::RecordExactlyOnce, Ok((took(2), Some(true))));
        comparison.add(Tool::MirrorMakerDefaults, Ok((took(8), None)));
        let text = render(&comparison);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(rows[2][1], "1 KB lz4, 8 partitions (log 0.65)");
        assert_eq!(
            rows[2][3..],
            [
                "2.0",
                "100 000",
                "100",
                "10.00",
                "–",
                "4.0",
                "4.0",
                "verified equal",
                ""
            ]
        );
        assert_eq!(rows[3][8..10], ["1.0", "1.0"]);
        assert!(rows[1][1].starts_with("--"), "{text}");
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(thousands(1_234_567.2), "1 234 567");
        assert_eq!(thousands(12.0), "12");
    }
}
