/// A number with what it counts: `1 topic`, `2 topics`. For English sentences; the window has its own words for other languages.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}
