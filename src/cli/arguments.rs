//! Reading arguments, with help and errors in the operator's language.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::output::Terminal;
use super::{Cli, Ended};
use crate::diagnostic::nearest;
use crate::lang::Lang;

/// The language, before anything else is read: `--lang`, then the locale.
pub(super) fn language(arguments: &[OsString]) -> Lang {
    let mut flag = None;
    let mut rest = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = rest.next() {
        let value = match argument.strip_prefix("--lang") {
            Some("") => rest.next(),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        flag = match value {
            Some("en") => Some(Lang::En),
            Some("zh") => Some(Lang::Zh),
            _ => flag,
        };
    }
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Lang::choose(flag, locale.as_deref())
}

/// Parses, or prints what is wrong (or the help) and says how to exit.
pub(super) fn parse(arguments: Vec<OsString>, lang: Lang) -> Result<Cli, ExitCode> {
    let matches = command(lang).try_get_matches_from(arguments);
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| {
            let terminal = Terminal::new(lang);
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                    terminal.line(help(&error, lang).trim_end());
                    Ended::Good.into()
                }
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                    terminal.line(help(&error, lang).trim_end());
                    Ended::CouldNotRun.into()
                }
                _ => {
                    explain(&error, terminal);
                    Ended::CouldNotRun.into()
                }
            }
        })
}

/// The help with the two words of the usage line that clap has in English only.
fn help(error: &clap::Error, lang: Lang) -> String {
    let text = error.render().to_string();
    let text = text.replacen("[OPTIONS]", &lang.text("cli.usage_options", &[]), 1);
    text.replacen("<COMMAND>", &lang.text("cli.usage_command", &[]), 1)
}

/// The command with every text from the catalogue.
fn command(lang: Lang) -> Command {
    localise(Cli::command(), "wecom_agent", lang).arg_required_else_help(true)
}

fn localise(command: Command, path: &str, lang: Lang) -> Command {
    let words = |key: String| lang.lookup(&key).map(str::to_owned);
    let mut command = command
        .help_template(lang.text("cli.help_template", &[]))
        .subcommand_help_heading(lang.text("cli.commands", &[]))
        .disable_help_flag(true)
        .arg(
            clap::Arg::new("help")
                .long("help")
                .short('h')
                .action(clap::ArgAction::Help)
                .help(lang.text("cli.help_flag", &[])),
        );
    if path == "wecom_agent" {
        command = command.disable_version_flag(true).arg(
            clap::Arg::new("version")
                .long("version")
                .short('V')
                .action(clap::ArgAction::Version)
                .help(lang.text("cli.version_flag", &[])),
        );
    }
    if let Some(about) = words(format!("help.{path}")) {
        command = command.about(about);
    }
    if let Some(example) = words(format!("help.{path}_example")) {
        command = command.after_help(example);
    }
    let options = lang.text("cli.options", &[]);
    let places = lang.text("cli.arguments", &[]);
    let owned = path.to_owned();
    command = command.mut_args(move |argument| {
        let name = argument.get_id().as_str().to_owned();
        let heading = if argument.is_positional() {
            &places
        } else {
            &options
        };
        let own =
            words(format!("help.{owned}_{name}")).or_else(|| words(format!("help.any_{name}")));
        let help = own.map(|help| format!("{help}{}", choices(&argument, lang)));
        let mut argument = argument.help_heading(heading.clone());
        if argument.get_action().takes_values() {
            argument = argument.hide_possible_values(true).hide_default_value(true);
        }
        match help {
            Some(help) => argument.help(help),
            None => argument,
        }
    });
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let below = if path == "wecom_agent" {
            name.clone()
        } else {
            format!("{path}_{name}")
        };
        command = command.mut_subcommand(name, |sub| localise(sub, &below, lang));
    }
    command
}

/// The values that an option takes and its default: clap would say it in English.
fn choices(argument: &clap::Arg, lang: Lang) -> String {
    let list = |words: Vec<String>| words.join(" | ");
    let values = argument.get_possible_values();
    let values = values
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let default = argument.get_default_values().iter();
    let default = default
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    let switch = !argument.get_action().takes_values();
    match (list(values), list(default)) {
        _ if switch => String::new(),
        (values, default) if values.is_empty() && default.is_empty() => String::new(),
        (values, default) if default.is_empty() => lang.text("cli.values", &[("values", &values)]),
        (values, default) if values.is_empty() => {
            lang.text("cli.default", &[("default", &default)])
        }
        (values, default) => {
            let places = [("values", values.as_str()), ("default", &default)];
            lang.text("cli.values_default", &places)
        }
    }
}

