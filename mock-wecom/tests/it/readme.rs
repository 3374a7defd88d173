//! What the README says about the control API and the recipes is there.

use std::path::Path;

const README: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");
const ROUTES: &str = include_str!("../../src/control/mod.rs");

#[test]
fn every_control_call_is_explained() {
    let routes = ROUTES.split(".route(").skip(1);
    let paths: Vec<&str> = routes.filter_map(|rest| rest.split('"').nth(1)).collect();
    assert!(paths.len() > 40, "{}", paths.len());
    for path in paths {
        assert!(
            README.contains(&format!("`POST /mock{path}`"))
                || README.contains(&format!("`GET /mock{path}`")),
            "{path} is missing"
        );
    }
}

#[test]
fn every_file_and_section_that_is_linked_is_there() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sections: Vec<String> = README
        .lines()
        .filter_map(|line| line.strip_prefix("##"))
        .map(|title| {
            title
                .trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-")
        })
        .collect();
    for text in [README, CHINESE] {
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            assert!(file.is_empty() || home.join(file).is_file(), "{link}");
            assert!(
                section.is_empty() || sections.iter().any(|known| known == section),
                "{link}"
            );
        }
    }
}
