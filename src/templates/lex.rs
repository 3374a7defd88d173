//! Just enough of the template language to tell text from code, and to find the names of
//! filters and tests: the engine knows those only when a branch is taken.

use std::ops::Range;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// What is sent as it is.
    Text(Range<usize>),
    /// What stands between `{{ }}` or `{% %}`.
    Code(Range<usize>),
}

/// The parts of a template; comments and raw blocks are left out.
pub(super) fn pieces(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some((open, start)) = opening(source, at) {
        pieces.push(Piece::Text(at..open));
        let sign = source.as_bytes()[start - 1];
        if sign == b'#' {
            at = behind(source, start, "#}");
            continue;
        }
        let end = code_end(source, start, if sign == b'{' { "}}" } else { "%}" });
        let code = source[start..end].trim_matches(['-', '+', ' ']);
        at = (end + 2).min(source.len());
        if sign == b'%' && code == "raw" {
            let rest = source[at..]
                .find("endraw")
                .map_or(source.len(), |rest| at + rest);
            at = behind(source, rest, "%}");
        } else {
            pieces.push(Piece::Code(start..end));
        }
    }
    pieces.push(Piece::Text(at..source.len()));
    pieces
}

/// Where the next code or comment begins, and where its content does.
fn opening(source: &str, from: usize) -> Option<(usize, usize)> {
    let rest = source.get(from..)?;
    let marks = ["{{", "{%", "{#"];
    let at = marks.iter().filter_map(|mark| rest.find(mark)).min()?;
    Some((from + at, from + at + 2))
}

fn behind(source: &str, from: usize, mark: &str) -> usize {
    let rest = source[from..].find(mark);
    rest.map_or(source.len(), |at| from + at + mark.len())
}

/// Where code ends; a mark within quotes does not count.
fn code_end(source: &str, from: usize, mark: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in source[from..].char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if source[from + at..].starts_with(mark) => return from + at,
            None => {}
        }
    }
    source.len()
}

/// What a name in code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Behind `|`.
    Filter,
    /// Behind `is`.
    Test,
}

/// The filters and tests that a piece of code names.
pub(super) fn names(source: &str, code: &Range<usize>) -> Vec<(Role, Range<usize>)> {
    let mut found = Vec::new();
    let mut role = None;
    for word in words(source, code) {
        let text = &source[word.clone()];
        role = match (role, text) {
            (_, "|") => Some(Role::Filter),
            (None, "is") => Some(Role::Test),
            (Some(Role::Test), "not") => Some(Role::Test),
            (Some(role), _) if text.starts_with(is_letter) => {
                found.push((role, word));
                None
            }
            _ => None,
        };
    }
    found
}

/// The first sign of a piece of code that belongs to Chinese texts, not to code.
pub(super) fn wide_sign(source: &str, code: &Range<usize>) -> Option<Range<usize>> {
    let is_wide = |text: &str| {
        let wide = "，、。：；！？（）【】「」『』《》“”‘’｜｛｝［］＝＋－＊／％．";
        text.chars().all(|c| wide.contains(c))
    };
    words(source, code)
        .into_iter()
        .find(|word| is_wide(&source[word.clone()]))
}

/// Names and single signs; quoted texts are left out.
fn words(source: &str, code: &Range<usize>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut name = false;
    for (at, c) in source[code.clone()].char_indices() {
        let at = code.start + at;
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                name = false;
            }
            None if is_letter(c) || c.is_ascii_digit() => match words.last_mut() {
                Some(last) if name => last.end = at + c.len_utf8(),
                _ => {
                    words.push(at..at + c.len_utf8());
                    name = true;
                }
            },
            None => {
                name = false;
                if !c.is_whitespace() {
                    words.push(at..at + c.len_utf8());
                }
            }
        }
    }
    words
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// A name in single braces, or in full-width ones, as people write who know other tools.
pub(super) fn braces(source: &str, text: &Range<usize>) -> Vec<(Braces, Range<usize>)> {
    let mut found = Vec::new();
    let part = &source[text.clone()];
    if let Some(at) = part.find('｛') {
        let end = part[at..]
            .rfind('｝')
            .map_or(at + '｛'.len_utf8(), |end| at + end + '｝'.len_utf8());
        found.push((Braces::Wide, text.start + at..text.start + end));
    }
    let mut rest = 0;
    while let Some(open) = part[rest..].find('{').map(|at| rest + at) {
        rest = open + 1;
        let Some(length) = part[rest..].find(['}', '{', '\n']) else {
            continue;
        };
        let inner = &part[rest..rest + length];
        if part[rest + length..].starts_with('}') && is_variable(inner) {
            let range = text.start + open..text.start + rest + length + 1;
            found.push((Braces::Single, range));
        }
    }
    found
}

/// The wrong kind of braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Braces {
    /// `｛｛ contact.name ｝｝`.
    Wide,
    /// `{contact.name}`.
    Single,
}

fn is_variable(inner: &str) -> bool {
    let inner = inner.trim();
    let name = inner.split('|').next().unwrap_or_default().trim();
    name.starts_with(is_letter)
        && name.chars().count() <= 30
        && name
            .chars()
            .all(|c| is_letter(c) || c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::{Braces, Piece, Role, braces, names, pieces, wide_sign};

    fn code(source: &str) -> Vec<&str> {
        let pieces = pieces(source).into_iter();
        pieces
            .filter_map(|piece| match piece {
                Piece::Code(range) => Some(&source[range]),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn code_is_told_from_text() {
        assert_eq!(
            code("甲{{ a }}乙{% if b %}{# {{ c }} #}"),
            [" a ", " if b "]
        );
        assert_eq!(code("{{ '}}' }}{{ x"), [" '}}' ", " x"]);
        assert_eq!(code("{% raw %}{{ a }}{% endraw %}{{ b }}"), [" b "]);
    }

    #[test]
    fn filters_and_tests_are_found_in_any_branch() {
        let source = "a.b | shout('|x') | default(c is not wrong)";
        let found: Vec<_> = names(source, &(0..source.len()))
            .into_iter()
            .map(|(role, range)| (role, &source[range]))
            .collect();
        let wanted = [
            (Role::Filter, "shout"),
            (Role::Filter, "default"),
            (Role::Test, "wrong"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn chinese_signs_in_code_are_found_but_not_in_quotes() {
        let wide = |source: &str| wide_sign(source, &(0..source.len()));
        assert_eq!(wide("a | default(\"您，\")"), None);
        assert_eq!(wide("a｜default"), Some(1..4));
    }

    #[test]
    fn the_wrong_braces_are_found() {
        let found = |source: &str| -> Vec<Braces> {
            let range = 0..source.len();
            braces(source, &range)
                .into_iter()
                .map(|(kind, _)| kind)
                .collect()
        };
        assert_eq!(found("您好｛｛ contact.name ｝｝"), [Braces::Wide]);
        assert_eq!(
            found("您好{name}，{ 姓名 }"),
            [Braces::Single, Braces::Single]
        );
        assert_eq!(found("集合 {1, 2}，{} {a b} {"), []);
    }
}
