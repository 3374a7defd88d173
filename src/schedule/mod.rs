//! ④ From timers to the inbox: what we gave ourselves to do comes in like everything else.

pub mod worker;
