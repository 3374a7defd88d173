//! Kinds of findings in SOP files.

crate::diagnostic::kinds! {
    UNREADABLE = Error "S001" "sop_unreadable";
    DUPLICATE_ID = Error "S002" "sop_duplicate_id";
    WRONG_KEY = Error "S003" "sop_wrong_key";
    MISSING_KEY = Error "S004" "sop_missing_key";
    BAD_AT = Error "S005" "sop_bad_at";
    OUT_OF_ORDER = Error "S006" "sop_out_of_order";
    BAD_EVERY = Error "S007" "sop_bad_every";
    BAD_LIMIT = Error "S008" "sop_bad_limit";
    QUIET_FORM = Error "S009" "sop_quiet_form";
    UNKNOWN_TEMPLATE = Error "S010" "sop_unknown_template";
    UNKNOWN_SOP = Error "S011" "sop_unknown_sop";
    UNKNOWN_MEMBERS = Error "S012" "sop_unknown_members";
    UNKNOWN_ROBOT = Error "S013" "sop_unknown_robot";
    UNKNOWN_WEBHOOK = Error "S014" "sop_unknown_webhook";
    BAD_TAG = Error "S015" "sop_bad_tag";
    BAD_COMPARE = Error "S016" "sop_bad_compare";
    NO_VIA = Error "S017" "sop_no_via";
    CAPTURE = Error "S018" "sop_capture";
    ONE_OF_TWO = Error "S019" "sop_one_of_two";
    BAD_REMIND = Error "S020" "sop_bad_remind";
    BROADCAST_FORM = Error "S021" "sop_broadcast_form";
    WRONG_VERSION = Error "S022" "sop_wrong_version";
    NOT_RUN = Warning "S023" "sop_not_run";
    NEVER_ENTERED = Warning "S024" "sop_never_entered";
    EXITS_AT_ONCE = Warning "S025" "sop_exits_at_once";
    REMARK_TOO_LONG = Error "S026" "sop_remark_too_long";
}
