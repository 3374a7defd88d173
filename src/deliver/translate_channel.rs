//! Channel codes between what the operators want and what WeCom calls it.

use crate::channels::plan::{Content, Remote};
use crate::domain::clock::UnixMillis;
use crate::wecom::api::externalcontact::{
    add_contact_way, get_contact_way, groupchat_add_join_way, groupchat_get_join_way,
    groupchat_update_join_way, list_contact_way, update_contact_way,
};
use crate::wecom::client::App;
use crate::wecom::error::Error;

/// WeCom does not know a code of this id.
const UNKNOWN_WAY: i64 = 41044;

/// A code by which customers add a member; `None` if WeCom has none of this id.
///
/// # Errors
/// If WeCom cannot be asked.
pub async fn way(app: &App, config_id: &str) -> Result<Option<Remote>, Error> {
    let request = get_contact_way::Request::new(config_id);
    let Some(way) = known(app.call(&request).await)? else {
        return Ok(None);
    };
    let way = way.contact_way;
    Ok(Some(Remote {
        config_id: config_id.to_owned(),
        qr_code: filled(way.qr_code),
        content: Content {
            state: way.state,
            remark: way.remark,
            targets: way.user,
            departments: way.party,
            skip_verify: way.skip_verify,
            new_group: None,
        }
        .sorted(),
    }))
}

/// A code with this state that was made at this time or later, by WeCom's list.
///
/// # Errors
/// If WeCom cannot be asked.
pub async fn find_way(app: &App, state: &str, since: UnixMillis) -> Result<Option<Remote>, Error> {
    /// Clocks differ.
    const SLACK_SECS: i64 = 600;
    /// The list spans so long at the most.
    const SPAN_SECS: i64 = 89 * 86_400;
    let start = since.as_secs() - SLACK_SECS;
    let mut request = list_contact_way::Request {
        start_time: Some(start),
        end_time: Some(start + SPAN_SECS),
        limit: Some(list_contact_way::LIMIT_MAX),
        ..list_contact_way::Request::default()
    };
    loop {
        let page = app.call(&request).await?;
        for id in page.contact_way {
            let found = way(app, &id.config_id).await?;
            if found.as_ref().is_some_and(|one| one.content.state == state) {
                return Ok(found);
            }
        }
        if page.next_cursor.is_empty() || request.cursor.as_ref() == Some(&page.next_cursor) {
            return Ok(None);
        }
        request.cursor = Some(page.next_cursor);
    }
}

/// Makes a code by which customers add a member: of several, so that members can change.
///
/// # Errors
/// If WeCom refuses, or nobody knows whether it did.
pub async fn make_way(app: &App, content: &Content) -> Result<Remote, Error> {
    let scene = add_contact_way::Scene::QrCode;
    let mut request = add_contact_way::Request::multi(scene, Vec::new());
    // What is empty has to be said only to take something away.
    let all = settings(content);
    request.settings = add_contact_way::Settings {
        remark: all.remark.filter(|remark| !remark.is_empty()),
        user: all.user.filter(|members| !members.is_empty()),
        party: all.party.filter(|departments| !departments.is_empty()),
        ..all
    };
    let made = app.call(&request).await?;
    Ok(Remote {
        config_id: made.config_id,
        qr_code: made.qr_code,
        content: content.clone(),
    })
}

/// Lets a code say this.
///
/// # Errors
/// If WeCom refuses, or nobody knows whether it did.
pub async fn change_way(app: &App, config_id: &str, content: &Content) -> Result<(), Error> {
    let mut request = update_contact_way::Request::new(config_id);
    request.settings = settings(content);
    app.call(&request).await?;
    Ok(())
}

fn settings(content: &Content) -> add_contact_way::Settings {
    add_contact_way::Settings {
        remark: Some(content.remark.clone()),
        skip_verify: Some(content.skip_verify),
        state: Some(content.state.clone()),
        user: Some(content.targets.clone()),
        party: Some(content.departments.clone()),
        ..add_contact_way::Settings::default()
    }
}

/// A code by which customers join a group; `None` if WeCom has none of this id.
///
/// # Errors
/// If WeCom cannot be asked.
pub async fn group_way(app: &App, config_id: &str) -> Result<Option<Remote>, Error> {
    let request = groupchat_get_join_way::Request::new(config_id);
    let Some(way) = known(app.call(&request).await)? else {
        return Ok(None);
    };
    let way = way.join_way;
    let new_group = (way.auto_create_room, way.room_base_name, way.room_base_id);
    Ok(Some(Remote {
        config_id: config_id.to_owned(),
        qr_code: filled(way.qr_code),
        content: Content {
            state: way.state,
            remark: way.remark,
            targets: way.chat_id_list,
            departments: Vec::new(),
            skip_verify: false,
            new_group: new_group.0.then_some((new_group.1, new_group.2)),
        }
        .sorted(),
    }))
}

/// Makes a code by which customers join a group.
///
/// # Errors
/// If WeCom refuses, or nobody knows whether it did.
pub async fn make_group_way(app: &App, content: &Content) -> Result<Remote, Error> {
    let settings = group_settings(content);
    let made = app
        .call(&groupchat_add_join_way::Request { settings })
        .await?;
    // The picture is told only when one asks for the code.
    let whole = group_way(app, &made.config_id).await.ok().flatten();
    Ok(whole.unwrap_or(Remote {
        config_id: made.config_id,
        qr_code: None,
        content: content.clone(),
    }))
}

/// Lets a code say this.
///
/// # Errors
/// If WeCom refuses, or nobody knows whether it did.
pub async fn change_group_way(app: &App, config_id: &str, content: &Content) -> Result<(), Error> {
    let settings = group_settings(content);
    let request = groupchat_update_join_way::Request::new(config_id, settings);
    app.call(&request).await?;
    Ok(())
}

fn group_settings(content: &Content) -> groupchat_add_join_way::Settings {
    let mut settings = groupchat_add_join_way::Settings::new(content.targets.clone());
    settings.state = Some(content.state.clone());
    settings.remark = Some(content.remark.clone());
    settings.auto_create_room = content.new_group.is_some();
    if let Some((name, from)) = &content.new_group {
        settings.room_base_name = Some(name.clone());
        settings.room_base_id = Some(*from);
    }
    settings
}

/// `None` if the id of a code is not known.
fn known<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some(UNKNOWN_WAY) => Ok(None),
        Err(error) => Err(error),
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
