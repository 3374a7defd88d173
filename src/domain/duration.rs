//! Durations as people write them in files: `30s`, `10m`, `4h`, `1d`, `1h30m`.

use std::time::Duration;

/// Reads a duration. `None` if it is not one, is zero-length text, or overflows.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let secs = match unit {
            's' | '秒' => 1,
            'm' | '分' => 60,
            'h' | '时' => 3600,
            'd' | '天' => 86_400,
            'w' | '周' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(secs)?)?;
        rest = rest[digits + unit.len_utf8()..].trim_start();
    }
    Some(Duration::from_secs(total))
}

/// Writes a duration the way [`parse_duration`] reads it.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut secs = duration.as_secs();
    let mut out = String::new();
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if secs >= size {
            out.push_str(&format!("{}{unit}", secs / size));
            secs %= size;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::{format_duration, parse_duration};
    use std::time::Duration;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_duration("30m"), Some(Duration::from_secs(1800)));
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("7天"), Some(Duration::from_secs(604_800)));
        for wrong in ["", "m", "3", "3x", "-1m", "1.5h", "99999999999999999999d"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for secs in [0, 1, 59, 60, 5400, 86_400, 90_061] {
            let text = format_duration(Duration::from_secs(secs));
            assert_eq!(
                parse_duration(&text),
                Some(Duration::from_secs(secs)),
                "{text}"
            );
        }
    }
}
