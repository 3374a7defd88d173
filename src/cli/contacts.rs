//! `contacts`: who the customers are, and what other systems know of them.

mod import;
mod one;

use anyhow::bail;
use clap::Subcommand;

pub(super) use self::import::{Args as ImportArgs, run as take_in};
pub(super) use self::one::{Customer, customer};

use super::access::{Access, local};
use super::doctor::days::not_days;
use super::lists::{List, ListFormat};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, since};
use crate::app::{ContactQuery, Reply, Request, load_playbook};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::criteria::{Compare, ContactTest, Op};
use crate::domain::ids::{Person, Tag, UserId};
use crate::lang::Lang;

/// Widths of the columns of a table.
const WIDTHS: [usize; 5] = [32, 16, 20, 24, 16];
/// So many are asked for at once.
pub(super) const PAGE: usize = 500;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: ContactsVerb,
}

#[derive(Debug, Subcommand)]
enum ContactsVerb {
    List(ListArgs),
    Show(ShowArgs),
    Import(import::Args),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long)]
    tag: Vec<String>,
    #[arg(long, value_name = "PATTERN")]
    source: Vec<String>,
    #[arg(long, value_name = "USERID")]
    follower: Vec<String>,
    #[arg(long, value_name = "NAME>=VALUE")]
    attribute: Vec<String>,
    #[arg(long, value_name = "PATTERN")]
    name: Vec<String>,
    #[arg(long, value_name = "WHEN")]
    added_since: Option<String>,
    #[arg(long)]
    lost: bool,
    #[arg(long)]
    limit: Option<usize>,
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub(super) config: ConfigArg,
    #[arg(value_name = "ID|NAME")]
    pub(super) who: String,
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        ContactsVerb::List(args) => list(args, terminal).await,
        ContactsVerb::Show(args) => show(args, terminal).await,
        ContactsVerb::Import(args) => import::run(args, terminal).await,
    }
}

async fn list(args: ListArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let query = query(&args, &access, terminal).await?;
    let zone = &access.config.timezone;
    let mut list = List::begin(args.format, "contacts.head", &WIDTHS, terminal);
    each(&access, query, args.limit, |contact| {
        list.row(&cells(contact, zone), contact)
    })
    .await?;
    told(list, args.format, terminal);
    Ok(Ended::Good)
}

/// Says so if a table for people has no rows.
pub(super) fn told(list: List<'_>, format: ListFormat, terminal: &Terminal) {
    if list.end() == 0 && format == ListFormat::Table {
        terminal.warn("contacts.none", &[]);
    }
}

async fn query(
    args: &ListArgs,
    access: &Access,
    terminal: &Terminal,
) -> anyhow::Result<ContactQuery> {
    let tags = args.tag.iter().map(|tag| Tag(tag.clone()));
    let mut tests: Vec<ContactTest> = tags.map(ContactTest::HasTag).collect();
    if !args.source.is_empty() {
        tests.push(ContactTest::Source(args.source.clone()));
    }
    for text in &args.attribute {
        let bad = || {
            anyhow::anyhow!(
                terminal
                    .lang
                    .text("contacts.bad_attribute", &[("value", text)])
            )
        };
        tests.push(attribute(text).ok_or_else(bad)?);
    }
    Ok(ContactQuery {
        tests,
        names: args.name.clone(),
        of: args.follower.iter().cloned().map(UserId).collect(),
        added_since: moment(args.added_since.as_deref(), access, terminal).await?,
        gone: args.lost,
        ..ContactQuery::default()
    })
}

/// `7d` ago or a date.
pub(super) async fn moment(
    text: Option<&str>,
    access: &Access,
    terminal: &Terminal,
) -> anyhow::Result<Option<UnixMillis>> {
    let Some(text) = text else { return Ok(None) };
    let now = access.now().await?;
    since::past(text, now, &access.config.timezone, terminal).map(Some)
}

/// `等级>=3`, `城市=上海`, `备注 contains 茶`.
fn attribute(text: &str) -> Option<ContactTest> {
    let signs = Op::ALL.into_iter();
    let found = signs.filter_map(|(op, sign)| Some((text.find(sign)?, op, sign)));
    let (at, op, sign) = found.min_by_key(|(at, _, sign)| (*at, usize::MAX - sign.len()))?;
    let (name, value) = (text[..at].trim(), text[at + sign.len()..].trim());
    let number = value.parse::<f64>().is_ok_and(f64::is_finite);
    if name.is_empty() || value.is_empty() || (op.is_numeric() && !number) {
        return None;
    }
    let value = value.to_owned();
    Some(ContactTest::Attribute(
        name.to_owned(),
        vec![Compare { op, value }],
    ))
}

