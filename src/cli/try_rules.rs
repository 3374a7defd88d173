//! `try`: what would happen to one message, and why. Sends nothing.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::ValueEnum;

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment, words};
use crate::app::load_playbook;
use crate::config::Config;
use crate::domain::clock::{Clock as _, SystemClock, UnixMillis};
use crate::domain::contact::{Contact, Follower, TagMark};
use crate::domain::ids::{AppName, ConversationKey, Person, RecordId, Tag};
use crate::domain::inbound::{AibotPassive, Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::process::decide::decide;
use crate::process::playbook::Playbook;
use crate::rules::{Standing, explain};
use crate::store::{ClaimedRecord, DecisionCommit};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(
        value_name = "TEXT",
        required_unless_present = "event",
        conflicts_with = "event"
    )]
    text: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
    #[arg(
        long,
        value_enum,
        default_value = "kf",
        default_value_if("event", "added", "contact")
    )]
    channel: ChannelArg,
    #[arg(long, value_enum)]
    event: Option<EventArg>,
    #[arg(long, value_name = "STATE", requires = "event")]
    source: Option<String>,
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
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

/// How somebody arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventArg {
    Added,
    Entered,
}

impl Args {
    fn who(&self) -> &str {
        self.from.as_deref().unwrap_or("张三")
    }

