//! `groups`: customer groups, who owns them and who is in them.

use clap::Subcommand;

use super::access::{Access, local};
use super::contacts::{ShowArgs, each, find, moment, told, when};
use super::lists::{List, ListFormat};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format};
use crate::app::ContactQuery;
use crate::domain::contact::Contact;
use crate::domain::criteria::ContactTest;
use crate::domain::group::Group;
use crate::domain::ids::{Person, Tag, UserId};

/// Widths of the columns of a table.
const WIDTHS: [usize; 6] = [32, 20, 16, 7, 7, 19];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: GroupsVerb,
}

#[derive(Debug, Subcommand)]
enum GroupsVerb {
    List(ListArgs),
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "PATTERN")]
    name: Vec<String>,
    #[arg(long, value_name = "USERID")]
    owner: Vec<String>,
    #[arg(long, value_name = "ID")]
    member: Option<String>,
    #[arg(long)]
    tag: Vec<String>,
    #[arg(long, value_name = "WHEN")]
    added_since: Option<String>,
    #[arg(long)]
    dissolved: bool,
    #[arg(long)]
    limit: Option<usize>,
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        GroupsVerb::List(args) => list(args, terminal).await,
        GroupsVerb::Show(args) => show(args, terminal).await,
    }
}

async fn list(args: ListArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let tags = args.tag.iter().map(|tag| Tag(tag.clone()));
    let query = ContactQuery {
        groups: true,
        tests: tags.map(ContactTest::HasTag).collect(),
        names: args.name,
        of: args.owner.into_iter().map(UserId).collect(),
        member: args.member,
        added_since: moment(args.added_since.as_deref(), &access, terminal).await?,
        gone: args.dissolved,
        ..ContactQuery::default()
    };
    let zone = &access.config.timezone;
    let mut list = List::begin(args.format, "groups.head", &WIDTHS, terminal);
    each(&access, query, args.limit, |group| {
        list.row(&cells(group, zone), group)
    })
    .await?;
    told(list, args.format, terminal);
    Ok(Ended::Good)
}

fn cells(contact: &Contact, zone: &jiff::tz::TimeZone) -> Vec<String> {
    let nothing = Group::default();
    let group = contact.group.as_deref().unwrap_or(&nothing);
    let customers = group.members.iter().filter(|one| one.customer).count();
    vec![
        contact.person.id().to_owned(),
        contact.name.clone().unwrap_or_default(),
        group
            .owner
            .as_ref()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
        group.members.len().to_string(),
        customers.to_string(),
        when(contact.added_at, zone),
        when(group.dissolved_at, zone),
    ]
}

async fn show(args: ShowArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let wanted = |person: &Person| matches!(person, Person::Group(_));
    let Some(contact) = find(&access, &args.who, wanted, terminal).await? else {
        return Ok(Ended::FoundWrong);
    };
    if args.format == Format::Json {
        terminal.json(&contact)?;
    } else {
        tell(&contact, &access.config.timezone, terminal);
    }
    Ok(Ended::Good)
}

fn tell(contact: &Contact, zone: &jiff::tz::TimeZone, terminal: &Terminal) {
    let name = contact.name.as_deref().unwrap_or("-");
    terminal.line(format!("{name}  {}", contact.person.id()));
    let line = |key: &str, text: &str| {
        if !text.is_empty() {
            terminal.say(key, &[("text", text)]);
        }
    };
    line("groups.made", &when(contact.added_at, zone));
    line("contacts.synced", &when(contact.synced_at, zone));
    for (tag, mark) in &contact.tags {
        line("contacts.tag", &format!("{tag}  {}", local(mark.at, zone)));
    }
    let Some(group) = contact.group.as_deref() else {
        return;
    };
    line("groups.dissolved", &when(group.dissolved_at, zone));
    let owner = group.owner.as_ref().map(|id| id.0.as_str());
    line("groups.owner", owner.unwrap_or_default());
    let admins: Vec<&str> = group.admins.iter().map(UserId::as_str).collect();
    line("groups.admins", &admins.join(", "));
    for member in &group.members {
        let joined = when(member.joined_at, zone);
        let source = member.source.as_deref().unwrap_or_default();
        let key = if member.customer {
            "groups.customer"
        } else {
            "groups.member"
        };
        line(key, format!("{}  {joined}  {source}", member.id).trim_end());
    }
}
