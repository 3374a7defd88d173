use crate::wecom::callback::fields::Fields;

/// Events of an app. Unless said otherwise they come from a member.
#[derive(Debug, Clone, PartialEq)]
pub enum AppEvent {
    /// `subscribe`: the member can now see the app.
    Subscribe {
        /// `EventKey`, usually empty.
        event_key: Option<String>,
    },
    /// `unsubscribe`: the member left the app's scope or the corp, or was disabled.
    Unsubscribe {
        /// `EventKey`, usually empty.
        event_key: Option<String>,
    },
    /// `enter_agent`: the member opened the app.
    EnterAgent {
        /// `EventKey`, usually empty.
        event_key: Option<String>,
    },
    /// `LOCATION`: where the member is, on each entry to the chat.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Metres.
        precision: Option<f64>,
        /// `wxwork`.
        app_type: Option<String>,
    },
    /// `batch_job_result`: an asynchronous contact job ended.
    BatchJobResult {
        /// Id of the job.
        job_id: String,
        /// `sync_user`, `replace_user`, `invite_user`, `replace_party` or an export.
        job_type: Option<String>,
        /// 0 when it went well.
        err_code: Option<i64>,
        /// In words.
        err_msg: Option<String>,
    },
    /// `click`: a menu entry.
    Click {
        /// The entry's key.
        event_key: String,
    },
    /// `view`: a menu entry that opens a page.
    View {
        /// The page.
        url: String,
    },
    /// `view_miniprogram`: a menu entry that opens a mini program.
    ViewMiniprogram {
        /// Path in the mini program.
        page: String,
    },
    /// `scancode_push`: the client shows the result.
    ScancodePush(Scan),
    /// `scancode_waitmsg`: the app is to answer.
    ScancodeWaitmsg(Scan),
    /// `pic_sysphoto`: taken with the camera; the pictures follow as messages.
    PicSysphoto(PickedPhotos),
    /// `pic_photo_or_album`: camera or album; the pictures follow as messages.
    PicPhotoOrAlbum(PickedPhotos),
    /// `pic_weixin`: from the album; the pictures follow as messages.
    PicWeixin(PickedPhotos),
    /// `location_select`: a place picked on the map.
    LocationSelect(PickedPlace),
    /// `share_agent_change`, from `sys`: the app was shared with a downstream corp, or no longer.
    ShareAgentChange,
    /// `share_chain_change`, from `sys`: the same within an up- and downstream group.
    ShareChainChange,
    /// `template_card_event`: a button or a submit of a template card.
    TemplateCard(CardClick),
    /// `template_card_menu_event`: the menu in the card's corner.
    TemplateCardMenu(CardClick),
    /// `taskcard_click`: a button of the older task card.
    TaskcardClick {
        /// Key of the button.
        event_key: String,
        /// The card.
        task_id: Option<String>,
    },
    /// `inactive_alert`, from `sys`: the app will be stopped for disuse.
    InactiveAlert {
        /// When, unix seconds.
        effect_time: Option<i64>,
    },
    /// `low_active_alert`, from `sys`: access to customer data will be limited for low use.
    LowActiveAlert {
        /// When, unix seconds.
        effect_time: Option<i64>,
    },
    /// `close_inactive_agent`, from `sys`: the app has been stopped.
    CloseInactiveAgent,
    /// `low_active`, from `sys`: access to customer data is limited.
    LowActive,
    /// `reopen_inactive_agent`: the app runs again.
    ReopenInactiveAgent,
    /// `active_restored`, from `sys`: access is unlimited again.
    ActiveRestored,
    /// `upload_media_job_finish`, from `sys`.
    UploadMediaJobFinish {
        /// Id of the upload job.
        job_id: String,
    },
    /// `switch_workbench_mode`: the app's own workbench page was switched.
    SwitchWorkbenchMode {
        /// `Mode`.
        mode: Option<i64>,
    },
}

/// A scanned code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Key of the menu entry.
    pub event_key: Option<String>,
    /// Normally `qrcode`.
    pub scan_type: Option<String>,
    /// What the code says.
    pub result: Option<String>,
}

/// Photos that are about to arrive as messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickedPhotos {
    /// Key of the menu entry.
    pub event_key: Option<String>,
    /// How many.
    pub count: Option<i64>,
    /// MD5 of each.
    pub md5_sums: Vec<String>,
}

/// A place picked on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct PickedPlace {
    /// Key of the menu entry.
    pub event_key: Option<String>,
    /// `Location_X`, degrees.
    pub latitude: Option<f64>,
    /// `Location_Y`, degrees.
    pub longitude: Option<f64>,
    /// Zoom of the map.
    pub scale: Option<i64>,
    /// Address.
    pub label: Option<String>,
    /// `Poiname`: point of interest.
    pub poi_name: Option<String>,
    /// `wxwork`.
    pub app_type: Option<String>,
}

/// A click on a template card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardClick {
    /// Key of the button, menu entry or submit button.
    pub event_key: String,
    /// The card.
    pub task_id: Option<String>,
    /// `button_interaction`, `vote_interaction`, …
    pub card_type: Option<String>,
    /// Permits one update of the card within 72 hours.
    pub response_code: Option<String>,
    /// What was chosen, question by question.
    pub selected_items: Vec<SelectedItem>,
}

/// The options chosen for one question of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedItem {
    /// Key of the question.
    pub question_key: String,
    /// Ids of the chosen options.
    pub option_ids: Vec<String>,
}

