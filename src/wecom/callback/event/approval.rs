use crate::wecom::callback::fields::Fields;

/// Events of the two approval engines, always from `sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalEvent {
    /// `open_approval_change`: an approval that a self-built app started.
    Open(Box<Approval>),
    /// `sys_approval_change`: an approval in WeCom's own approval app.
    System(Box<SystemApproval>),
}

/// An approval of the self-built engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// `ThirdNo`: number given by the app.
    pub third_no: String,
    /// `OpenSpName`: name of the template.
    pub name: Option<String>,
    /// `OpenTemplateId`.
    pub template_id: Option<String>,
    /// `OpenSpStatus`: 1 in progress, 2 passed, 3 rejected, 4 cancelled.
    pub status: Option<i64>,
    /// Unix seconds.
    pub apply_time: Option<i64>,
    /// Name of the applicant.
    pub applicant_name: Option<String>,
    /// User id of the applicant.
    pub applicant_id: Option<String>,
    /// Department of the applicant.
    pub applicant_party: Option<String>,
    /// Picture of the applicant.
    pub applicant_image: Option<String>,
    /// The chain of approvers.
    pub nodes: Vec<ApprovalNode>,
    /// Who is told.
    pub notified: Vec<ApprovalItem>,
    /// `approverstep`: current step, from 0.
    pub step: Option<i64>,
}

/// One link in the chain of approvers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalNode {
    /// As for the approval: 1 to 4.
    pub status: Option<i64>,
    /// 1 any approver suffices, 2 all are needed.
    pub attr: Option<i64>,
    /// 1 fixed members, 2 a tag, 3 the superior.
    pub kind: Option<i64>,
    /// The approvers.
    pub items: Vec<ApprovalItem>,
}

/// A person in an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalItem {
    /// Name.
    pub name: Option<String>,
    /// User id.
    pub user_id: Option<String>,
    /// Picture.
    pub image: Option<String>,
    /// 1 to 4; not for those who are only told.
    pub status: Option<i64>,
    /// Remark.
    pub speech: Option<String>,
    /// When decided, unix seconds.
    pub op_time: Option<i64>,
}

/// An approval of WeCom's own approval app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemApproval {
    /// `SpNo`: number of the approval.
    pub sp_no: String,
    /// Name of the template.
    pub name: Option<String>,
    /// `SpStatus`.
    pub status: Option<i64>,
    /// `TemplateId`.
    pub template_id: Option<String>,
    /// Unix seconds.
    pub apply_time: Option<i64>,
    /// User id of the applicant (`Applyer`, as the platform spells it).
    pub applicant_id: Option<String>,
    /// Department of the applicant.
    pub applicant_party: Option<String>,
    /// The chain of approvers.
    pub records: Vec<ApprovalRecord>,
    /// User ids of those who are told.
    pub notified: Vec<String>,
    /// Remarks.
    pub comments: Vec<ApprovalComment>,
    /// `StatuChangeEvent` (sic): what changed.
    pub change: Option<i64>,
}

/// One link in the chain of approvers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// `SpStatus`.
    pub status: Option<i64>,
    /// `ApproverAttr`: whether any or all are needed.
    pub approver_attr: Option<i64>,
    /// What each approver did.
    pub steps: Vec<ApprovalStep>,
}

/// What one approver did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalStep {
    /// User id.
    pub user_id: Option<String>,
    /// Remark.
    pub speech: Option<String>,
    /// `SpStatus`.
    pub status: Option<i64>,
    /// `SpTime`, unix seconds.
    pub time: Option<i64>,
}

/// A remark on an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalComment {
    /// User id of the author.
    pub user_id: Option<String>,
    /// Unix seconds.
    pub time: Option<i64>,
    /// Text.
    pub content: Option<String>,
    /// `CommentId`.
    pub id: Option<String>,
}

pub(super) fn parse(name: &str, f: &mut Fields<'_, '_>) -> Option<ApprovalEvent> {
    f.nested("ApprovalInfo", |info| {
        if name == "open_approval_change" {
            open(info).map(|approval| ApprovalEvent::Open(Box::new(approval)))
        } else {
            system(info).map(|approval| ApprovalEvent::System(Box::new(approval)))
        }
    })?
}

fn open(f: &mut Fields<'_, '_>) -> Option<Approval> {
    Some(Approval {
        third_no: f.filled("ThirdNo")?,
        name: f.filled("OpenSpName"),
        template_id: f.filled("OpenTemplateId"),
        status: f.number("OpenSpStatus"),
        apply_time: f.number("ApplyTime"),
        applicant_name: f.filled("ApplyUserName"),
        applicant_id: f.filled("ApplyUserId"),
        applicant_party: f.filled("ApplyUserParty"),
        applicant_image: f.filled("ApplyUserImage"),
        nodes: f
            .nested("ApprovalNodes", |nodes| nodes.each("ApprovalNode", node))
            .unwrap_or_default(),
        notified: f
            .nested("NotifyNodes", |nodes| nodes.each("NotifyNode", item))
            .unwrap_or_default(),
        step: f.number("approverstep"),
    })
}

fn node(f: &mut Fields<'_, '_>) -> ApprovalNode {
    ApprovalNode {
        status: f.number("NodeStatus"),
        attr: f.number("NodeAttr"),
        kind: f.number("NodeType"),
        items: f
            .nested("Items", |items| items.each("Item", item))
            .unwrap_or_default(),
    }
}

fn item(f: &mut Fields<'_, '_>) -> ApprovalItem {
    ApprovalItem {
        name: f.filled("ItemName"),
        user_id: f.filled("ItemUserId"),
        image: f.filled("ItemImage"),
        status: f.number("ItemStatus"),
        speech: f.filled("ItemSpeech"),
        op_time: f.number("ItemOpTime"),
    }
}

fn system(f: &mut Fields<'_, '_>) -> Option<SystemApproval> {
    let (applicant_id, applicant_party) = f
        .nested("Applyer", |who| (who.filled("UserId"), who.filled("Party")))
        .unwrap_or_default();
    Some(SystemApproval {
        sp_no: f.filled("SpNo")?,
        name: f.filled("SpName"),
        status: f.number("SpStatus"),
        template_id: f.filled("TemplateId"),
        apply_time: f.number("ApplyTime"),
        applicant_id,
        applicant_party,
        records: f.each("SpRecord", record),
        notified: f
            .each("Notifyer", |who| who.filled("UserId"))
            .into_iter()
            .flatten()
            .collect(),
        comments: f.each("Comments", comment),
        change: f.number("StatuChangeEvent"),
    })
}

fn record(f: &mut Fields<'_, '_>) -> ApprovalRecord {
    ApprovalRecord {
        status: f.number("SpStatus"),
        approver_attr: f.number("ApproverAttr"),
        steps: f.each("Details", |step| ApprovalStep {
            user_id: user_id_in(step, "Approver"),
            speech: step.filled("Speech"),
            status: step.number("SpStatus"),
            time: step.number("SpTime"),
        }),
    }
}

fn comment(f: &mut Fields<'_, '_>) -> ApprovalComment {
    ApprovalComment {
        user_id: user_id_in(f, "CommentUserInfo"),
        time: f.number("CommentTime"),
        content: f.filled("CommentContent"),
        id: f.filled("CommentId"),
    }
}

fn user_id_in(f: &mut Fields<'_, '_>, name: &str) -> Option<String> {
    f.nested(name, |who| who.filled("UserId")).flatten()
}
