//! `erase`: forgets a customer. Shows first what is known of them.

use anyhow::bail;

use super::access::Access;
use super::contacts::{Customer, customer};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, operator};
use crate::app::{Reply, Request};
use crate::domain::ids::Person;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "ID|NAME")]
    who: String,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let contact = match customer(&access, &args.who, terminal).await? {
        Customer::One(contact) => contact,
        Customer::Refused => return Ok(Ended::FoundWrong),
        Customer::Unknown => {
            if args.yes {
                // An erasure that was cut off has left remains in the files: they go now.
                let person = Person::External(args.who.as_str().into());
                access.ask(Request::Erase(person, operator::who())).await?;
            }
            return Ok(Ended::FoundWrong);
        }
    };
    let person = contact.person.clone();
    let id = person.id().to_owned();
    let whom = match &contact.name {
        Some(name) => format!("{name} ({id})"),
        None => id.clone(),
    };
    terminal.warn("erase.whom", &[("who", &whom)]);
    let request = if args.yes {
        Request::Erase(person, operator::who())
    } else {
        Request::Erasure(person)
    };
    let Reply::Erasure(found) = access.ask(request).await? else {
        bail!("unexpected answer");
    };
    if args.format == Format::Json {
        terminal.json(&serde_json::json!({
            "erased": args.yes, "found": found, "customer": id, "name": contact.name,
        }))?;
    } else if found.is_empty() {
        terminal.warn("contacts.unknown", &[("who", &whom)]);
    } else {
        let counts = [
            ("who", whom),
            ("records", found.records.to_string()),
            ("effects", found.effects.to_string()),
            ("timers", found.timers.to_string()),
            ("rows", (found.sop_rows + found.targets).to_string()),
            ("others", (found.counters + found.mentions).to_string()),
        ];
        let counts = counts
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let key = if args.yes {
            "erase.done"
        } else {
            "erase.preview"
        };
        terminal.say(key, &counts);
    }
    Ok(if found.is_empty() {
        Ended::FoundWrong
    } else {
        Ended::Good
    })
}
