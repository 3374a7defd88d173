//! `try`: what would happen to one message, and why. Sends nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::access::Access;
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment, outcome as lines, trace};
use crate::app::{Reply, Request, read_playbook};
use crate::config::Config;
use crate::domain::clock::{Clock as _, SystemClock, UnixMillis};
use crate::domain::contact::{Contact, TagMark, Value};
use crate::domain::ids::{Person, RuleId, Tag};
use crate::domain::inbound::{Channel, Message};
use crate::rules::{Decision, Glance};
use crate::simulate::{Doing, Happened, Told, Trait, What, World};

const DAY: Duration = Duration::from_secs(86_400);

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
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    contact: Option<String>,
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

    fn doing(&self, known: Option<&Contact>) -> Doing {
        let what = self.what();
        let member = known.is_some_and(|known| matches!(known.person, Person::Member(_)));
        let channel = match self.channel {
            None if member => Channel::App,
            None => what.usual_channel(),
            Some(ChannelArg::Kf) => Channel::Kf,
            Some(ChannelArg::App) => Channel::App,
            Some(ChannelArg::Aibot) => Channel::Aibot,
            Some(ChannelArg::Contact) => Channel::Contact,
        };
        Doing {
            who: known.map_or_else(|| self.from.clone(), |known| known.person.id().to_owned()),
            group: known.is_some_and(|known| matches!(known.person, Person::Group(_))),
            channel,
            what,
        }
    }

    fn somebody(&self) -> Trait {
        // Somebody's contact, as most customers are, unless this is how they become one.
        let known = self.event != Some(EventArg::Added);
        Trait {
            group: false,
            tags: self.tag.iter().map(|tag| Tag(tag.clone())).collect(),
            added_days: self.added_days.or(known.then_some(0)),
            source: self.source.clone().filter(|_| known),
            points: self.points.unwrap_or_default(),
            staff: Vec::new(),
            attributes: self.attr.iter().cloned().collect(),
        }
    }
}

impl Args {
    /// Somebody who is known, with what is to be assumed of them.
    fn supposed(&self, known: &Contact, doing: &Doing, now: UnixMillis) -> Contact {
        let mut contact = known.clone();
        contact.person = doing.person();
        let tags = self.tag.iter().map(|tag| Tag(tag.clone()));
        contact
            .tags
            .extend(tags.map(|tag| (tag, TagMark::told(now))));
        let values = self.attr.iter().cloned();
        let values = values.map(|(name, value)| (name, Value::Text(value)));
        contact.attributes.extend(values);
        contact.points = self.points.unwrap_or(contact.points);
        if let Some(days) = self.added_days {
            contact.added_at = Some(now.before(DAY * days));
        }
        if self.source.is_some() {
            contact.source.clone_from(&self.source);
        }
        contact
    }
}

/// `名字=值`.
fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Somebody from the data of the bot, and what rules with a daily limit have used on a day.
async fn known(
    access: &Access,
    what: &str,
    now: UnixMillis,
    terminal: &Terminal,
) -> anyhow::Result<Option<(Contact, BTreeMap<RuleId, u32>)>> {
    let Some(contact) = trace::find(access, what, terminal).await? else {
        return Ok(None);
    };
    let zone = access.config.timezone.clone();
    let day = now.timestamp().to_zoned(zone).date();
    match access.ask(Request::RuleUses(day)).await? {
        Reply::Uses(uses) => Ok(Some((contact, uses))),
        _ => bail!("unexpected answer"),
    }
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let args = &args;
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
    // Whose data is asked for says what time it is.
    let access = match &args.contact {
        Some(_) => Some(Access::open(&args.config, terminal).await?),
        None => None,
    };
    let clock = match &access {
        Some(access) => access.now().await?,
        None => SystemClock.now(),
    };
    let now = match &args.at {
        Some(text) => moment(text, clock, &config.timezone)
            .map_err(|_| anyhow!(terminal.lang.text("try.bad_time", &[("value", text)])))?,
        None => clock,
    };
    let real = match args.contact.as_ref().zip(access.as_ref()) {
        Some((what, access)) => match known(access, what, now, terminal).await? {
            Some(known) => Some(known),
            None => return Ok(Ended::FoundWrong),
        },
        None => None,
    };
    let doing = args.doing(real.as_ref().map(|(contact, _)| contact));
    let mut world = World::new(&config, &playbook, now);
    let mut shown = doing.clone();
    if let Some((contact, uses)) = real {
        shown.who = contact.name.clone().unwrap_or(shown.who);
        world.know(args.supposed(&contact, &doing, now));
        world.have_used(uses);
    }
    let happened = world.act(&doing, &args.somebody());
    let why = world.explain(&happened);
    let told = Told::of(&world, &happened, &why.trace, &[]);
    if args.format == Format::Json {
        json(&happened, &why, &told, &config.timezone, terminal)?;
    } else {
        people(
            args,
            shown,
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
    told: &Told,
    zone: &TimeZone,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let commit = &happened.commit;
    terminal.json(&serde_json::json!({
        "at": happened.at.timestamp().to_zoned(zone.clone()).to_string(),
        "trace": why.trace,
        "tags": told.tags,
        "set": told.set.iter().cloned().collect::<BTreeMap<_, _>>(),
        "points": told.points,
        "sops": told.sops,
        "reminders": told.reminders,
        "effects": happened.effects().collect::<Vec<_>>(),
        "steps": commit.trace.as_ref().and_then(|trace| trace.get("steps")),
    }))
}

fn people(
    args: &Args,
    mut shown: Doing,
    happened: &Happened,
    why: &Decision,
    told: &Told,
    zone: &TimeZone,
    terminal: &Terminal,
) {
    let lang = terminal.lang;
    let marked = told.glance.as_ref().map(Glance::marked).unwrap_or_default();
    if let What::Say(message) = &mut shown.what {
        message.text = marked;
    }
    let what = lines::doing_text(&shown, lang);
    let at = clock(happened.at, zone, terminal);
    let channel = lang.text(&format!("channel.{}", shown.channel.as_str()), &[]);
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
fn moment(text: &str, now: UnixMillis, zone: &TimeZone) -> anyhow::Result<UnixMillis> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(UnixMillis(timestamp.as_millisecond()));
    }
    let today = now.timestamp().to_zoned(zone.clone()).date();
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
    use crate::domain::clock::UnixMillis;
    use jiff::tz::TimeZone;

    #[test]
    fn times_are_read_in_the_companys_zone() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let now = UnixMillis(0);
        let at = moment("2026-11-23 20:30", now, &zone).expect("local time");
        assert_eq!(at.timestamp().to_string(), "2026-11-23T12:30:00Z");
        let same = moment("2026-11-23T12:30:00Z", now, &zone).expect("timestamp");
        assert_eq!(same, at);
        // A time alone is today's.
        let today = moment("20:30", at, &zone).expect("a time");
        assert_eq!(today, at);
        assert!(moment("下午", now, &zone).is_err());
    }

    #[test]
    fn attributes_are_names_with_values() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(attribute("等级=金卡"), pair("等级", "金卡"));
        assert_eq!(attribute("口味 = a=b"), pair("口味", "a=b"));
        assert!(attribute("金卡").is_err());
    }
}