/// Every contact that fits, page by page.
pub(super) async fn each(
    access: &Access,
    mut query: ContactQuery,
    limit: Option<usize>,
    mut with: impl FnMut(&Contact) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut left = limit.unwrap_or(usize::MAX);
    while left > 0 {
        query.limit = left.min(PAGE);
        let Reply::ContactPage(page) = access.ask(Request::Contacts(query.clone())).await? else {
            bail!("unexpected answer");
        };
        left -= page.found.len().min(left);
        page.found.iter().try_for_each(&mut with)?;
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(())
}

fn cells(contact: &Contact, zone: &jiff::tz::TimeZone) -> Vec<String> {
    let followers = contact.followers.iter();
    let followers: Vec<&str> = followers.map(|one| one.userid.as_str()).collect();
    let tags: Vec<&str> = contact.tags.keys().map(|tag| tag.0.as_str()).collect();
    let attributes = contact.attributes.iter();
    let attributes: Vec<String> = attributes
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    vec![
        contact.person.id().to_owned(),
        contact.name.clone().unwrap_or_default(),
        followers.join(";"),
        tags.join(";"),
        contact.source.clone().unwrap_or_default(),
        when(contact.added_at, zone),
        when(contact.lost_at, zone),
        when(contact.last_inbound_at, zone),
        attributes.join(";"),
    ]
}

/// A time, or nothing.
pub(super) fn when(at: Option<UnixMillis>, zone: &jiff::tz::TimeZone) -> String {
    at.map(|at| local(at, zone)).unwrap_or_default()
}

/// The one contact or group of this id or name; says what is wrong if it is not one.
pub(super) async fn find(
    access: &Access,
    who: &str,
    wanted: fn(&Person) -> bool,
    terminal: &Terminal,
) -> anyhow::Result<Option<Contact>> {
    let Reply::Contacts(mut found) = access.ask(Request::Find(who.to_owned())).await? else {
        bail!("unexpected answer");
    };
    found.retain(|contact| wanted(&contact.person));
    if found.is_empty() {
        terminal.warn("contacts.unknown", &[("who", who)]);
    }
    Ok(only(found, who, terminal))
}

/// The only one there is; lists them if there are several.
fn only(mut found: Vec<Contact>, who: &str, terminal: &Terminal) -> Option<Contact> {
    if found.len() > 1 {
        terminal.warn("trace.several", &[("what", who)]);
        for contact in &found {
            let name = contact.name.as_deref().unwrap_or_default();
            terminal.line(format!("  {name} ({})", contact.person.id()));
        }
        return None;
    }
    found.pop()
}

async fn show(args: ShowArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let wanted = |person: &Person| matches!(person, Person::External(_));
    let Some(contact) = find(&access, &args.who, wanted, terminal).await? else {
        return Ok(Ended::FoundWrong);
    };
    let mut groups = Vec::new();
    let within = ContactQuery {
        groups: true,
        member: Some(contact.person.id().to_owned()),
        ..ContactQuery::default()
    };
    each(&access, within, None, |group| {
        groups.push(group.clone());
        Ok(())
    })
    .await?;
    let (playbook, _) = load_playbook(&access.config);
    let days = playbook.as_ref().map(|it| it.rules.anniversaries());
    let odd: Vec<&str> = not_days(&contact, days.unwrap_or_default()).collect();
    if args.format == Format::Json {
        let known = serde_json::json!({ "contact": contact, "groups": groups, "not_days": odd });
        terminal.json(&known)?;
    } else {
        tell((&contact, &odd), &groups, &access.config.timezone, terminal);
    }
    Ok(Ended::Good)
}

fn tell(
    (contact, odd): (&Contact, &[&str]),
    groups: &[Contact],
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) {
    let name = contact.name.as_deref().unwrap_or("-");
    terminal.line(format!("{name}  {}", contact.person.id()));
    let line = |key: &str, text: &str| {
        if !text.is_empty() {
            terminal.say(key, &[("text", text)]);
        }
    };
    line(
        "contacts.source",
        contact.source.as_deref().unwrap_or_default(),
    );
    line("contacts.added", &when(contact.added_at, zone));
    line("contacts.lost", &when(contact.lost_at, zone));
    line("contacts.wrote", &when(contact.last_inbound_at, zone));
    line("contacts.synced", &when(contact.synced_at, zone));
    for one in &contact.followers {
        line(
            "contacts.follower",
            &follower(one, contact, terminal.lang, zone),
        );
    }
    for (tag, mark) in &contact.tags {
        let rule = mark.rule.as_ref().map_or("WeCom", |rule| rule.as_str());
        line(
            "contacts.tag",
            &format!("{tag}  {}  {rule}", local(mark.at, zone)),
        );
    }
    for (name, value) in &contact.attributes {
        let mut text = format!("{name} = {value}");
        if odd.contains(&name.as_str()) {
            let why = terminal.lang.text("contacts.not_a_day", &[("name", name)]);
            text = format!("{text}  ! {why}");
        }
        line("contacts.attribute", &text);
    }
    for (sop, enrolment) in &contact.sops {
        let step = enrolment.step + 1;
        let state = if enrolment.is_running() { "…" } else { "✓" };
        line("contacts.sop", &format!("{sop}  {step}  {state}"));
    }
    for group in groups {
        let name = group.name.as_deref().unwrap_or_default();
        line("contacts.group", &format!("{name}  {}", group.person.id()));
    }
}

/// A member with whom they are, as WeCom told it last; what we have taken away since is marked.
fn follower(one: &Follower, contact: &Contact, lang: Lang, zone: &jiff::tz::TimeZone) -> String {
    let tags = one.tags.iter().flatten();
    let held = |tag: &Tag| contact.tags.keys().any(|one| one.parts() == tag.parts());
    let tags = tags.map(|tag| match held(tag) {
        true => tag.0.clone(),
        false => lang.text("contacts.tag_gone", &[("tag", &tag.0)]),
    });
    let tags: Vec<String> = tags.collect();
    let parts = [
        one.userid.0.clone(),
        one.remark.clone().unwrap_or_default(),
        when(one.added_at, zone),
        one.source.clone().unwrap_or_default(),
        one.add_way
            .map(|way| add_way(way, lang))
            .unwrap_or_default(),
        tags.join(" "),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("  ")
}

/// How they came to know each other; by number where this version has no word for it.
fn add_way(way: i64, lang: Lang) -> String {
    let key = format!("contacts.add_way_{way}");
    match lang.text(&key, &[]) {
        text if text == key => format!("add_way {way}"),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, follower};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::{Contact, Follower, TagMark};
    use crate::domain::criteria::{ContactTest, Op};
    use crate::domain::ids::Person;
    use crate::lang::Lang;

    #[test]
    fn a_tag_that_we_took_away_is_not_shown_as_theirs() {
        let mut contact = Contact::unknown(Person::External("wm1".into()));
        let mark = TagMark::told(UnixMillis(0));
        contact.tags.insert("客户/老客".into(), mark);
        let one = Follower {
            add_way: Some(1),
            tags: Some(vec!["客户/老客".into(), "意向/高".into()]),
            ..Follower::of("lin.mei".into())
        };
        let told = |one: &Follower| follower(one, &contact, Lang::Zh, &jiff::tz::TimeZone::UTC);
        let shown = "lin.mei  扫二维码  客户/老客 意向/高（已去掉，等企业微信更新）";
        assert_eq!(told(&one), shown);
        let new = Follower {
            add_way: Some(77),
            ..Follower::of("lin.mei".into())
        };
        assert_eq!(told(&new), "lin.mei  add_way 77");
    }

    fn read(text: &str) -> Option<(String, Op, String)> {
        let ContactTest::Attribute(name, compares) = attribute(text)? else {
            return None;
        };
        let compare = compares.first()?.clone();
        Some((name, compare.op, compare.value))
    }

    #[test]
    fn attributes_are_compared_as_they_are_written() {
        let owned = |name: &str, op, value: &str| Some((name.to_owned(), op, value.to_owned()));
        assert_eq!(read("等级>=3"), owned("等级", Op::AtLeast, "3"));
        assert_eq!(read("城市 = 上海"), owned("城市", Op::Equal, "上海"));
        assert_eq!(read("城市!=上海"), owned("城市", Op::NotEqual, "上海"));
        assert_eq!(read("备注 contains 茶"), owned("备注", Op::Contains, "茶"));
        assert_eq!(read("等级>很多"), None);
        assert_eq!(read("等级"), None);
        assert_eq!(read("=3"), None);
    }
}
