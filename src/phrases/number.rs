//! Numbers: `15`, `十五`, `两`, `二〇二六`, `廿三`, `一百二十`.

use super::fold::Cursor;

/// Beyond this nothing is a number of a time.
const MOST: u32 = 100_000;

/// A whole number that stands here.
pub(super) fn whole(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut look = *cursor;
    let value = latin(&mut look).or_else(|| chinese(&mut look))?;
    *cursor = look;
    Some(value)
}

fn latin(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut value: Option<u32> = None;
    while let Some(digit) = cursor.eat_letter("0123456789") {
        let next = value.unwrap_or(0).saturating_mul(10) + digit.to_digit(10)?;
        value = Some(next.min(MOST));
    }
    value
}

/// The value of one Chinese digit.
pub(super) fn digit(letter: char) -> Option<u32> {
    Some(match letter {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn chinese(cursor: &mut Cursor<'_>) -> Option<u32> {
    let letters = cursor.rest();
    let known = |letter: &char| digit(*letter).is_some() || "十百廿卅".contains(*letter);
    let len = letters.iter().take_while(|letter| known(letter)).count();
    let run = letters.get(..len).filter(|run| !run.is_empty())?;
    let composed = run.iter().any(|letter| "十百廿卅".contains(*letter));
    let (value, taken) = if composed { compose(run) } else { spell(run) };
    cursor.at += taken;
    Some(value)
}

/// `二〇二六`, digit by digit.
fn spell(run: &[char]) -> (u32, usize) {
    let digits = run.iter().filter_map(|letter| digit(*letter));
    let value = digits.fold(0_u32, |value, digit| {
        value.saturating_mul(10).saturating_add(digit).min(MOST)
    });
    (value, run.len())
}

/// `一百二十三`: hundreds, tens, ones. Stops where the next number begins.
fn compose(run: &[char]) -> (u32, usize) {
    let (mut total, mut open, mut scale) = (0_u32, None, 1_000_u32);
    let mut taken = 0;
    for letter in run {
        let unit = match letter {
            '百' => Some(100),
            '十' => Some(10),
            '廿' => Some(20),
            '卅' => Some(30),
            _ => None,
        };
        match (unit, digit(*letter)) {
            // 零 only holds a place.
            (None, Some(0)) if open.is_none() => {}
            (None, Some(digit)) if open.is_none() && scale > 1 => {
                open = Some(digit);
            }
            (Some(unit @ (20 | 30)), _) if open.is_none() && scale > 10 => {
                total += unit;
                scale = 10;
            }
            (Some(unit @ (10 | 100)), _) if unit < scale => {
                total += open.take().unwrap_or(1) * unit;
                scale = unit;
            }
            _ => break,
        }
        taken += 1;
    }
    (total + open.unwrap_or(0), taken)
}

#[cfg(test)]
mod tests {
    use super::whole;
    use crate::phrases::fold::{Cursor, Text};

    fn read(text: &str) -> Option<(u32, usize)> {
        let text = Text::new(text);
        let mut cursor = Cursor::new(&text.folded, 0);
        whole(&mut cursor).map(|value| (value, cursor.at))
    }

    #[test]
    fn numbers_in_both_scripts() {
        assert_eq!(read("15点"), Some((15, 2)));
        assert_eq!(read("１５点"), Some((15, 2)));
        assert_eq!(read("十五"), Some((15, 2)));
        assert_eq!(read("二十三点"), Some((23, 3)));
        assert_eq!(read("廿三"), Some((23, 2)));
        assert_eq!(read("两点"), Some((2, 1)));
        assert_eq!(read("二〇二六年"), Some((2026, 4)));
        assert_eq!(read("一百二十"), Some((120, 4)));
        assert_eq!(read("一百零五"), Some((105, 4)));
        assert_eq!(read("零五"), Some((5, 2)));
        assert_eq!(read("三十"), Some((30, 2)));
        assert_eq!(read("卅"), Some((30, 1)));
        assert_eq!(read("点"), None);
        assert_eq!(read("99999999999999"), Some((100_000, 14)));
    }
}
