//! Conditions on contacts and on their way through a plan.

use super::model::Condition;
use crate::diagnostic::Findings;
use crate::rules::contact_tests;
use crate::yaml::{Data, Entry, Node, values};

/// Reads conditions of which all must hold.
pub(super) fn conditions(node: &Node, findings: &mut Findings<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let mut contact: Vec<Entry> = Vec::new();
    for entry in node.entries() {
        let make = match entry.key.as_str() {
            "replied" => Condition::Replied,
            "replied_since_last" => Condition::RepliedSinceLast,
            _ => {
                contact.push(entry.clone());
                continue;
            }
        };
        let wanted = entry.value.text().and_then(values::flag);
        conditions.extend(wanted.map(make));
    }
    let contact = Node {
        span: node.span,
        data: Data::Map(contact),
    };
    let tests = contact_tests(&contact, findings).into_iter();
    conditions.extend(tests.map(Condition::Contact));
    conditions
}
