//! One scenario through every path, killed right before and right behind each of its writes.