    fn said(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    fn trigger(&self) -> Trigger {
        // Codes that nothing accepts: `try` sends nothing, but a welcome needs one.
        let welcome_code = Some("try".to_owned());
        match self.event {
            None => Trigger::Message(Message::text(self.said())),
            Some(EventArg::Added) => Trigger::Added {
                userid: "try".into(),
                source: self.source.clone(),
                welcome_code,
            },
            Some(EventArg::Entered) => Trigger::Entered {
                scene: self.source.clone(),
                welcome_code,
            },
        }
    }
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    // Nothing is sent, so the secrets need not be there.
    let outlined = Config::outline(&args.config.config, &environment);
    let usable = outlined.lacks_values_only();
    let Some(config) = outlined.config.filter(|_| usable) else {
        terminal.report(&outlined.report);
        return Ok(Ended::CouldNotRun);
    };
    let (playbook, report) = load_playbook(&config);
    let Some(playbook) = playbook else {
        terminal.report(&report);
        return Ok(Ended::CouldNotRun);
    };
    let now = match &args.at {
        Some(text) => moment(text, &config.timezone)
            .with_context(|| terminal.lang.text("try.bad_time", &[("value", text)]))?,
        None => SystemClock.now(),
    };
    let (inbound, contact) = imagine(args, now);
    show(&config, &playbook, inbound, &contact, now, args, terminal)
}

fn show(
    config: &Config,
    playbook: &Playbook,
    inbound: Inbound,
    contact: &Contact,
    now: UnixMillis,
    args: &Args,
    terminal: &Terminal,
) -> anyhow::Result<Ended> {
    let standing = Standing::default();
    let why = explain(
        &playbook.rules,
        &inbound,
        contact,
        &standing,
        now,
        &config.timezone,
    );
    let record = ClaimedRecord {
        id: RecordId(0),
        fence: 0,
        attempt: 1,
        received_at: now,
        inbound,
    };
    let outcome = decide(config, playbook, &record, Some(contact), &standing, now);
    if args.format == Format::Json {
        terminal.json(&serde_json::json!({
            "at": now.timestamp().to_zoned(config.timezone.clone()).to_string(),
            "trace": why.trace,
            "tags": changes(&outcome),
            "effects": outcome.effects.iter().map(|new| &new.effect).collect::<Vec<_>>(),
            "steps": outcome.trace.as_ref().and_then(|trace| trace.get("steps")),
        }))?;
        return Ok(Ended::Good);
    }
    let at = now.timestamp().to_zoned(config.timezone.clone());
    let weekdays = terminal.lang.text("cli.weekdays", &[]);
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
    let day = weekdays.split(' ').nth(day).unwrap_or_default();
    let at = format!("{} {day}", at.strftime("%Y-%m-%d %H:%M"));
    let heading = match args.event {
        None => "try.heading",
        Some(EventArg::Added) => "try.heading_added",
        Some(EventArg::Entered) => "try.heading_entered",
    };
    let values = [("who", args.who()), ("text", args.said()), ("at", &at)];
    terminal.say(heading, &values);
    terminal.line(why.trace.human(terminal.lang, args.said()));
    summary(&outcome, terminal);
    Ok(Ended::Good)
}

fn summary(outcome: &DecisionCommit, terminal: &Terminal) {
    let tags = changes(outcome);
    if outcome.effects.is_empty() && tags.is_empty() {
        terminal.say("try.nothing", &[]);
    }
    for tag in tags {
        terminal.say("try.tag", &[("tag", &tag)]);
    }
    for new in &outcome.effects {
        let what = words::effect(&new.effect, terminal.lang);
        let content = words::content(&new.effect);
        terminal.say("try.effect", &[("what", &what), ("content", &content)]);
    }
    let steps = outcome
        .trace
        .as_ref()
        .and_then(|trace| trace.get("steps")?.as_array());
    for step in steps.into_iter().flatten() {
        if let Some(problem) = step.get("problem").and_then(serde_json::Value::as_str) {
            let key = step
                .get("key")
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default();
            let problem = terminal.reason(problem);
            terminal.say("try.problem", &[("action", key), ("problem", &problem)]);
        }
    }
}

fn changes(outcome: &DecisionCommit) -> Vec<String> {
    let Some(change) = &outcome.contact else {
        return Vec::new();
    };
    let added = change
        .add_tags
        .iter()
        .map(|grant| format!("+{}", grant.tag));
    added
        .chain(change.remove_tags.iter().map(|tag| format!("-{tag}")))
        .collect()
}

/// The message and the person that the options describe.
fn imagine(args: &Args, now: UnixMillis) -> (Inbound, Contact) {
    let name = args.who().to_owned();
    let member = || Person::Member(name.as_str().into());
    let customer = || Person::External(name.as_str().into());
    let (channel, person, reply_path) = match args.channel {
        ChannelArg::Kf => {
            let path = ReplyPath::Kf {
                open_kfid: "wk-try".into(),
                external_userid: name.as_str().into(),
            };
            (Channel::Kf, customer(), path)
        }
        ChannelArg::App => (
            Channel::App,
            member(),
            ReplyPath::App {
                userid: name.as_str().into(),
            },
        ),
        ChannelArg::Aibot => {
            let path = ReplyPath::Aibot {
                response_url: None,
                passive: AibotPassive::Message,
            };
            (Channel::Aibot, member(), path)
        }
        ChannelArg::Contact => (Channel::Contact, customer(), ReplyPath::None),
    };
    let mut contact = Contact::unknown(person.clone());
    contact.name = Some(name.clone());
    contact.added_at = Some(now);
    // Somebody's contact, as most customers are: tags and notices have an end then.
    contact.followers = vec![Follower {
        userid: "try".into(),
        remark: None,
        added_at: Some(now),
        source: None,
    }];
    contact.tags = args
        .tag
        .iter()
        .map(|tag| (Tag(tag.clone()), TagMark::told(now)))
        .collect::<BTreeMap<_, _>>();
    let inbound = Inbound {
        channel,
        app: AppName::from("try"),
        at: now,
        person: Some(person),
        author: match args.event {
            None => Author::Person,
            Some(_) => Author::System,
        },
        conversation: ConversationKey(format!("try/{name}")),
        trigger: args.trigger(),
        reply_path,
    };
    (inbound, contact)
}

/// `2026-11-23 20:30`, `20:30` (today) or a full timestamp.
fn moment(text: &str, zone: &jiff::tz::TimeZone) -> anyhow::Result<UnixMillis> {
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
    use super::moment;
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
}
