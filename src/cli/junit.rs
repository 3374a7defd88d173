//! The result of rule tests as `JUnit` XML, for CI.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::diagnostic::Report;
use crate::lang::Lang;
use crate::simulate::Outcome;
use crate::simulate::run::{Failure, TestResult};

/// One suite for each file; what is wrong with the files themselves is a suite of its own.
pub(super) fn write(outcome: &Outcome, problems: &Report, lang: Lang) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let tests = outcome.results.len() + problems.items().len();
    let failures = outcome.failed().to_string();
    let errors = problems.items().len().to_string();
    writer
        .create_element("testsuites")
        .with_attribute(("name", "wecom-agent"))
        .with_attribute(("tests", tests.to_string().as_str()))
        .with_attribute(("failures", failures.as_str()))
        .with_attribute(("errors", errors.as_str()))
        .write_inner_content(|writer| {
            for results in outcome.results.chunk_by(|one, next| one.file == next.file) {
                suite(writer, results)?;
            }
            unreadable(writer, problems, lang)
        })?;
    let body = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"
    ))
}

type Xml = Writer<Vec<u8>>;

fn suite(writer: &mut Xml, results: &[TestResult]) -> io::Result<()> {
    let name = results.first().map_or("", |result| &result.file);
    let failed = results.iter().filter(|result| !result.failures.is_empty());
    let failed = failed.count().to_string();
    writer
        .create_element("testsuite")
        .with_attribute(("name", clean(name).as_str()))
        .with_attribute(("tests", results.len().to_string().as_str()))
        .with_attribute(("failures", failed.as_str()))
        .with_attribute(("errors", "0"))
        .write_inner_content(|writer| results.iter().try_for_each(|result| case(writer, result)))?;
    Ok(())
}

fn case(writer: &mut Xml, result: &TestResult) -> io::Result<()> {
    let case = writer
        .create_element("testcase")
        .with_attribute(("classname", clean(&result.file).as_str()))
        .with_attribute(("name", clean(&result.name).as_str()))
        .with_attribute(("file", clean(&result.file).as_str()))
        .with_attribute(("line", result.span.line.to_string().as_str()));
    if result.failures.is_empty() {
        case.write_empty()?;
        return Ok(());
    }
    case.write_inner_content(|writer| {
        for failure in &result.failures {
            let text = told(result, failure);
            writer
                .create_element("failure")
                .with_attribute(("message", clean(&message(failure)).as_str()))
                .with_attribute(("type", "expectation"))
                .write_text_content(BytesText::new(&clean(&text)))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn message(failure: &Failure) -> String {
    match &failure.expected {
        Some(expected) => format!("{expected} ≠ {}", failure.got),
        None => failure.got.clone(),
    }
}

fn told(result: &TestResult, failure: &Failure) -> String {
    let line = failure.line.trim();
    format!(
        "{}:{}:{}\n{line}\nexpected: {}\ngot:      {}\n",
        result.file,
        failure.span.line,
        failure.span.column,
        failure.expected.as_deref().unwrap_or_default(),
        failure.got,
    )
}

fn unreadable(writer: &mut Xml, problems: &Report, lang: Lang) -> io::Result<()> {
    let items = problems.items();
    if items.is_empty() {
        return Ok(());
    }
    let count = items.len().to_string();
    writer
        .create_element("testsuite")
        .with_attribute(("name", "check"))
        .with_attribute(("tests", count.as_str()))
        .with_attribute(("failures", "0"))
        .with_attribute(("errors", count.as_str()))
        .write_inner_content(|writer| {
            for item in items {
                writer
                    .create_element("testcase")
                    .with_attribute(("classname", "check"))
                    .with_attribute(("name", clean(&item.headline(lang)).as_str()))
                    .write_inner_content(|writer| {
                        writer
                            .create_element("error")
                            .with_attribute(("message", clean(&item.message(lang)).as_str()))
                            .with_attribute(("type", item.code))
                            .write_text_content(BytesText::new(&clean(&item.human(lang))))?;
                        Ok(())
                    })?;
            }
            Ok(())
        })?;
    Ok(())
}

/// XML has no place for most control characters, not even escaped.
fn clean(text: &str) -> String {
    let fits = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let fits = |c: &char| fits(c) && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars().filter(fits).collect()
}
