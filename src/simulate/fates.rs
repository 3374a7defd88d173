//! Why a step of an SOP is put off or left out: the words of test files, which are the keys of
//! the plan that want it so, and what the agent itself says.

/// The word, and the reasons that it stands for.
const WORDS: &[(&str, &[&str])] = &[
    ("quiet", &["quiet hours"]),
    ("limits", &["the limit of messages is reached"]),
    ("do_not_disturb", &["they do not want to be disturbed"]),
    ("if", &["its condition does not hold"]),
    ("exclude", &["they are excluded from it"]),
    ("audience", &["it is not for them any more"]),
    ("nobody", &[super::preview::NOBODY]),
    ("ended", &["it is over for them"]),
    ("run_before", &["they are still in the run before"]),
    ("next_phase", &["the next phase came first"]),
    ("paused", &["the plan is paused"]),
    ("off", &["the plan is switched off"]),
    (
        "past",
        &[
            "its date was over when they began",
            "its date was over when it was approved",
        ],
    ),
    (
        "missed",
        &[
            "it was missed",
            "it was missed, and the next one is due already",
            "it was missed: the server was down",
        ],
    ),
    ("no_time", &["there is no time at which it may be said"]),
];

/// All words.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    WORDS.iter().map(|(word, _)| *word)
}

/// The word for a reason; the reason itself where there is none.
pub(super) fn word(reason: &str) -> &str {
    let known = WORDS.iter().find(|(_, reasons)| reasons.contains(&reason));
    known.map_or(reason, |(word, _)| word)
}
