//! `try`: what would happen to one message, and why. Sends nothing.

use anyhow::Context as _;
use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment, outcome as lines};
use crate::app::read_playbook;
use crate::config::Config;
use crate::domain::clock::{Clock as _, SystemClock, UnixMillis};
use crate::domain::ids::{RuleId, Tag};
use crate::domain::inbound::{Channel, Message};
use crate::rules::{Decision, Glance};
use crate::simulate::{Doing, Happened, Told, Trait, What, World};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(
        value_name = "TEXT",
        required_unless_present_any = ["event", "press", "kind"],
        conflicts_with_all = ["event", "press"]
    )]
    text: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_enum)]
    channel: Option<ChannelArg>,
    #[arg(long, value_enum, conflicts_with = "press")]
    event: Option<EventArg>,
    #[arg(long, value_name = "KEY")]
    press: Option<String>,
    #[arg(long = "type", id = "kind", value_name = "TYPE", conflicts_with_all = ["event", "press"])]
    kind: Option<String>,
    #[arg(long, value_name = "STATE")]
    source: Option<String>,
    #[arg(long, value_name = "NAME", default_value = "张三")]
    from: String,
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    attr: Vec<(String, String)>,
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    points: Option<i64>,
    #[arg(long, value_name = "DAYS")]
    added_days: Option<u32>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long)]
    all: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChannelArg {
    Kf,
    App,
    Aibot,
    Contact,
}

/// What happens when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventArg {
    Added,
    Deleted,
    Entered,
    Joined,
    Left,
}

impl Args {
    fn what(&self) -> What {
        let source = self.source.clone();
        match (self.event, &self.press) {
            (Some(EventArg::Added), _) => What::Added { source },
            (Some(EventArg::Deleted), _) => What::Deleted,
            (Some(EventArg::Entered), _) => What::Entered { source },
            (Some(EventArg::Joined), _) => What::Joined,
            (Some(EventArg::Left), _) => What::Left,
            (None, Some(key)) => What::Press(key.clone()),
            (None, None) => What::Say(Message {
                kind: self.kind.clone().unwrap_or_else(|| "text".to_owned()),
                ..Message::text(self.text.clone().unwrap_or_default())
            }),
        }
    }

    fn doing(&self) -> Doing {
        let what = self.what();
        let channel = match self.channel {
            None => what.usual_channel(),
            Some(ChannelArg::Kf) => Channel::Kf,
            Some(ChannelArg::App) => Channel::App,
            Some(ChannelArg::Aibot) => Channel::Aibot,
            Some(ChannelArg::Contact) => Channel::Contact,
        };
        Doing {
            who: self.from.clone(),
            channel,
            what,
        }
    }

    fn somebody(&self) -> Trait {
        // Somebody's contact, as most customers are, unless this is how they become one.
        let known = self.event != Some(EventArg::Added);
        Trait {
            tags: self.tag.iter().map(|tag| Tag(tag.clone())).collect(),
            added_days: self.added_days.or(known.then_some(0)),
            source: self.source.clone().filter(|_| known),
            points: self.points.unwrap_or_default(),
            staff: Vec::new(),
            attributes: self.attr.iter().cloned().collect(),
        }
    }
}

/// `名字=值`.
fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    // Nothing is sent, so the secrets need not be there.
    let outlined = Config::outline(&args.config.config, &environment);
    let usable = outlined.lacks_values_only();
    let Some(config) = outlined.config.filter(|_| usable) else {
        terminal.report(&outlined.report);
        return Ok(Ended::CouldNotRun);
    };
    let (playbook, report) = read_playbook(&config);
    let Some(playbook) = playbook else {
        terminal.report(&report);
        return Ok(Ended::CouldNotRun);
    };
    let now = match &args.at {
        Some(text) => moment(text, &config.timezone)
            .with_context(|| terminal.lang.text("try.bad_time", &[("value", text)]))?,
        None => SystemClock.now(),
    };
    let doing = args.doing();
    let mut world = World::new(&config, &playbook, now);
    let happened = world.act(&doing, &args.somebody());
    let why = world.explain(&happened);
    if args.format == Format::Json {
        json(&happened, &why, &config.timezone, terminal)?;
    } else {
        let told = Told::of(&world, &happened, &why.trace, &[]);
        people(
            args,
            &doing,
            &happened,
            &why,
            &told,
            &config.timezone,
            terminal,
        );
    }
    Ok(Ended::Good)
}

