//! What went wrong with rules, follow-up plans and mass messages elsewhere: each case has a
//! test that is named after it, or is held by what the pages say.

use std::fs;
use std::path::{Path, PathBuf};

/// The case, and the file with the test whose name begins with it.
const CASES: [(&str, &str); 12] = [
    ("chatwoot_4070_", "tests/it/guard.rs"),
    ("chatwoot_6618_", "tests/it/guard.rs"),
    ("chatwoot_4504_", "tests/it/traces.rs"),
    ("chatwoot_10455_12694_", "src/rules/tests/deciding.rs"),
    ("kj_scrm_", "src/sops/tests/playing.rs"),
    (
        "mochat_173_mautic_837_2824_7665_10170_",
        "src/sops/timing.rs",
    ),
    ("mautic_11763_", "src/schedule/runs/tests.rs"),
    ("mautic_8802_", "src/store/conformance/timers.rs"),
    ("mautic_6729_", "tests/it/never_too_much.rs"),
    ("mautic_1759_", "tests/it/programmes.rs"),
    ("mautic_2307_", "src/simulate/tests/previewing.rs"),
    ("mochat_", "tests/it/sops.rs"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

#[test]
fn each_case_has_its_test() {
    for (case, path) in CASES {
        let named = format!("fn {case}");
        assert!(read(path).contains(&named), "{path} has no test of {case}");
    }
}

#[test]
fn openclaw_wecom_181_wecom_bot_svr_13_the_readmes_say_what_no_bot_can_do_in_customer_groups() {
    for (path, place, never) in [
        ("README.md", "| Customer group |", "speaking in it directly"),
        ("README.zh-CN.md", "| 客户群 |", "直接在群里说话"),
    ] {
        let text = read(path);
        let row = text.lines().find(|line| line.starts_with(place));
        let row = row.unwrap_or_else(|| panic!("{path} has no row {place}"));
        let impossible = row.trim_end_matches('|').rsplit('|').next();
        let impossible = impossible.unwrap_or_default();
        assert!(impossible.contains(never), "{path}: {impossible}");
    }
}

#[test]
fn easywechat_1698_wechaty_1095_the_mock_is_there_for_other_projects_too() {
    for (path, section) in [
        ("mock-wecom/README.md", "## In your tests"),
        ("mock-wecom/README.zh-CN.md", "## "),
    ] {
        let text = read(path);
        assert!(text.contains(section), "{path}");
        for other in ["pytest", "Jest", "JUnit"] {
            assert!(text.contains(other), "{path} says nothing of {other}");
        }
    }
}
