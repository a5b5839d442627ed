//! The report as a page that stands alone. All text of others is escaped: names of topics and groups, evidence, commits'
//! texts.

use jiff::Timestamp;

use super::question::CutoverAnswer;
use super::record::{CutoverState, FenceKind, GroupMove};
use super::report::CutoverReport;
use super::step::CutoverStep;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}\
h1,h2{line-height:1.2}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}\
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;overflow-wrap:anywhere}\
th{background:#f6f8fa}td.n{text-align:right;font-variant-numeric:tabular-nums}.failed,.unknown{color:#a40e26}\
.warning{color:#7a4d00}code{font-family:ui-monospace,monospace}";

impl CutoverReport {
    /// It as HTML.
    pub fn to_html(&self) -> String {
        let cutover = &self.cutover;
        let title = format!("Cut-over of {}", cutover.task_name);
        let mut page = Page::default();
        page.raw(&format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head><body><h1>{0}</h1>",
            escaped(&title)
        ));
        page.table(
            &["", ""],
            [
                vec!["Id".to_owned(), cutover.id.clone()],
                vec!["From".to_owned(), self.from.clone()],
                vec!["To".to_owned(), self.to.clone()],
                vec![
                    "Task".to_owned(),
                    format!("{} ({})", cutover.task_name, cutover.task),
                ],
                vec!["State".to_owned(), state(cutover.state).to_owned()],
                vec![
                    "Stands at".to_owned(),
                    format!("step {}, {}", cutover.step.number(), cutover.step),
                ],
                vec!["Planned".to_owned(), time(cutover.created_ms)],
                vec!["Last change".to_owned(), time(cutover.updated_ms)],
                vec![
                    "Exported".to_owned(),
                    format!("{} by {}", time(self.exported_ms), self.exported_by),
                ],
            ],
        );
        self.steps(&mut page);
        self.questions(&mut page);
        self.ends(&mut page);
        self.groups(&mut page);
        self.verification(&mut page);
        self.fence(&mut page);
        self.log(&mut page);
        page.raw("</body></html>\n");
        page.0
    }

    fn steps(&self, page: &mut Page) {
        let cutover = &self.cutover;
        page.heading("Steps");
        let rows = CutoverStep::ALL.into_iter().map(|step| {
            let words = step.words(cutover.fence == FenceKind::Acl);
            let closed = cutover.state == CutoverState::Closed;
            let done = if step < cutover.step || (closed && step == CutoverStep::Close) {
                "done"
            } else if step == cutover.step && cutover.is_open() {
                "next"
            } else {
                ""
            };
            vec![
                format!("{}. {}", step.number(), words.title),
                words.sluice.to_owned(),
                words.applications.to_owned(),
                done.to_owned(),
            ]
        });
        page.table(&["Step", "What Sluice does", "What applications see", ""], rows);
    }

    fn questions(&self, page: &mut Page) {
        page.heading("Questions");
        for asked in &self.cutover.answers {
            page.raw(&format!("<h3>{}</h3>", escaped(&asked.step.to_string())));
            page.answers(&asked.answers);
        }
        page.heading("Overruled");
        let rows = self.cutover.overruled.iter().map(|one| {
            vec![
                one.question.clone(),
                one.step.to_string(),
                one.evidence.clone(),
                one.by.clone(),
                time(one.at_ms),
            ]
        });
        page.table(&["Question", "Step", "What was known", "Who", "When"], rows);
    }

    fn ends(&self, page: &mut Page) {
        page.heading("Positions at the switch");
        if let Some(reverse) = &self.cutover.reverse {
            page.paragraph(&format!(
                "The task in the other direction, {} ({}), begins at the target's ends.",
                reverse.name, reverse.id
            ));
        }
        let rows = self.cutover.ends.iter().map(|end| {
            vec![
                format!("{}-{}", end.topic, end.partition),
                number(end.source_end),
                format!("{}-{}", end.target_topic, end.partition),
                end.target_end.to_string(),
            ]
        });
        page.table(&["Source partition", "End", "Target partition", "End"], rows);
    }

    fn groups(&self, page: &mut Page) {
        page.heading("Groups");
        let groups: &[GroupMove] = if self.cutover.moves.is_empty() {
            &self.cutover.rehearsed
        } else {
            &self.cutover.moves
        };
        for moved in groups {
            let when = moved.moved_ms.map_or_else(
                || "not moved; as it was rehearsed".to_owned(),
                |at| format!("moved {}", time(at)),
            );
            page.raw(&format!("<h3>{}: {}</h3>", escaped(&moved.group), escaped(&when)));
            let rows = moved.positions.iter().map(|position| {
                let proof = moved
                    .proofs
                    .iter()
                    .find(|proof| proof.topic == position.topic && proof.partition == position.partition);
                vec![
                    format!("{}-{}", position.topic, position.partition),
                    position.source_offset.to_string(),
                    number(position.target_offset),
                    position.how.clone(),
                    position.remark.clone().unwrap_or_default(),
                    proof.map_or_else(String::new, |proof| {
                        format!(
                            "{}: {}",
                            if proof.equal { "equal" } else { "DIFFERENT" },
                            proof.detail
                        )
                    }),
                ]
            });
            page.table(
                &[
                    "Partition",
                    "Source offset",
                    "Target offset",
                    "How",
                    "Remark",
                    "Proof",
                ],
                rows,
            );
        }
        if !self.cutover.staying.is_empty() {
            page.paragraph(&format!("Staying: {}", self.cutover.staying.join("; ")));
        }
    }

    fn verification(&self, page: &mut Page) {
        let Some(verification) = &self.cutover.verification else {
            return;
        };
        page.heading("Verification");
        page.paragraph(&format!(
            "{} ({})",
            verification.sentence,
            time(verification.at_ms)
        ));
        let rows = verification.partitions.iter().map(|partition| {
            vec![
                format!("{}-{}", partition.topic, partition.partition),
                partition.records.to_string(),
                partition.source_digest.clone(),
                partition.target_digest.clone(),
            ]
        });
        page.table(&["Partition", "Records", "Source digest", "Target digest"], rows);
    }

    fn fence(&self, page: &mut Page) {
        if self.cutover.fence_entries.is_empty() {
            return;
        }
        page.heading("Fence");
        let rows = self.cutover.fence_entries.iter().map(|entry| {
            vec![
                super::fence::described(entry),
                if entry.stands { "stands" } else { "removed" }.to_owned(),
            ]
        });
        page.table(&["Rule", ""], rows);
    }

    fn log(&self, page: &mut Page) {
        page.heading("Log");
        let rows = self.cutover.log.iter().map(|line| {
            vec![
                time(line.at_ms),
                line.step.to_string(),
                line.by.clone(),
                line.message.clone(),
            ]
        });
        page.table(&["When", "Step", "Who", "What"], rows);
    }
}

/// HTML that grows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.raw(&format!("<h2>{}</h2>", escaped(text)));
    }

    fn paragraph(&mut self, text: &str) {
        self.raw(&format!("<p>{}</p>", escaped(text)));
    }

    fn table(&mut self, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return self.raw("<p>None.</p>");
        }
        self.raw("<table>");
        if header.iter().any(|name| !name.is_empty()) {
            let cells: String = header
                .iter()
                .map(|name| format!("<th>{}</th>", escaped(name)))
                .collect();
            self.raw(&format!("<tr>{cells}</tr>"));
        }
        for row in rows {
            let cells: String = row
                .iter()
                .map(|cell| {
                    let is_number = !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
                    let class = if is_number { " class=\"n\"" } else { "" };
                    format!("<td{class}>{}</td>", escaped(cell))
                })
                .collect();
            self.raw(&format!("<tr>{cells}</tr>"));
        }
        self.raw("</table>");
    }

    fn answers(&mut self, answers: &[CutoverAnswer]) {
        let rows = answers.iter().map(|answer| {
            vec![
                answer.question.clone(),
                answer.result.word().to_owned(),
                answer.evidence.clone(),
                answer.remedy.clone(),
                time(answer.at_ms),
            ]
        });
        self.table(&["Question", "Answer", "Evidence", "What to do", "Asked"], rows);
    }
}

fn state(state: CutoverState) -> &'static str {
    match state {
        CutoverState::Open => "open",
        CutoverState::Abandoning => "being given up",
        CutoverState::Abandoned => "given up before the switch",
        CutoverState::Closed => "closed",
        CutoverState::WentBack => "went back",
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.0}"))
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// Text as it stands in HTML, in attributes as well.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
