//! ④ From timers and plans to the inbox: what we gave ourselves to do comes in like everything
//! else.

pub mod runs;
pub mod worker;