fn json(
    happened: &Happened,
    why: &Decision,
    zone: &TimeZone,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let commit = &happened.commit;
    terminal.json(&serde_json::json!({
        "at": happened.at.timestamp().to_zoned(zone.clone()).to_string(),
        "trace": why.trace,
        "tags": happened.tags(),
        "effects": happened.effects().collect::<Vec<_>>(),
        "steps": commit.trace.as_ref().and_then(|trace| trace.get("steps")),
    }))
}

fn people(
    args: &Args,
    doing: &Doing,
    happened: &Happened,
    why: &Decision,
    told: &Told,
    zone: &TimeZone,
    terminal: &Terminal,
) {
    let lang = terminal.lang;
    let marked = told.glance.as_ref().map(Glance::marked).unwrap_or_default();
    let mut shown = doing.clone();
    if let What::Say(message) = &mut shown.what {
        message.text = marked;
    }
    let what = lines::doing_text(&shown, lang);
    let at = clock(happened.at, zone, terminal);
    let channel = lang.text(&format!("channel.{}", doing.channel.as_str()), &[]);
    let values = [("what", what.as_str()), ("at", &at), ("channel", &channel)];
    terminal.say("try.heading", &values);
    verdict(happened, told, terminal);
    if args.all {
        terminal.say("try.why", &[]);
        terminal.line(why.trace.human(lang, happened.text()).trim_end());
    } else if let Some(glance) = &told.glance {
        terminal.say("try.why", &[]);
        terminal.line(glance.human(lang).trim_end());
        terminal.say("try.more", &[]);
    }
}

/// What fires and what would be tagged and sent, before the reasons.
fn verdict(happened: &Happened, told: &Told, terminal: &Terminal) {
    let rules: Vec<&str> = happened.fired().iter().map(RuleId::as_str).collect();
    match rules.as_slice() {
        [] => terminal.say("try.no_rule", &[]),
        rules => terminal.say("try.fires", &[("rules", &rules.join(", "))]),
    }
    let lines = lines::results(told, *terminal);
    if lines.is_empty() && !rules.is_empty() {
        terminal.say("try.nothing", &[]);
    }
    for line in lines {
        terminal.line(format!("  → {line}"));
    }
}

fn clock(at: UnixMillis, zone: &TimeZone, terminal: &Terminal) -> String {
    let at = at.timestamp().to_zoned(zone.clone());
    let weekdays = terminal.lang.text("cli.weekdays", &[]);
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
    let day = weekdays.split(' ').nth(day).unwrap_or_default();
    format!("{} {day}", at.strftime("%Y-%m-%d %H:%M"))
}

/// `2026-11-23 20:30`, `20:30` (today) or a full timestamp.
fn moment(text: &str, zone: &TimeZone) -> anyhow::Result<UnixMillis> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let today = SystemClock.now().timestamp().to_zoned(zone.clone()).date();
    let local = match text.parse::<jiff::civil::DateTime>() {
        Ok(local) => local,
        Err(_) => today.to_datetime(text.parse()?),
    };
    Ok(UnixMillis(
        local.to_zoned(zone.clone())?.timestamp().as_millisecond(),
    ))
}

#[cfg(test)]
mod tests {
    use super::{attribute, moment};
    use jiff::tz::TimeZone;

    #[test]
    fn times_are_read_in_the_companys_zone() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let at = moment("2026-11-23 20:30", &zone).expect("local time");
        assert_eq!(at.timestamp().to_string(), "2026-11-23T12:30:00Z");
        let same = moment("2026-11-23T12:30:00Z", &zone).expect("timestamp");
        assert_eq!(same, at);
        assert!(moment("20:30", &zone).is_ok());
        assert!(moment("下午", &zone).is_err());
    }

    #[test]
    fn attributes_are_names_with_values() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(attribute("等级=金卡"), pair("等级", "金卡"));
        assert_eq!(attribute("口味 = a=b"), pair("口味", "a=b"));
        assert!(attribute("金卡").is_err());
    }
}
