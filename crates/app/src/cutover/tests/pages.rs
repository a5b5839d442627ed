//! The report.

use super::super::question::{self, CutoverResult};
use super::super::record::FenceKind;
use super::super::report::CutoverReport;
use super::super::step::CutoverStep;
use super::ground::{Ground, OLD};

fn report() -> CutoverReport {
    let mut ground = Ground::new();
    ground.write(OLD, 3);
    ground.read(OLD, 1);
    let id = ground.plan(FenceKind::Acl);
    ground.say(question::WRITERS, Some(CutoverResult::Unknown));
    while ground.kept(&id).step < CutoverStep::Window {
        let step = ground.kept(&id).step;
        let overrule: &[&str] = if matches!(step, CutoverStep::ProveSilence | CutoverStep::Open) {
            &[question::WRITERS]
        } else {
            &[]
        };
        assert_eq!(ground.next(&id, overrule).held, None);
    }
    CutoverReport {
        version: CutoverReport::VERSION,
        from: "old <script>".to_owned(),
        to: "new & \"better\"".to_owned(),
        exported_ms: 1_700_000_000_000,
        exported_by: "ann".to_owned(),
        cutover: ground.kept(&id),
    }
}

#[test]
fn the_page_has_steps_questions_positions_groups_digests_and_who_overruled_what() {
    let html = report().to_html();
    for part in [
        "Cut-over of orders",
        "What Sluice does",
        "What applications see",
        "source_producers",
        "the model says unknown",
        "t-0",
        "t.new-1",
        "billing: moved",
        "equal: ",
        "Source digest",
        "DENY WRITE on topic &#39;t&#39; for User:alice from *",
        "orders (back)",
        "2023-11-14T22:13:20Z by ann",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn what_others_named_is_text_and_never_part_of_the_page() {
    let mut report = report();
    report.cutover.task_name = "<img src=x onerror=alert(1)>".to_owned();
    report.cutover.moves[0].group = "a\"><script>x</script>".to_owned();
    report.cutover.moves[0].positions[0].remark = Some("<b>bold</b>".to_owned());
    report.cutover.log[0].message = "</td><td>'forged'".to_owned();
    let html = report.to_html();
    for forged in ["<img", "<script", "<b>bold", "</td><td>'forged'"] {
        assert!(!html.contains(forged), "{forged}");
    }
    assert!(html.contains("old &lt;script&gt;") && html.contains("new &amp; &quot;better&quot;"));
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
}

#[test]
fn the_document_reads_back_as_it_was_written() {
    let report = report();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<CutoverReport>(&text).unwrap(), report);
}
