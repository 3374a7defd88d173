//! Kinds of findings about rule tests.

crate::diagnostic::kinds! {
    TESTS_UNREADABLE = Error "E001" "tests_unreadable";
    UNKNOWN_CONTACT = Error "E002" "unknown_contact";
    UNKNOWN_RULE = Error "E003" "unknown_rule";
    NO_SUCH_TEMPLATE = Error "E004" "no_such_template";
    NO_SUCH_NAME = Error "E005" "no_such_name";
    UNKNOWN_REASON = Error "E006" "unknown_reason";
    CLOCK_BACK = Error "E007" "clock_back";
    TWO_DEEDS = Error "E008" "two_deeds";
    UNKNOWN_EVENT = Error "E009" "unknown_event";
    NOTHING_EXPECTED = Warning "E010" "nothing_expected";
    SAME_TEST = Warning "E011" "same_test";
    TEST_VERSION = Error "E012" "test_version";
    NO_SUCH_SOP = Error "E013" "no_such_sop";
    NOT_FALSE = Error "E014" "not_false";
    NO_SUCH_STEP = Error "E015" "no_such_step";
    NO_GROUP = Error "E016" "no_group";
    TWO_TIMES = Error "E017" "two_times";
    FAILED = Error "E020" "test_failed";
    TOO_MUCH = Error "E021" "tests_too_much";
    RUNAWAY = Error "E022" "test_runaway";
}
