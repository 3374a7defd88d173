//! Picks known elements out of a callback and keeps the others.

use std::str::FromStr;

use super::xml::Element;

/// Elements that no typed field holds, as (path, text) in document order.
pub type Extra = Vec<(String, String)>;

/// The children of one element, of which some have been taken.
#[derive(Clone)]
pub(super) struct Fields<'a, 'x> {
    elements: &'a [Element<'x>],
    taken: Vec<bool>,
    prefix: String,
    left_over: Extra,
}

impl<'a, 'x> Fields<'a, 'x> {
    pub(super) fn new(parent: &'a Element<'x>) -> Self {
        Self::with_prefix(parent, String::new())
    }

    fn with_prefix(parent: &'a Element<'x>, prefix: String) -> Self {
        Self {
            elements: parent.children(),
            taken: vec![false; parent.children().len()],
            prefix,
            left_over: Vec::new(),
        }
    }

    /// Takes the first element of this name that `read` can make sense of. What it cannot read
    /// stays, and so ends up among the extra elements.
    fn take_if<T>(&mut self, name: &str, read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        for (index, element) in self.elements.iter().enumerate() {
            if element.name() == name && !self.taken[index] && element.children().is_empty() {
                let value = read(element.text())?;
                self.taken[index] = true;
                return Some(value);
            }
        }
        None
    }

    /// Trimmed text that is not empty, borrowed.
    pub(super) fn name(&mut self, name: &str) -> Option<&'a str> {
        self.take_if(name, |text| Some(text.trim()))
            .filter(|text| !text.is_empty())
    }

    /// Text exactly as sent.
    pub(super) fn verbatim(&mut self, name: &str) -> Option<String> {
        self.take_if(name, |text| Some(text.to_owned()))
    }

    /// Trimmed text; an element that is present but empty gives an empty string.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take_if(name, |text| Some(text.trim().to_owned()))
    }

    /// Trimmed text; absent and empty are the same.
    pub(super) fn filled(&mut self, name: &str) -> Option<String> {
        self.name(name).map(str::to_owned)
    }

    /// A number, whether sent as text or CDATA. An empty element is the same as none.
    pub(super) fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.take_if(name, |text| match text.trim() {
            "" => Some(None),
            digits => digits.parse().ok().map(Some),
        })
        .flatten()
    }

    /// A finite decimal number.
    pub(super) fn decimal(&mut self, name: &str) -> Option<f64> {
        self.take_if(name, |text| {
            text.trim().parse().ok().filter(|n: &f64| n.is_finite())
        })
    }

    /// A comma-separated list; empty when absent.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.name(name).unwrap_or_default();
        comma_list(text).map(str::to_owned).collect()
    }

    /// A comma-separated list of numbers; empty when absent or when any is not a number.
    pub(super) fn numbers(&mut self, name: &str) -> Vec<i64> {
        self.take_if(name, |text| {
            comma_list(text).map(|n| n.parse().ok()).collect()
        })
        .unwrap_or_default()
    }

    /// The texts of repeated elements, in order.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.text(name)).collect()
    }

    /// Reads the fields of a nested element.
    pub(super) fn nested<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'a, 'x>) -> T,
    ) -> Option<T> {
        let index = self.next_index(name)?;
        let element = &self.elements[index];
        self.taken[index] = true;
        let mut inner = Self::with_prefix(element, format!("{}{name}/", self.prefix));
        let value = read(&mut inner);
        self.left_over.extend(inner.into_extra());
        Some(value)
    }

    /// Reads every element of this name, in order.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Fields<'a, 'x>) -> T,
    ) -> Vec<T> {
        std::iter::from_fn(|| self.nested(name, &mut read)).collect()
    }

    fn next_index(&self, name: &str) -> Option<usize> {
        let mut all = self.elements.iter().zip(&self.taken);
        all.position(|(element, taken)| !taken && element.name() == name)
    }

    /// Everything that was not taken.
    pub(super) fn into_extra(self) -> Extra {
        let mut extra = self.left_over;
        let untaken = self.elements.iter().zip(&self.taken);
        for (element, _) in untaken.filter(|(_, taken)| !**taken) {
            flatten(element, &self.prefix, &mut extra);
        }
        extra
    }
}

fn comma_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn flatten(element: &Element<'_>, prefix: &str, into: &mut Extra) {
    let path = format!("{prefix}{}", element.name());
    let children = element.children();
    let inner = format!("{path}/");
    if children.is_empty() || !element.text().is_empty() {
        into.push((path, element.text().to_owned()));
    }
    for child in children {
        flatten(child, &inner, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(pairs: &[(&str, &str)]) -> Extra {
        pairs
            .iter()
            .map(|&(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    #[test]
    fn unreadable_numbers_are_kept_as_text() {
        let document = "<x><A>12</A><B>x1</B><C> 7 </C><D>NaN</D><E>1,b</E><F>1, 2,</F><G/></x>";
        let root = Element::parse(document).unwrap();
        let mut fields = Fields::new(&root);
        assert_eq!(fields.number("A"), Some(12));
        assert_eq!(fields.number::<i64>("B"), None);
        assert_eq!(fields.number("C"), Some(7));
        assert_eq!(fields.number::<i64>("G"), None);
        assert_eq!(fields.decimal("D"), None);
        assert!(fields.numbers("E").is_empty());
        assert_eq!(fields.numbers("F"), [1, 2]);
        let expected = extra(&[("B", "x1"), ("D", "NaN"), ("E", "1,b")]);
        assert_eq!(fields.into_extra(), expected);
    }

    #[test]
    fn nested_left_overs_keep_their_path() {
        let document = "<x><L><I><K>1</K><N>2</N></I><I><K>3</K></I></L><M><O>4</O></M></x>";
        let root = Element::parse(document).unwrap();
        let mut fields = Fields::new(&root);
        let keys = fields.nested("L", |list| list.each("I", |item| item.text("K")));
        assert_eq!(keys, Some(vec![Some("1".into()), Some("3".into())]));
        assert_eq!(fields.into_extra(), extra(&[("L/I/N", "2"), ("M/O", "4")]));
    }
}
