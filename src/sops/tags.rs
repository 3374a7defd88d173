//! Tags that decide who is in a plan, and that nothing else knows.

use std::collections::BTreeSet;

use super::load::Named;
use super::problems;
use crate::diagnostic::{Diagnostic, Report};
use crate::domain::ids::Tag;

/// Warns of tags that only one file of plans names and that nothing sets: a slip of the pen
/// there lets nobody in, or nobody out, without a word. `others` are the tags that rules and
/// channel codes name.
pub fn unheard_of(named: &Named, others: &BTreeSet<&Tag>, report: &mut Report) {
    let mut told = BTreeSet::new();
    for asked in &named.asked {
        let elsewhere = named.asked.iter().filter(|other| other.file != asked.file);
        let mut known: BTreeSet<&Tag> = elsewhere.map(|other| &other.tag).collect();
        known.extend(&named.tags);
        known.extend(others);
        if is_known(&asked.tag, &known) || !told.insert((&asked.file, &asked.tag)) {
            continue;
        }
        let tag = asked.tag.0.as_str();
        let found = Diagnostic::of(problems::UNHEARD_TAG).value("tag", tag);
        let found = found.suggest(tag, known.iter().map(|known| known.0.as_str()));
        report.push(
            found
                .at(asked.file.as_str(), asked.span)
                .line(asked.line.as_str()),
        );
    }
}

/// A name without a group is found in any group.
fn is_known(tag: &Tag, known: &BTreeSet<&Tag>) -> bool {
    let grouped = tag.0.contains('/');
    known.contains(tag) || (!grouped && known.iter().any(|known| known.parts().1 == tag.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::unheard_of;
    use crate::diagnostic::Report;
    use crate::domain::ids::Tag;
    use crate::lang::Lang;
    use crate::sops::named_in;

    #[test]
    fn a_tag_that_nothing_else_names_is_found_once_with_what_was_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = "sops:\n  - id: 甲\n    audience: {has_tag: 客户/已够买, not_tag: [名单/勿扰]}\n    \
                    exit_when: [{has_tag: 客户/已够买}, {has_tag: 客户/流失}]\n";
        std::fs::write(folder.path().join("甲.yaml"), plan).expect("written");
        let other = "sops:\n  - {id: 乙, audience: {not_tag: 名单/勿扰}}\n";
        std::fs::write(folder.path().join("乙.yaml"), other).expect("written");
        let bought = Tag::from("客户/已购买");
        let mut report = Report::default();
        unheard_of(
            &named_in(folder.path()),
            &BTreeSet::from([&bought]),
            &mut report,
        );
        let told: Vec<_> = report
            .items()
            .iter()
            .map(|item| {
                let line = item.span.expect("a place").line;
                (item.code, line, item.mend(Lang::Zh).expect("a mend"))
            })
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0].0, "S018");
        assert_eq!(told[0].2, "是不是想写 `客户/已购买`？");
        assert_eq!(told[1].1, 4);
        assert!(told[1].2.contains("手工"), "{told:?}");
    }
}
