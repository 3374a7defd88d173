use crate::wecom::callback::fields::Fields;

/// Events of WeCom's own apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherEvent {
    /// `msgaudit_notify`, from `sys`: the conversation archive has new messages.
    MsgAuditNotify,
    /// `living_status_change`: a live broadcast began, ended or was cancelled.
    LivingStatusChange {
        /// The broadcast.
        living_id: String,
        /// `Status`.
        status: Option<i64>,
    },
    /// `respond_schedule`: the sender answered an invitation.
    RespondSchedule(ScheduleRef),
    /// `add_schedule`
    AddSchedule(ScheduleRef),
    /// `modify_schedule`
    ModifySchedule(ScheduleRef),
    /// `delete_schedule`
    DeleteSchedule(ScheduleRef),
    /// `modify_calendar`
    ModifyCalendar {
        /// The calendar.
        cal_id: String,
    },
    /// `delete_calendar`
    DeleteCalendar {
        /// The calendar.
        cal_id: String,
    },
    /// `book_meeting_room`
    BookMeetingRoom {
        /// The room.
        meeting_room_id: String,
        /// The booking.
        booking_id: Option<String>,
    },
    /// `cancel_meeting_room`
    CancelMeetingRoom {
        /// The room.
        meeting_room_id: String,
        /// The booking.
        booking_id: Option<String>,
    },
    /// `change_school_contact`, from `sys`: schools only.
    SchoolContact {
        /// What changed.
        change_type: String,
        /// Id of what changed.
        id: Option<String>,
    },
    /// `change_chain`, from `sys`: up- and downstream corps.
    Chain(ChainEvent),
    /// `doc_change`: documents and forms.
    Doc(DocEvent),
}

/// An entry in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRef {
    /// The calendar.
    pub cal_id: Option<String>,
    /// The entry.
    pub schedule_id: String,
}

/// A change among up- and downstream corps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEvent {
    /// `create_chain`, `update_chain`, `delete_chain`, `create_group`, `update_group`,
    /// `delete_group`, `corp_join`, `update_corp` or `remove_corp`.
    pub change_type: String,
    /// The chain.
    pub chain_id: Option<String>,
    /// `CorpIds`, comma list.
    pub corp_ids: Vec<String>,
    /// `GroupIds`, comma list.
    pub group_ids: Vec<String>,
}

/// A change of documents or forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocEvent {
    /// `doc_member_change`, `delete_doc`, `form_complete`, `delete_form` or
    /// `form_settings_change`.
    pub change_type: String,
    /// The documents.
    pub doc_ids: Vec<String>,
    /// The forms.
    pub form_ids: Vec<String>,
}

pub(super) fn parse(name: &str, f: &mut Fields<'_, '_>) -> Option<OtherEvent> {
    Some(match name {
        "msgaudit_notify" => OtherEvent::MsgAuditNotify,
        "living_status_change" => OtherEvent::LivingStatusChange {
            living_id: f.filled("LivingId")?,
            status: f.number("Status"),
        },
        "respond_schedule" => OtherEvent::RespondSchedule(schedule(f)?),
        "add_schedule" => OtherEvent::AddSchedule(schedule(f)?),
        "modify_schedule" => OtherEvent::ModifySchedule(schedule(f)?),
        "delete_schedule" => OtherEvent::DeleteSchedule(schedule(f)?),
        "modify_calendar" => OtherEvent::ModifyCalendar {
            cal_id: f.filled("CalId")?,
        },
        "delete_calendar" => OtherEvent::DeleteCalendar {
            cal_id: f.filled("CalId")?,
        },
        "book_meeting_room" => OtherEvent::BookMeetingRoom {
            meeting_room_id: f.filled("MeetingRoomId")?,
            booking_id: f.filled("BookingId"),
        },
        "cancel_meeting_room" => OtherEvent::CancelMeetingRoom {
            meeting_room_id: f.filled("MeetingRoomId")?,
            booking_id: f.filled("BookingId"),
        },
        "change_school_contact" => OtherEvent::SchoolContact {
            change_type: f.filled("ChangeType")?,
            id: f.filled("Id"),
        },
        "change_chain" => OtherEvent::Chain(chain(f)?),
        "doc_change" => OtherEvent::Doc(doc(f)?),
        _ => return None,
    })
}

fn schedule(f: &mut Fields<'_, '_>) -> Option<ScheduleRef> {
    Some(ScheduleRef {
        cal_id: f.filled("CalId"),
        schedule_id: f.filled("ScheduleId")?,
    })
}

fn chain(f: &mut Fields<'_, '_>) -> Option<ChainEvent> {
    Some(ChainEvent {
        change_type: f.filled("ChangeType")?,
        chain_id: f.filled("ChainId"),
        corp_ids: f.list("CorpIds"),
        group_ids: f.list("GroupIds"),
    })
}

fn doc(f: &mut Fields<'_, '_>) -> Option<DocEvent> {
    Some(DocEvent {
        change_type: f.filled("ChangeType")?,
        doc_ids: f.texts("DocId"),
        form_ids: f.texts("FormId"),
    })
}