pub(super) fn parse(name: &str, f: &mut Fields<'_, '_>) -> Option<AppEvent> {
    Some(match name {
        "subscribe" => AppEvent::Subscribe {
            event_key: f.filled("EventKey"),
        },
        "unsubscribe" => AppEvent::Unsubscribe {
            event_key: f.filled("EventKey"),
        },
        "enter_agent" => AppEvent::EnterAgent {
            event_key: f.filled("EventKey"),
        },
        "LOCATION" => AppEvent::Location {
            latitude: f.decimal("Latitude")?,
            longitude: f.decimal("Longitude")?,
            precision: f.decimal("Precision"),
            app_type: f.filled("AppType"),
        },
        "click" => AppEvent::Click {
            event_key: f.filled("EventKey")?,
        },
        "view" => AppEvent::View {
            url: f.filled("EventKey")?,
        },
        "view_miniprogram" => AppEvent::ViewMiniprogram {
            page: f.filled("EventKey")?,
        },
        "scancode_push" => AppEvent::ScancodePush(scan(f)),
        "scancode_waitmsg" => AppEvent::ScancodeWaitmsg(scan(f)),
        "pic_sysphoto" => AppEvent::PicSysphoto(photos(f)),
        "pic_photo_or_album" => AppEvent::PicPhotoOrAlbum(photos(f)),
        "pic_weixin" => AppEvent::PicWeixin(photos(f)),
        "location_select" => AppEvent::LocationSelect(place(f)),
        "template_card_event" => AppEvent::TemplateCard(card_click(f)?),
        "template_card_menu_event" => AppEvent::TemplateCardMenu(card_click(f)?),
        "taskcard_click" => AppEvent::TaskcardClick {
            event_key: f.filled("EventKey")?,
            task_id: f.filled("TaskId"),
        },
        _ => return parse_upkeep(name, f),
    })
}

/// What happens to the app itself.
fn parse_upkeep(name: &str, f: &mut Fields<'_, '_>) -> Option<AppEvent> {
    Some(match name {
        "batch_job_result" => f.nested("BatchJob", batch_job)??,
        "share_agent_change" => AppEvent::ShareAgentChange,
        "share_chain_change" => AppEvent::ShareChainChange,
        "inactive_alert" => AppEvent::InactiveAlert {
            effect_time: f.number("EffectTime"),
        },
        "low_active_alert" => AppEvent::LowActiveAlert {
            effect_time: f.number("EffectTime"),
        },
        "close_inactive_agent" => AppEvent::CloseInactiveAgent,
        "low_active" => AppEvent::LowActive,
        "reopen_inactive_agent" => AppEvent::ReopenInactiveAgent,
        "active_restored" => AppEvent::ActiveRestored,
        "upload_media_job_finish" => AppEvent::UploadMediaJobFinish {
            job_id: f.filled("JobId")?,
        },
        "switch_workbench_mode" => AppEvent::SwitchWorkbenchMode {
            mode: f.number("Mode"),
        },
        _ => return None,
    })
}

fn batch_job(f: &mut Fields<'_, '_>) -> Option<AppEvent> {
    Some(AppEvent::BatchJobResult {
        job_id: f.filled("JobId")?,
        job_type: f.filled("JobType"),
        err_code: f.number("ErrCode"),
        err_msg: f.filled("ErrMsg"),
    })
}

fn scan(f: &mut Fields<'_, '_>) -> Scan {
    let event_key = f.filled("EventKey");
    let (scan_type, result) = f
        .nested("ScanCodeInfo", |info| {
            (info.filled("ScanType"), info.filled("ScanResult"))
        })
        .unwrap_or_default();
    Scan {
        event_key,
        scan_type,
        result,
    }
}

fn photos(f: &mut Fields<'_, '_>) -> PickedPhotos {
    let event_key = f.filled("EventKey");
    let (count, md5_sums) = f
        .nested("SendPicsInfo", |info| {
            let count = info.number("Count");
            let sums = info.nested("PicList", |list| {
                list.each("item", |item| item.filled("PicMd5Sum"))
            });
            (count, sums.into_iter().flatten().flatten().collect())
        })
        .unwrap_or_default();
    PickedPhotos {
        event_key,
        count,
        md5_sums,
    }
}

fn place(f: &mut Fields<'_, '_>) -> PickedPlace {
    let mut place = PickedPlace {
        event_key: f.filled("EventKey"),
        latitude: None,
        longitude: None,
        scale: None,
        label: None,
        poi_name: None,
        app_type: f.filled("AppType"),
    };
    f.nested("SendLocationInfo", |info| {
        place.latitude = info.decimal("Location_X");
        place.longitude = info.decimal("Location_Y");
        place.scale = info.number("Scale");
        place.label = info.filled("Label");
        place.poi_name = info.filled("Poiname");
    });
    place
}

fn card_click(f: &mut Fields<'_, '_>) -> Option<CardClick> {
    Some(CardClick {
        event_key: f.filled("EventKey")?,
        task_id: f.filled("TaskId"),
        card_type: f.filled("CardType"),
        response_code: f.filled("ResponseCode"),
        selected_items: f
            .nested("SelectedItems", |items| {
                items.each("SelectedItem", selected_item)
            })
            .unwrap_or_default(),
    })
}

fn selected_item(f: &mut Fields<'_, '_>) -> SelectedItem {
    SelectedItem {
        question_key: f.text("QuestionKey").unwrap_or_default(),
        option_ids: f
            .nested("OptionIds", |ids| ids.texts("OptionId"))
            .unwrap_or_default(),
    }
}
