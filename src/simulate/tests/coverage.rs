//! Rules that no test reaches.

use super::support::{file, run_file};
use crate::lang::Lang;
use crate::simulate::coverage;

const RULES: &str = "
rules:
  - {id: 退款, when: {any: 退款, none: 不退款}, do: [{reply: 好的}]}
  - {id: 地址, when: {any: 地址}, do: [{reply: 好的}]}
  - {id: 停用, mode: off, when: {any: 停}, do: [{reply: 好的}]}
  - {id: 离开, on: deleted, do: [{tag: 阶段/流失}]}
";

fn found(steps: &str) -> Vec<(&'static str, String)> {
    let (config, playbook, outcome) = run_file(RULES, &file(steps));
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.results);
    let report = coverage(&config, &playbook, &outcome);
    let items = report.items().into_iter();
    items
        .map(|item| (item.code, item.message(Lang::Zh)))
        .collect()
}

#[test]
fn a_rule_needs_a_test_that_fires_it() {
    let found = found(
        "      - {say: 地址, expect: {rule: 地址}}\n      - {say: 天气, expect: {none: true}}",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "R046");
    assert!(
        found[0].1.contains("退款, 离开") && !found[0].1.contains("停用"),
        "{found:?}"
    );
}

#[test]
fn a_rule_needs_a_test_that_holds_it_back_by_what_guards_it() {
    let fires = "      - {say: 地址, expect: {rule: 地址}}\n      - {say: 退款, expect: {rule: 退款}}\n      - {event: deleted, expect: {rule: 离开}}\n";
    let any = format!("{fires}      - {{say: 天气, expect: {{none: true}}}}");
    let loose = found(&any);
    assert_eq!(loose.len(), 1, "{loose:?}");
    assert_eq!(loose[0].0, "R047");
    assert!(loose[0].1.contains("：退款"), "{loose:?}");
    let near = format!("{fires}      - {{say: 不退款了, expect: {{none: true}}}}");
    assert_eq!(found(&near), []);
}
