//! A stateful stand-in for the WeCom server API.
