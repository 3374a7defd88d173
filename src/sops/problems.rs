//! Kinds of findings in SOP files. What plans share with rules has the codes of rules.

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
    NO_VIA = Error "S010" "sop_no_via";
    WRONG_VERSION = Error "S011" "sop_wrong_version";
    // S012 said that a kind is not run; it is not given again.
    NEVER_ENTERED = Warning "S013" "sop_never_entered";
    OUTREACH_TWICE = Error "S030" "sop_outreach_twice";
    EXITS_AT_ONCE = Warning "S014" "sop_exits_at_once";
    TASK_EACH = Warning "S015" "sop_task_each";
    UNKNOWN_APPCHAT = Error "S016" "sop_unknown_appchat";
    UNHEARD_TAG = Warning "S018" "sop_unheard_tag";
    MOMENT_FORM = Error "S017" "sop_moment_form";
}