/// The verb that a mistyped one was probably meant to be, with the one that it stands below:
/// clap would name several in one breath, and only those at the place where it was typed.
fn near_verb(wrong: &str) -> Option<String> {
    let all = Cli::command();
    let verbs = all.get_subcommands().flat_map(|verb| {
        let below = verb.get_subcommands();
        let below = below.map(|sub| {
            (
                sub.get_name(),
                format!("{} {}", verb.get_name(), sub.get_name()),
            )
        });
        std::iter::once((verb.get_name(), verb.get_name().to_owned())).chain(below)
    });
    // Of two with one name the shorter way is meant.
    let mut verbs: Vec<(&str, String)> = verbs.collect();
    verbs.sort_by_key(|(_, path)| path.split(' ').count());
    let near = nearest(wrong, verbs.iter().map(|(name, _)| *name))?;
    let found = verbs.iter().find(|(name, _)| *name == near);
    found.map(|(_, path)| path.clone())
}

/// One line on what is wrong and one on how to go on.
fn explain(error: &clap::Error, terminal: Terminal) {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(" "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .map(context)
        .find(|text| !text.is_empty());
    let near = near.or_else(|| near_verb(&context(ContextKind::InvalidSubcommand)));
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let verb = context(ContextKind::InvalidSubcommand);
            terminal.warn("cli.unknown_verb", &[("verb", &verb)]);
        }
        ErrorKind::UnknownArgument => {
            terminal.warn("cli.unknown_argument", &[("argument", &argument)]);
        }
        ErrorKind::MissingRequiredArgument => {
            terminal.warn("cli.missing_argument", &[("argument", &argument)]);
        }
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            let values = [("argument", argument.as_str()), ("other", &other)];
            terminal.warn("cli.conflict", &values);
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            terminal.warn("cli.no_value", &[("argument", &argument)]);
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let known = context(ContextKind::ValidValue);
            terminal.warn(
                "cli.wrong_value",
                &[
                    ("argument", &argument),
                    ("value", &value),
                    ("known", &known),
                ],
            );
        }
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            terminal.warn(
                "cli.failed",
                &[("error", first.trim_start_matches("error: "))],
            );
        }
    }
    if let Some(near) = near {
        terminal.warn("check.did_you_mean", &[("near", &near)]);
    }
    terminal.warn("cli.see_help", &[]);
}

#[cfg(test)]
mod tests {
    use super::{Cli, command, near_verb};
    use crate::lang::Lang;
    use clap::CommandFactory as _;

    fn walk(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
        if path != "wecom_agent" && command.get_after_help().is_none() && !command.has_subcommands()
        {
            missing.push(format!("help.{path}_example"));
        }
        if command.get_about().is_none() {
            missing.push(format!("help.{path}"));
        }
        for argument in command.get_arguments() {
            if argument.get_help().is_none() {
                missing.push(format!("help.{path}_{}", argument.get_id()));
            }
        }
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            let below = if path == "wecom_agent" {
                name.to_owned()
            } else {
                format!("{path}_{name}")
            };
            walk(sub, &below, missing);
        }
    }

    #[test]
    fn a_mistyped_verb_is_found_wherever_it_stands() {
        let near = |wrong: &str| near_verb(wrong).expect("one is near");
        assert_eq!(near("chek"), "check");
        assert_eq!(near("aprove"), "sop approve");
        assert_eq!(near_verb("xyzzyxy"), None);
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
        command(Lang::Zh).debug_assert();
    }

    /// Help that clap takes from doc comments would be English for everybody.
    #[test]
    fn every_verb_and_option_has_a_text_and_every_verb_an_example() {
        for lang in [Lang::Zh, Lang::En] {
            let mut missing = Vec::new();
            walk(&command(lang), "wecom_agent", &mut missing);
            assert!(missing.is_empty(), "{missing:?}");
        }
    }
}
