//! Seeding: people, tags, accounts, groups, robots, secrets and receivers.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, OneOrMany};
use crate::config::{ReceiverSpec, SecretSpec};
use crate::crypto::Codec;
use crate::server::Shared;
use crate::state::app::Robot;
use crate::state::book::{BookTag, Department, Member, VisibleRange};
use crate::state::customers::Customer;
use crate::state::groups::CustomerGroup;
use crate::state::kf::KfAccount;
use crate::state::links::BotSpec;
use crate::state::media::Media;

type Done = Result<Value, ControlError>;

/// Sets receivers; one of the same name is replaced.
pub(crate) fn receivers(shared: &Arc<Shared>, list: OneOrMany<ReceiverSpec>) -> Done {
    let list = list.into_vec();
    for spec in &list {
        Codec::new(&spec.token, &spec.encoding_aes_key, "")
            .map_err(|error| ControlError::new(format!("receiver {}: {error}", spec.name)))?;
    }
    let mut world = shared.world();
    for spec in list {
        world.receivers.retain(|other| other.name != spec.name);
        world.receivers.push(spec);
    }
    Ok(json!({"receivers": world.receivers.len()}))
}

/// Adds secrets; the same secret is replaced.
pub(crate) fn secrets(shared: &Arc<Shared>, list: OneOrMany<SecretSpec>) -> Done {
    let mut world = shared.world();
    for spec in list.into_vec() {
        world.secrets.retain(|other| other.secret != spec.secret);
        world.secrets.push(spec);
    }
    Ok(json!({"secrets": world.secrets.len()}))
}

/// Sets what apps may see; nothing named means everything.
pub(crate) fn visible(shared: &Arc<Shared>, list: OneOrMany<VisibleRange>) -> Done {
    let mut world = shared.world();
    for range in list.into_vec() {
        if !world.secrets.iter().any(|spec| spec.secret == range.secret) {
            return Err(ControlError::new("there is no such secret"));
        }
        world.book.show(range);
    }
    Ok(json!({"visible": world.book.visible.len()}))
}

/// Adds or replaces members.
pub(crate) fn members(shared: &Arc<Shared>, list: OneOrMany<Member>) -> Done {
    let mut world = shared.world();
    for mut member in list.into_vec() {
        if member.name.is_empty() {
            member.name.clone_from(&member.userid);
        }
        world.book.put(member);
    }
    Ok(json!({"members": world.book.members.len()}))
}

/// Adds or replaces departments.
pub(crate) fn departments(shared: &Arc<Shared>, list: OneOrMany<Department>) -> Done {
    let mut world = shared.world();
    for department in list.into_vec() {
        world.book.departments.insert(department.id, department);
    }
    Ok(json!({"departments": world.book.departments.len()}))
}

/// Adds or replaces customers with their followers, without any callback.
pub(crate) fn contacts(shared: &Arc<Shared>, list: OneOrMany<Customer>) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let mut ids = Vec::new();
    for mut customer in list.into_vec() {
        if customer.external_userid.is_empty() {
            customer.external_userid = world.ids.text("wm", 30);
        }
        for follow in &mut customer.followers {
            if world.book.member(&follow.userid).is_none() {
                return Err(ControlError::new(format!(
                    "there is no member {}",
                    follow.userid
                )));
            }
            if follow.createtime == 0 {
                follow.createtime = now;
            }
        }
        ids.push(customer.external_userid.clone());
        world
            .customers
            .0
            .insert(customer.external_userid.clone(), customer);
    }
    Ok(json!({"external_userid": ids}))
}

/// A tag group by names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagSeed {
    group_name: String,
    tags: Vec<String>,
}

