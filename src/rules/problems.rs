//! Kinds of findings in rule and calendar files.

crate::diagnostic::kinds! {
    UNREADABLE = Error "R001" "unreadable";
    DUPLICATE_ID = Error "R002" "duplicate_id";
    EMPTY_WHEN = Warning "R003" "empty_when";
    UNKNOWN_GROUP = Error "R004" "unknown_group";
    UNUSED_GROUP = Warning "R005" "unused_group";
    NOTHING_LEFT = Error "R006" "nothing_left";
    BAD_REGEX = Error "R007" "bad_regex";
    UNKNOWN_HOURS = Error "R008" "unknown_hours";
    NEVER_VALID = Error "R009" "never_valid";
    DEAD_CHANNEL = Error "R010" "dead_channel";
    NO_TEXT = Error "R011" "no_text";
    WRONG_MOMENT = Error "R012" "wrong_moment";
    UNKNOWN_TEMPLATE = Error "R013" "unknown_template";
    UNKNOWN_SERVICERS = Error "R014" "unknown_servicers";
    UNKNOWN_WEBHOOK = Error "R015" "unknown_webhook";
    UNKNOWN_ROBOT = Error "R016" "unknown_robot";
    BAD_TAG = Error "R017" "bad_tag";
    UNKNOWN_CAPTURE = Error "R018" "unknown_capture";
    BAD_TRIGGER = Error "R019" "bad_trigger";
    NEVER_MATCHES = Error "R020" "never_matches";
    REPEATED_WORD = Warning "R021" "repeated_word";
    BAD_COMPARE = Error "R022" "bad_compare";
    ONE_OF_TWO = Error "R023" "one_of_two";
    TOO_LONG = Error "R024" "too_long";
    BUILD = Error "R025" "build";
    WRONG_VERSION = Error "R026" "wrong_version";
    WELCOME_FORM = Error "R027" "welcome_form";
    NESTED_GROUP = Error "R028" "nested_group";
    HOURS_CIRCLE = Error "C001" "hours_circle";
    HOURS_FORM = Error "C002" "hours_form";
    CONTRADICTING_DAYS = Error "C003" "contradicting_days";
}
