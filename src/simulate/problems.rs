//! Kinds of findings about rule tests.

crate::diagnostic::kinds! {
    TESTS_UNREADABLE = Error "X001" "tests_unreadable";
    UNKNOWN_CONTACT = Error "X002" "unknown_contact";
    UNKNOWN_RULE = Error "X003" "unknown_rule";
    NO_SUCH_TEMPLATE = Error "X004" "no_such_template";
    NO_SUCH_NAME = Error "X005" "no_such_name";
    UNKNOWN_REASON = Error "X006" "unknown_reason";
    CLOCK_BACK = Error "X007" "clock_back";
    TWO_DEEDS = Error "X008" "two_deeds";
    UNKNOWN_EVENT = Error "X009" "unknown_event";
    NOTHING_EXPECTED = Warning "X010" "nothing_expected";
    SAME_TEST = Warning "X011" "same_test";
    TEST_VERSION = Error "X012" "test_version";
    NO_SUCH_SOP = Error "X013" "no_such_sop";
    FAILED = Error "X020" "test_failed";
    TOO_MUCH = Error "X021" "tests_too_much";
    RUNAWAY = Error "X022" "test_runaway";
}