/// Adds tags by group and name; answers their ids.
pub(crate) fn tags(shared: &Arc<Shared>, list: OneOrMany<TagSeed>) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    for seed in list.into_vec() {
        let names: Vec<(String, i64)> = seed.tags.into_iter().map(|name| (name, 0)).collect();
        if names.is_empty() {
            return Err(ControlError::new("a tag group needs tags"));
        }
        world
            .tags
            .add(&seed.group_name, &names, now, &mut world.ids);
    }
    Ok(json!({"tag_group": world.tags.0}))
}

/// Adds or replaces customer-service accounts.
pub(crate) fn kf_accounts(shared: &Arc<Shared>, list: OneOrMany<KfAccount>) -> Done {
    Ok(json!({"open_kfid": put_kf_accounts(shared, list.into_vec())}))
}

pub(crate) fn put_kf_accounts(shared: &Shared, accounts: Vec<KfAccount>) -> Vec<String> {
    let mut guard = shared.world();
    let world = &mut *guard;
    let mut ids = Vec::new();
    for mut account in accounts {
        if account.open_kfid.is_empty() {
            account.open_kfid = world.ids.text("wk", 30);
        }
        ids.push(account.open_kfid.clone());
        world.kf.accounts.insert(account.open_kfid.clone(), account);
    }
    ids
}

/// Adds or replaces customer groups, without any callback.
pub(crate) fn groups(shared: &Arc<Shared>, list: OneOrMany<CustomerGroup>) -> Done {
    Ok(json!({"chat_id": put_groups(shared, list.into_vec())}))
}

pub(crate) fn put_groups(shared: &Shared, groups: Vec<CustomerGroup>) -> Vec<String> {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let mut ids = Vec::new();
    for mut group in groups {
        if group.chat_id.is_empty() {
            group.chat_id = world.ids.text("wr", 30);
        }
        if group.create_time == 0 {
            group.create_time = now;
        }
        for member in &mut group.members {
            if member.join_time == 0 {
                member.join_time = now;
            }
        }
        ids.push(group.chat_id.clone());
        world.groups.0.insert(group.chat_id.clone(), group);
    }
    ids
}

/// Adds or replaces tags of the contact book.
pub(crate) fn book_tags(shared: &Arc<Shared>, list: OneOrMany<BookTag>) -> Done {
    let mut world = shared.world();
    for tag in list.into_vec() {
        world.book.tags.insert(tag.tagid, tag);
    }
    Ok(json!({"tags": world.book.tags.len()}))
}

/// Adds or replaces bots of the long connection.
pub(crate) fn bots(shared: &Arc<Shared>, list: OneOrMany<BotSpec>) -> Done {
    let mut world = shared.world();
    for bot in list.into_vec() {
        world.links.bots.insert(bot.bot_id, bot.secret);
    }
    Ok(json!({"bots": world.links.bots.len()}))
}

/// Adds or replaces group robots.
pub(crate) fn robots(shared: &Arc<Shared>, list: OneOrMany<Robot>) -> Done {
    let mut world = shared.world();
    for robot in list.into_vec() {
        world.app.robots.insert(robot.key.clone(), robot);
    }
    Ok(json!({"robots": world.app.robots.len()}))
}

/// A file that is there without an upload, so that people can send it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaSeed {
    media_id: Option<String>,
    kind: String,
    #[serde(default)]
    filename: String,
    /// 1 for moments, 2 for the product album.
    attachment_type: Option<i64>,
    /// The bytes, as text.
    #[serde(default)]
    text: String,
}

/// Adds a file; answers its id.
pub(crate) fn media(shared: &Arc<Shared>, seed: MediaSeed) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let media_id = seed.media_id.unwrap_or_else(|| world.ids.text("M", 60));
    let file = Media {
        kind: seed.kind,
        filename: seed.filename,
        content_type: "application/octet-stream".to_owned(),
        created_at: now,
        robot: None,
        attachment: seed.attachment_type,
        bytes: seed.text.into_bytes(),
    };
    world.media.files.insert(media_id.clone(), file);
    Ok(json!({"media_id": media_id}))
}
