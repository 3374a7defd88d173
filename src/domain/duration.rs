//! Durations as people write them in files: `30s`, `10m`, `4h`, `1d`, `1h30m`.

use std::time::Duration;

/// Reads a duration. `None` if it is not one, or is longer than a hundred years.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c.is_whitespace())
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "s" | "秒" => 1,
            "m" | "分" | "分钟" => 60,
            "h" | "小时" => 3600,
            "d" | "天" => 86_400,
            "w" | "周" => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = rest[end..].trim_start();
    }
    // Beyond a hundred years something else was meant.
    (total <= 100 * 366 * 86_400).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::parse_duration;
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
}
