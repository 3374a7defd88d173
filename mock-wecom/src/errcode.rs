//! The official error codes that the mock gives, each with its usual wording.

use std::borrow::Cow;
use std::fmt::Display;

/// A code of the platform and the words that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errcode {
    pub(crate) code: i64,
    text: &'static str,
}

/// A refused call.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: i64,
    pub(crate) text: Cow<'static, str>,
}

impl Errcode {
    /// The refusal in the platform's usual words.
    pub(crate) fn plain(self) -> ApiError {
        ApiError {
            code: self.code,
            text: Cow::Borrowed(self.text),
        }
    }

    /// The refusal with what it is about.
    pub(crate) fn about(self, detail: impl Display) -> ApiError {
        ApiError {
            code: self.code,
            text: Cow::Owned(format!("{}: {detail}", self.text)),
        }
    }
}

impl From<Errcode> for ApiError {
    fn from(code: Errcode) -> Self {
        code.plain()
    }
}

impl ApiError {
    /// A refusal whose code is chosen by a switch or a fault.
    pub(crate) fn numbered(code: i64, text: &'static str) -> Self {
        Self {
            code,
            text: Cow::Borrowed(text),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        $(pub(crate) const $name: Errcode = Errcode { code: $code, text: $text };)*
    };
}

codes! {
    BAD_TYPE = 40005, "invalid type";
    BAD_FILE_SIZE = 40006, "invalid file size";
    BAD_OAUTH_CODE = 40029, "invalid code";
    NO_SUCH_JOB = 40088, "jobid not found";
    STILL_EMPLOYED = 40097, "handover user has not left";
    TAKER_FULL = 40099, "customer count of the taker is out of limit";
    BAD_IMAGE = 40123, "invalid image data";
    TRANSFER_FREQUENCY = 40128, "customer transferred too often";
    IN_TRANSFER = 40100, "customer is being transferred";
    SAME_FOLLOWER = 40130, "handover and takeover are the same";
    NO_MOMENT = 41059, "moment_id missing";
    BAD_MOMENT = 41060, "invalid moment_id";
    NOT_MOMENT_SENDER = 41061, "the moment is not of this member";
    TOO_MANY_RULES = 41069, "intercept rules out of limit";
    BAD_RULE = 41070, "invalid intercept rule id";
    BAD_ATTACHMENT_SCENE = 41072, "attachment used in the wrong scene";
    BAD_PRODUCT = 41075, "invalid product id";
    TWIN_RULE = 41077, "intercept rule name is not unique";
    BIG_ATTACHMENT = 41080, "attachment size out of limit";
    EMPTY_MOMENT = 41089, "text and attachments of the moment are both empty";
    BAD_VIDEO = 41090, "invalid video";
    TOO_MANY_JOIN_GROUPS = 41091, "join way has over 5 groups";
    TOO_MANY_LINKS = 41095, "acquisition links out of limit";
    NO_CONSENT = 41053, "customer has not agreed to the archive";
    CARD_NO_KEYNAME = 42027, "horizontal_content_list.keyname missing";
    CARD_NO_URL = 42028, "template_card url missing";
    CARD_NO_MEDIA = 42029, "horizontal_content_list.media_id missing";
    CARD_NO_APPID = 42030, "template_card appid missing";
    CARD_TYPE = 42031, "invalid card_type";
    CARD_NO_TITLE = 42033, "template_card title missing";
    CARD_HORIZONTAL = 42035, "invalid horizontal_content_list size";
    CARD_VERTICAL = 42036, "invalid vertical_content_list size";
    CARD_OPTIONS = 42037, "invalid option_list size";
    CARD_BUTTON_TEXT = 42038, "button_list.text missing or invalid";
    CARD_BUTTON_KEY = 42039, "button_list.key missing or invalid";
    CARD_OPTION_ID = 42040, "option_list.id missing or invalid";
    CARD_OPTION_TEXT = 42041, "option_list.text missing or invalid";
    CARD_JUMPS = 42042, "invalid jump_list size";
    CARD_QUESTION = 42043, "question_key missing or invalid";
    CARD_IMAGE = 42044, "card_image.url missing or invalid";
    CARD_ACTION = 42045, "card_action missing or invalid";
    CARD_SUBMIT_KEY = 42046, "submit_button.key missing or invalid";
    CARD_SELECTS = 42047, "invalid select_list size";
    CARD_SUBMIT_TEXT = 42049, "submit_button.text missing or invalid";
    CARD_USERID = 42050, "horizontal_content_list.userid missing or invalid";
    CARD_MENU_KEYS = 42051, "action_menu.action_list.key conflict";
    LONG_AUTHOR = 45032, "author out of limit";
    UNTRUSTED_DOMAIN = 50001, "redirect_url domain is not trusted";
    NOT_TRUSTED_IP = 60020, "not allow to access from your ip";
    TICKET_EXPIRED = 84014, "user_ticket expired";
    BAD_TICKET = 84015, "invalid user_ticket";
    FOREIGN_TAG = 81011, "no permission to change the tag";
    OWNER_NOT_LEFT = 90500, "the group owner has not left";
    NOT_CUSTOMER_GROUP = 90501, "not a customer group";
    OWNER_LEFT = 90502, "the group owner has left";
    SAME_OWNER = 90504, "the group owner is unchanged";
    BAD_OPENGID = 90511, "invalid opengid";
    BAD_CALENDAR = 90457, "invalid calendar id";
    NO_CALENDAR = 90459, "calendar has been deleted";
    NO_SCHEDULE = 90460, "schedule has been deleted";
    MANY_ATTENDEES = 90464, "too many attendees";
    OTHER_CALENDAR = 90466, "calendar of another app";
    BAD_REMINDER = 90471, "invalid reminder";
    ALREADY_UPGRADED = 95015, "exclusive service is already configured";
    NO_MENU = 46003, "menu does not exist";
    NO_USER_FOUND = 46004, "user does not exist";
    BAD_BUTTONS = 40016, "invalid button size";
    BAD_SUB_BUTTONS = 40023, "invalid sub_button size";
    BAD_MENU_URL = 40054, "invalid menu url";
    ALL_MEMBERS_INVALID = 40070, "all members of the tag request are invalid";
    NOT_VISIBLE = 60011, "no privilege to access the user, department or tag";
    NO_PARENT = 60004, "parent department does not exist";
    PARTY_HAS_MEMBERS = 60005, "department has members";
    PARTY_HAS_PARTIES = 60006, "department has sub-departments";
    PARTY_EXISTS = 60008, "department exists";
    USER_EXISTS = 60102, "userid exists";
    MOBILE_EXISTS = 60104, "mobile exists";
    EMAIL_EXISTS = 60106, "email exists";
    NO_MEMBER_NAME = 60112, "invalid member name";
    WAYS_CEILING = 41045, "contact ways out of limit";
    BAD_SECRET = 40001, "invalid credential";
    BAD_USERID = 40003, "invalid userid";
    BAD_MEDIA_TYPE = 40004, "invalid media type";
    BAD_MEDIA_ID = 40007, "invalid media_id";
    BAD_MSGTYPE = 40008, "invalid message type";
    BAD_CORPID = 40013, "invalid corpid";
    BAD_TOKEN = 40014, "invalid access_token";
    BAD_USER_LIST = 40031, "invalid userid list";
    BAD_URL = 40039, "invalid url length";
    BAD_AGENTID = 40056, "invalid agentid";
    BAD_PARAMETER = 40058, "invalid parameter";
    EMPTY_PARAMETER = 40063, "some parameters are empty";
    UNKNOWN_PATH = 40066, "invalid url";
    BAD_TAG = 40068, "invalid tagid";
    BAD_TAG_NAME = 40071, "invalid tag name";
    BAD_EXTERNAL_USERID = 40096, "invalid external userid";
    NO_TOKEN = 41001, "access_token missing";
    NO_CORPID = 41002, "corpid missing";
    NO_SECRET = 41004, "corpsecret missing";
    NO_MEDIA_ID = 41006, "media_id missing";
    NO_USERID = 41009, "userid missing";
    NO_URL = 41010, "url missing";
    NO_AGENTID = 41011, "agentid missing";
    NO_TITLE = 41016, "title missing";
    NO_DESCRIPTION = 41033, "description missing";
    NO_EXTERNAL_USERID = 41035, "external_userid missing";
    NO_WAY_TYPE = 41037, "contact way type missing";
    NO_WAY_SCENE = 41038, "contact way scene missing";
    BAD_WAY_TYPE = 41039, "invalid contact way type";
    BAD_WAY_SCENE = 41040, "invalid contact way scene";
    TOO_MANY_WAY_USERS = 41041, "too many contact way users";
    NO_CONFIG_ID = 41043, "contact way config_id missing";
    BAD_CONFIG_ID = 41044, "invalid contact way config_id";
    NO_MASS_ID = 41046, "group message id missing";
    BAD_MASS_ID = 41047, "invalid group message id";
    NO_SENDABLE_CUSTOMER = 41048, "no sendable customer";
    NO_WELCOME_CODE = 41049, "welcome_code missing";
    BAD_WELCOME_CODE = 41050, "invalid welcome_code";
    CHAT_STARTED = 41051, "externaluser has started chatting";
    TEMPLATE_CEILING = 41055, "group welcome template reaches limit";
    NOT_OWN_TEMPLATE = 41058, "no permission to edit the group welcome template";
    MASS_DISPATCHING = 41063, "group message is being dispatched";
    BAD_ATTACHMENT_COUNT = 41064, "invalid attachment size";
    BAD_ATTACHMENT_TYPE = 41065, "invalid attachment type";
    MASS_CANCELLED = 41093, "group message has been cancelled";
    REMIND_FREQUENCY = 41094, "remind too frequently";
    WELCOME_TAKEN = 41096, "welcome message is being sent by another app";
    BAD_TASK_ID = 42014, "invalid task_id";
    RECALL_TOO_LATE = 42052, "msgid is older than 24 hours";
    NO_DEPARTMENT_ID = 41019, "department missing";
    NO_CALLBACK = 43012, "callback url not configured";
    EMPTY_MEDIA = 44001, "empty media data";
    EMPTY_TEXT = 44004, "text content is empty";
    MEDIA_TOO_LARGE = 45001, "media size out of limit";
    CONTENT_TOO_LARGE = 45002, "content size out of limit";
    TOO_MANY_ARTICLES = 45008, "article count out of limit";
    TOO_FREQUENT = 45009, "api freq out of limit";
    URL_WITHOUT_SCHEME = 45034, "url has no scheme";
    API_FORBIDDEN = 48002, "api forbidden";
    BAD_CURSOR = 50100, "invalid cursor";
    NO_DEPARTMENT = 60123, "invalid party id";
    BAD_RESPONSE_CODE = 60140, "invalid response code";
    NO_SUCH_USER = 60111, "userid not found";
    NO_OPEN_KFID = 60251, "open_kfid missing";
    TOO_MANY_ITEMS = 81017, "too many items";
    ALL_RECEIVERS_INVALID = 81013, "user & party & tag all invalid";
    NO_RECEIVER = 82001, "touser, toparty and totag are all empty";
    TOO_MANY_PARTIES = 82002, "too many toparty";
    TOO_MANY_TAGS = 82003, "too many totag";
    NO_RELATION = 84061, "not external contact";
    BAD_CHATID = 86001, "invalid chatid";
    NO_SUCH_CHAT = 86003, "chatid does not exist";
    BAD_CHAT_NAME = 86004, "invalid chat name";
    BAD_CHAT_OWNER = 86005, "invalid chat owner";
    BAD_MEMBER_COUNT = 86006, "invalid member count";
    CHAT_EXISTS = 86215, "chatid exists";
    BAD_CHAT_MEMBER = 86216, "invalid chat member";
    NO_CHATID = 86201, "chatid missing";
    NO_CHAT_MEMBERS = 86204, "userlist missing";
    LONG_CHATID = 86205, "chatid too long";
    OWNER_NOT_MEMBER = 86207, "owner not in userlist";
    NOT_OWN_CHAT = 86008, "chat created by another app";
    BAD_GROUP_CHAT = 40050, "chatid does not exist";
    BAD_APPID = 90200, "miniprogram appid missing";
    BAD_ROBOT_KEY = 93000, "invalid webhook url";
    ROBOT_STOPPED = 93004, "robot is disabled";
    OTHER_AGENTID = 301_002, "not allow operate another agent with this accesstoken";
    BAD_RANGE = 830_002, "invalid range or file too large";
    BAD_KFID = 95000, "invalid open_kfid";
    KF_COUNT = 95001, "send msg count limit";
    KF_TIME = 95002, "send msg session expired";
    NO_SUCH_KF = 95004, "open_kfid does not exist";
    KF_NAME = 95006, "invalid kf account name";
    KF_TOKEN = 95007, "invalid msg token";
    KF_MENU_COUNT = 95008, "invalid menu item count";
    KF_MENU_TYPE = 95009, "invalid menu item type";
    KF_ENDED = 95013, "session has ended";
    KF_NOT_SERVICER = 95014, "not a servicer of the kf account";
    KF_TRANSITION = 95016, "invalid service state transition";
    KF_STATE = 95018, "send msg session status invalid";
    KF_SERVICER_PAUSED = 95019, "servicer stopped receiving";
}
