//! Each point that the official pages leave open is a switch.

use crate::support::Corp;

/// The file, the switch, and the first words of each line marked as unsettled in the facts.
const POINTS: &str = include_str!("../open-points.tsv");

#[tokio::test]
async fn each_open_point_is_a_switch_with_a_default() {
    let corp = Corp::start().await;
    let switches = corp.get("/mock/switches").await;
    let readme = include_str!("../../README.md");
    let mut seen = 0;
    for line in POINTS.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, switch, words] = cells[..] else {
            panic!("three cells: {line}");
        };
        assert!(!words.is_empty(), "{line}");
        assert!(!switches[switch].is_null(), "{switch} for {file}: {words}");
        let row = readme
            .lines()
            .find(|row| row.starts_with(&format!("| `{switch}` |")))
            .unwrap_or_else(|| panic!("{switch} is not in the README"));
        assert!(row.contains(file), "{row} does not name {file}");
        seen += 1;
    }
    assert_eq!(seen, 32, "lines marked as unsettled in the facts");
}
