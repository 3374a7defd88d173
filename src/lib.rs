//! wecom-agent
