use super::{Disposition, disposition, frequency_pause, lookup, table};
use std::time::Duration;

/// Every single code of the reference list.
const CODES: &[i64] = &[
    -1, 40001, 40013, 40014, 41001, 41002, 41004, 42001, 40056, 41011, 48001, 48002, 48004, 48005,
    48006, 48007, 50001, 50002, 50003, 60011, 60020, 60021, 60030, 60031, 301002, 701002, 701008,
    701016, 40078, 40029, 42003, 42022, 84014, 84015, 42012, 40003, 40004, 40005, 40006, 40009,
    40011, 40123, 40007, 40008, 40031, 40033, 40035, 40039, 40050, 86003, 40054, 40055, 40057,
    40058, 40063, 40066, 40068, 40071, 40096, 43004, 43012, 44001, 44004, 45001, 45002, 45007,
    45008, 45032, 45034, 50100, 60003, 60111, 60123, 46004, 60140, 81013, 81017, 84061, 84074,
    84083, 84084, 85002, 86001, 86101, 42052, 40097, 40098, 41054, 40099, 40100, 41046, 41047,
    41048, 41049, 41050, 41051, 41053, 41055, 41058, 41063, 41079, 41064, 41065, 41072, 41078,
    41091, 41093, 41094, 41095, 41096, 95000, 95001, 95002, 95003, 95004, 95005, 95006, 95007,
    95008, 95009, 95011, 95012, 95013, 95014, 95015, 95016, 95017, 95018, 95019, 95022, 95023,
    95026, 95027, 95030, 95031, 95032, 60251, 60252, 60253, 93000, 93004, 93006, 93008, 640019,
    45009, 45033, 45029, 45024,
];

/// Every range of the reference list.
const RANGES: &[(i64, i64)] = &[
    (41006, 41019),
    (82001, 82004),
    (86004, 86008),
    (86201, 86207),
    (86214, 86224),
    (42014, 42020),
    (42027, 42051),
    (41037, 41045),
    (41080, 41082),
    (41088, 41090),
    (90500, 90511),
    (90200, 90208),
    (90456, 90500),
    (90700, 90710),
    (830_001, 830_003),
];

#[test]
fn every_code_of_the_reference_is_known() {
    let ranged = RANGES.iter().flat_map(|&(first, last)| first..=last);
    for code in CODES.iter().copied().chain(ranged) {
        assert!(lookup(code).is_some(), "{code} is missing");
    }
}

#[test]
fn the_table_is_sorted_and_no_code_is_in_two_entries() {
    for pair in table::TABLE.windows(2) {
        assert!(pair[0].last < pair[1].first, "{pair:?}");
    }
    for entry in table::TABLE {
        assert!(entry.first <= entry.last, "{entry:?}");
        assert!(!entry.en.is_empty() && entry.en.is_ascii(), "{entry:?}");
        assert!(!entry.zh.is_empty() && !entry.zh.is_ascii(), "{entry:?}");
    }
}

#[test]
fn codes_beside_a_range_are_unknown_and_given_up() {
    for code in [
        0,
        1,
        41020,
        42053,
        45047,
        90512,
        90711,
        830_004,
        i64::MIN,
        i64::MAX,
    ] {
        assert!(lookup(code).is_none(), "{code}");
        assert_eq!(disposition(code), Disposition::Drop);
    }
}

#[test]
fn only_three_codes_ask_for_a_new_token() {
    let codes: Vec<i64> = table::TABLE
        .iter()
        .filter(|entry| entry.disposition == Disposition::RefreshToken)
        .flat_map(|entry| entry.first..=entry.last)
        .collect();
    assert_eq!(codes, [40014, 41001, 42001]);
}

#[test]
fn known_reactions() {
    let secs = |n| Disposition::Backoff {
        after: Some(Duration::from_secs(n)),
    };
    for (code, expected) in [
        (-1, Disposition::Ambiguous),
        (40001, Disposition::Fix),
        (41011, Disposition::Fix),
        (41012, Disposition::Drop),
        (41051, Disposition::Skip),
        (41063, secs(30)),
        (45009, secs(60)),
        (45033, Disposition::Backoff { after: None }),
        (60020, Disposition::Fix),
        (84061, Disposition::Skip),
        (90500, Disposition::Reload),
        (95018, Disposition::Reload),
    ] {
        assert_eq!(disposition(code), expected, "{code}");
    }
}

#[test]
fn the_pause_grows_from_a_minute_to_a_day() {
    let pauses: Vec<u64> = (1..=6).map(|n| frequency_pause(n).as_secs()).collect();
    assert_eq!(pauses, [60, 60, 3600, 3600, 86400, 86400]);
}
