//! Two YAML trees side by side.

use std::collections::HashMap;

use super::difference::Part;
use crate::yaml::{Data, Node};

/// So many elements of a list are named, the others counted.
const NAMED: usize = 6;
/// So much of what is the same is shown before the place where long values part.
const LEAD: usize = 8;
/// A longer value is cut.
const LONGEST: usize = 60;

/// What differs, key by key.
pub(super) fn parts(old: &Node, new: &Node) -> Vec<Part> {
    let mut parts = Vec::new();
    compare("", Some(old), Some(new), &mut parts);
    parts
}

/// What differs beside one key.
pub(super) fn parts_without(old: &Node, new: &Node, key: &str) -> Vec<Part> {
    parts(&without(old, key), &without(new, key))
}

fn without(node: &Node, key: &str) -> Node {
    let entries = node.entries().iter().filter(|entry| entry.key != key);
    Node {
        span: node.span,
        data: Data::Map(entries.cloned().collect()),
    }
}

fn compare(key: &str, old: Option<&Node>, new: Option<&Node>, parts: &mut Vec<Part>) {
    match (old, new) {
        (Some(old), Some(new)) => both(key, old, new, parts),
        (Some(known), None) | (None, Some(known)) if !known.entries().is_empty() => {
            for entry in known.entries() {
                let value = |node: Option<&'_ Node>| node.is_some().then_some(&entry.value);
                compare(&below(key, &entry.key), value(old), value(new), parts);
            }
        }
        (Some(known), None) | (None, Some(known)) => {
            // A list that comes or goes is told element by element, like one that changes.
            if matches!(known.data, Data::List(_)) {
                let items = (
                    old.map(Node::items).unwrap_or_default(),
                    new.map(Node::items).unwrap_or_default(),
                );
                lists(key, items, parts);
            } else {
                let (old, new) = (old.map(told), new.map(told));
                let key = key.to_owned();
                parts.push(Part::Value { key, old, new });
            }
        }
        (None, None) => {}
    }
}

fn both(key: &str, old: &Node, new: &Node, parts: &mut Vec<Part>) {
    match (&old.data, &new.data) {
        (Data::Map(before), Data::Map(after)) => {
            for entry in before {
                let value = new.get(&entry.key);
                compare(&below(key, &entry.key), Some(&entry.value), value, parts);
            }
            let added = after.iter().filter(|entry| old.get(&entry.key).is_none());
            for entry in added {
                compare(&below(key, &entry.key), None, Some(&entry.value), parts);
            }
        }
        (Data::List(_), _) | (_, Data::List(_)) => {
            lists(key, (old.items(), new.items()), parts);
        }
        _ if whole(old) != whole(new) => {
            let (old, new) = apart(&whole(old), &whole(new));
            let (key, old, new) = (key.to_owned(), Some(old), Some(new));
            parts.push(Part::Value { key, old, new });
        }
        _ => {}
    }
}

fn below(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

fn lists(key: &str, (old, new): (&[Node], &[Node]), parts: &mut Vec<Part>) {
    let named = |nodes: &[Node]| {
        let mut nodes_of = nodes.iter();
        !nodes.is_empty() && nodes_of.all(|node| id(key, node).is_some())
    };
    if named(old) && named(new) {
        return by_id(key, old, new, parts);
    }
    let is_map = |node: &Node| matches!(node.data, Data::Map(_));
    // Steps and the like: the same number of maps is compared one by one.
    let stepwise = old.len() == new.len() && old.iter().chain(new).all(is_map);
    if stepwise && !old.is_empty() {
        for (at, (old, new)) in old.iter().zip(new).enumerate() {
            both(&format!("{key}[{}]", at + 1), old, new, parts);
        }
        return;
    }
    let mut counts: HashMap<String, isize> = HashMap::new();
    for node in old {
        *counts.entry(whole(node)).or_default() -= 1;
    }
    for node in new {
        *counts.entry(whole(node)).or_default() += 1;
    }
    let added = surplus(new, &counts, 1);
    let removed = surplus(old, &counts, -1);
    let key = key.to_owned();
    if added.is_empty() && removed.is_empty() {
        let same = old.iter().map(whole).eq(new.iter().map(whole));
        if !same {
            parts.push(Part::Order { key });
        }
        return;
    }
    parts.push(Part::Items {
        key,
        added_count: added.len(),
        added: added.into_iter().take(NAMED).collect(),
        removed_count: removed.len(),
        removed: removed.into_iter().take(NAMED).collect(),
    });
}

/// What an element is known by: rule tests have names alone.
fn id<'n>(key: &str, node: &'n Node) -> Option<&'n str> {
    let known_by = if key == "tests" { "name" } else { "id" };
    node.get(known_by).and_then(Node::text)
}

/// Plans and the like: whoever has the same id is compared, the others come and go.
fn by_id(key: &str, old: &[Node], new: &[Node], parts: &mut Vec<Part>) {
    let find = |nodes: &[Node], wanted: &Node| {
        let wanted = id(key, wanted);
        nodes.iter().position(|node| id(key, node) == wanted)
    };
    for node in new {
        if let Some(at) = find(old, node) {
            let name = id(key, node).unwrap_or_default();
            both(&format!("{key}[{name}]"), &old[at], node, parts);
        }
    }
    let names = |nodes: &[Node], others: &[Node]| -> Vec<String> {
        let alone = nodes.iter().filter(|node| find(others, node).is_none());
        let names = alone.filter_map(|node| id(key, node));
        names.map(str::to_owned).collect()
    };
    let (added, removed) = (names(new, old), names(old, new));
    if !added.is_empty() || !removed.is_empty() {
        parts.push(Part::Items {
            key: key.to_owned(),
            added_count: added.len(),
            added: added.into_iter().take(NAMED).collect(),
            removed_count: removed.len(),
            removed: removed.into_iter().take(NAMED).collect(),
        });
    }
}

/// The elements of which there are more on this side, in their order.
fn surplus(nodes: &[Node], counts: &HashMap<String, isize>, sign: isize) -> Vec<String> {
    let mut left = counts.clone();
    let mut found = Vec::new();
    for node in nodes {
        if let Some(count) = left.get_mut(&whole(node))
            && *count * sign > 0
        {
            *count -= sign;
            found.push(told(node));
        }
    }
    found
}

/// A value in one line, cut if it is long.
fn told(node: &Node) -> String {
    cut(&whole(node))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Two values; long ones from shortly before the place where they part.
fn apart(old: &str, new: &str) -> (String, String) {
    if old.chars().count().max(new.chars().count()) <= LONGEST {
        return (old.to_owned(), new.to_owned());
    }
    let pairs = old.char_indices().zip(new.chars());
    let same = pairs.take_while(|((_, a), b)| a == b);
    let same: Vec<usize> = same.map(|((at, _), _)| at).collect();
    let from = same.len().checked_sub(LEAD).map_or(0, |at| same[at]);
    let shown = |text: &str| match from {
        0 => cut(text),
        from => format!("…{}", cut(&text[from..])),
    };
    (shown(old), shown(new))
}

/// A value in one line.
fn whole(node: &Node) -> String {
    match &node.data {
        Data::Empty => String::new(),
        Data::Text { text, .. } => text.replace('\n', " "),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(whole).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Map(entries) => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|entry| format!("{}: {}", entry.key, whole(&entry.value)))
                .collect();
            entries.join(", ")
        }
    }
}
