//! Kinds of findings in templates.

crate::diagnostic::kinds! {
    SAME_NAME = Error "T001" "same_name";
    OTHER_FILE = Warning "T002" "other_file";
    TEMPLATE_SYNTAX = Error "T003" "template_syntax";
    UNKNOWN_VARIABLE = Error "T004" "unknown_variable";
    MAY_BE_MISSING = Warning "T005" "may_be_missing";
    UNKNOWN_FILTER = Error "T006" "unknown_filter";
    LONG_TEXT = Warning "T007" "long_text";
    MEDIA_PATH = Error "T008" "media_path";
    MEDIA_MISSING = Error "T009" "media_missing";
    MEDIA_SIZE = Error "T010" "media_size";
    MEDIA_FORM = Error "T011" "media_form";
    EMPTY_TEMPLATE = Error "T012" "empty_template";
    MENU_SIZE = Error "T013" "menu_size";
    CARD_TYPE = Error "T014" "card_type";
    MANY_MESSAGES = Warning "T015" "many_messages";
    TEMPLATE_FAILS = Error "T016" "template_fails";
    MANY_VARIABLES = Error "T018" "many_variables";
    LARGE_TEMPLATE = Error "T019" "large_template";
    WIDE_BRACE = Error "T020" "wide_brace";
    SINGLE_BRACE = Warning "T021" "single_brace";
    NEAR_VARIABLE = Warning "T022" "near_variable";
    TEMPLATES_UNREADABLE = Error "T017" "templates_unreadable";
}
