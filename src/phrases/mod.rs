//! What members say to the app about reminders, in Chinese: what is to be done, and when.
//!
//! A grammar, not a list of sentences: a message is cut into pieces of time (`atom`), the
//! pieces that stand together make an expression, and the expression is given a meaning by
//! the clock, the zone and the calendar. What is left over is what is to be done. Where a
//! time can be meant in two ways, the answer is a question.

mod about;
mod answer;
mod atom;
mod clock;
mod command;
mod correct;
mod dates;
mod day;
mod deadline;
mod denied;
mod doubt;
mod due;
mod edges;
mod every;
mod expression;
mod feast;
mod fold;
mod given;
mod month;
mod moved;
mod number;
mod recurring;
mod resolve;
mod settled;
#[cfg(test)]
mod tests;
mod to_do;
mod trigger;
mod wait;
mod wish;

use jiff::tz::TimeZone;

pub use about::{About, Extent, about};
pub use answer::{answer, declines, is_courtesy};
pub use correct::{correction, may_correct, of_this};
pub use given::receiver_of;
pub use moved::Move;
pub use recurring::{next, next_of};
pub use settled::{is_over_with, says_done};
pub use wish::{is_too_long, perhaps, understand, wishes};

use crate::domain::clock::UnixMillis;
pub use crate::domain::reminder::{Asks, Question, When};
use crate::rules::Calendar;

/// What times are meant by.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// When it was said.
    pub now: UnixMillis,
    /// In which zone.
    pub zone: &'a TimeZone,
    /// Which days are working days.
    pub calendar: &'a Calendar,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// To be reminded.
    Remind {
        /// When.
        when: When,
        /// Of what.
        what: String,
    },
    /// To see their reminders: those due in one of these times, or all.
    List(Vec<(UnixMillis, UnixMillis)>),
    /// To be rid of some.
    Cancel(Which),
    /// Some are done.
    Done(Which),
    /// To be reminded later.
    Snooze {
        /// Of which.
        which: Which,
        /// To when.
        until: Move,
    },
    /// Another text for some.
    Rename {
        /// Which.
        which: Which,
        /// What they say then.
        what: String,
    },
    /// Other words in the text of some: `不是张三，是李四`.
    Replace {
        /// Which.
        which: Which,
        /// What was wrong.
        from: String,
        /// What is right.
        to: String,
    },
    /// To give some to somebody else.
    HandOver {
        /// Which.
        which: Which,
        /// A member or a group of them, as it was said.
        to: String,
    },
    /// Nothing, after a question of ours.
    Never,
    /// A reminder, but something about it is not clear.
    Ask(Question),
    /// A reminder at a time that does not exist.
    NoSuchTime,
    /// A reminder that comes more often than is good.
    TooOften,
    /// Something that reminders cannot do.
    Cannot(Cannot),
    /// Something about reminders that exist, but what is not clear.
    Unclear,
}

/// What reminders cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cannot {
    /// To rest for a while.
    Pause,
    /// To remind somebody else as well.
    Another,
    /// To come on days of each lunar month.
    LunarMonth,
    /// To end by themselves.
    End,
}

/// Which reminders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with these numbers.
    Numbers(Vec<u32>),
    /// All.
    All,
    /// Those of which something was said.
    About(About),
    /// All, if there are so many: `两个都`.
    Both(u32),
    /// It was not said.
    Unsaid,
}
