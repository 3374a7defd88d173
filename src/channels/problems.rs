//! Kinds of findings in a file of channels. What channels share with rules has the codes of
//! rules.

crate::diagnostic::kinds! {
    UNREADABLE = Error "H001" "channels_unreadable";
    DUPLICATE_ID = Error "H002" "channels_duplicate_id";
    DUPLICATE_STATE = Error "H003" "channels_duplicate_state";
    TOO_LONG = Error "H004" "channels_too_long";
    NOBODY = Error "H005" "channels_nobody";
    TOO_MANY = Error "H006" "channels_too_many";
    WRONG_VERSION = Error "H007" "channels_wrong_version";
    BAD_DEPARTMENT = Error "H008" "channels_bad_department";
}
