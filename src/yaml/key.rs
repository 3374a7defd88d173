//! The tables that say which keys a file may have: one for the check and for the schema.

/// A key that operators may write.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// How it is written.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub need: Need,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// What it does, in English.
    pub en: &'static str,
}

/// What every file begins with.
pub const VERSION: Key = Key::may(
    "version",
    Shape::Integer,
    "文件格式版本，目前是 1",
    "Version of the format, 1 for now",
);
/// What people call something that has an id.
pub const NAME: Key = Key::may("name", Shape::Text, "给人看的名字", "A name for people");

impl Key {
    /// A key that may be left out.
    #[must_use]
    pub const fn may(name: &'static str, shape: Shape, zh: &'static str, en: &'static str) -> Self {
        Self {
            name,
            shape,
            need: Need::Optional,
            zh,
            en,
        }
    }

    /// A key that must be there.
    #[must_use]
    pub const fn must(
        name: &'static str,
        shape: Shape,
        zh: &'static str,
        en: &'static str,
    ) -> Self {
        Self {
            name,
            shape,
            need: Need::Required,
            zh,
            en,
        }
    }

    /// The key of that name among others. Only for tables: a missing one does not compile.
    #[must_use]
    pub const fn among(keys: &'static [Self], name: &str) -> Self {
        let mut at = 0;
        while at < keys.len() {
            if same(keys[at].name.as_bytes(), name.as_bytes()) {
                return keys[at];
            }
            at += 1;
        }
        panic!("no key of that name")
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text that is not empty.
    Text,
    /// Text, or a list of texts.
    Words,
    /// Words that are looked for in messages: one or a list.
    Keywords,
    /// One text or a list of texts, which may be empty.
    WordsOrNone,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer,
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// A duration such as `30m`.
    Duration,
    /// A date or a date with a time.
    Moment,
    /// A duration, or a date with or without a time.
    When,
    /// A date.
    Dates,
    /// A time of day.
    Clock,
    /// One of the first; the second belong to a later version.
    Choice(&'static [&'static str], &'static [&'static str]),
    /// One or several of these.
    Choices(&'static [&'static str]),
    /// A map with these keys.
    Map(&'static [Key]),
    /// A map with exactly one of these keys.
    OneKey(&'static [Key]),
    /// A map with these keys, and any other key with a value of the second shape.
    Open(&'static [Key], &'static Shape),
    /// A map whose keys are names.
    Named(&'static Shape),
    /// A list; a single element may stand without brackets.
    List(&'static Shape),
    /// A list of at least one.
    SomeOf(&'static Shape),
    /// Anything.
    Any,
}
