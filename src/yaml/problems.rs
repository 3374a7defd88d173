//! Kinds of findings in any YAML file.

crate::diagnostic::kinds! {
    NOT_UTF8 = Error "Y001" "not_utf8";
    UTF16 = Error "Y002" "utf16";
    BOM = Warning "Y003" "bom";
    TOO_LARGE = Error "Y004" "too_large";
    TAB = Error "Y010" "tab";
    WIDE_COLON = Error "Y011" "wide_colon";
    WIDE_COMMA = Error "Y012" "wide_comma";
    WIDE_QUOTE = Error "Y013" "wide_quote";
    WIDE_SPACE = Error "Y014" "wide_space";
    SWALLOWED = Error "Y015" "swallowed";
    ANCHOR = Error "Y016" "anchor";
    SECOND_DOCUMENT = Error "Y017" "second_document";
    SYNTAX = Error "Y018" "syntax";
    TYPE_TAG = Error "Y019" "type_tag";
    UNKNOWN_KEY = Error "Y020" "unknown_key";
    DUPLICATE_KEY = Error "Y021" "duplicate_key";
    MISSING_KEY = Error "Y022" "missing_key";
    WRONG_SHAPE = Error "Y023" "wrong_shape";
    WRONG_CHOICE = Error "Y024" "wrong_choice";
    LATER = Error "Y025" "later";
    EMPTY = Error "Y026" "empty";
    ONE_KEY = Error "Y027" "one_key";
    LOOKS_LIKE = Warning "Y028" "looks_like";
    KEY_NOT_TEXT = Error "Y029" "key_not_text";
    BARE_COMPARE = Error "Y030" "bare_compare";
    TOO_DEEP = Error "Y031" "too_deep";
    TOO_MANY = Error "Y032" "too_many";
    CONTROL = Error "Y033" "control";
    INVISIBLE = Error "Y034" "invisible";
    DASH_SPACE = Error "Y035" "dash_space";
    COLON_SPACE = Error "Y036" "colon_space";
    WIDE_BRACKET = Error "Y037" "wide_bracket";
    ONE_WORD = Error "Y038" "one_word";
    NOT_SEPARATED = Warning "Y039" "not_separated";
    WIDE_SIGN = Error "Y040" "wide_sign";
    NO_COLON = Error "Y042" "no_colon";
    ENDING_SIGN = Warning "Y043" "ending_sign";
    OTHER_YAML = Warning "Y041" "other_yaml";
}
