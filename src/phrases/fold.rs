//! A message as the grammar reads it: one plain form for each character, in the same places,
//! so that what is left over can be taken from the original.

/// A message in both forms.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) folded: Vec<char>,
    original: Vec<char>,
}

/// Traditional characters of the words that the grammar knows, and figures as on a cheque:
/// those that are surnames or verbs too (伍, 陆, 拾) are none of them.
const TRADITIONAL: &[(char, char)] = &[
    ('點', '点'),
    ('號', '号'),
    ('個', '个'),
    ('時', '时'),
    ('鐘', '钟'),
    ('鍾', '钟'),
    ('兩', '两'),
    ('後', '后'),
    ('週', '周'),
    ('過', '过'),
    ('農', '农'),
    ('曆', '历'),
    ('歷', '历'),
    ('陰', '阴'),
    ('閏', '闰'),
    ('臘', '腊'),
    ('節', '节'),
    ('國', '国'),
    ('慶', '庆'),
    ('勞', '劳'),
    ('動', '动'),
    ('兒', '儿'),
    ('聖', '圣'),
    ('誕', '诞'),
    ('陽', '阳'),
    ('間', '间'),
    ('禮', '礼'),
    ('記', '记'),
    ('別', '别'),
    ('鬧', '闹'),
    ('幫', '帮'),
    ('請', '请'),
    ('麼', '么'),
    ('嗎', '吗'),
    ('銷', '销'),
    ('刪', '删'),
    ('條', '条'),
    ('辦', '办'),
    ('遲', '迟'),
    ('轉', '转'),
    ('給', '给'),
    ('這', '这'),
    ('開', '开'),
    ('發', '发'),
    ('設', '设'),
    ('從', '从'),
    ('還', '还'),
    ('貳', '二'),
    ('○', '〇'),
    ('壹', '一'),
    ('贰', '二'),
    ('叁', '三'),
    ('參', '三'),
    ('肆', '四'),
    ('柒', '七'),
    ('捌', '八'),
    ('玖', '九'),
    ('卄', '廿'),
];

impl Text {
    pub(super) fn new(message: &str) -> Self {
        let original: Vec<char> = unaddressed(message.trim()).chars().collect();
        let folded = original.iter().map(|letter| fold(*letter)).collect();
        Self { folded, original }
    }

    /// What was written at these places.
    pub(super) fn original(&self, from: usize, to: usize) -> String {
        self.original[from..to].iter().collect()
    }
}

/// Without the `@机器人 ` at the beginning.
fn unaddressed(message: &str) -> &str {
    let rest = message.strip_prefix('@').and_then(|rest| {
        let (_, rest) = rest.split_once(char::is_whitespace)?;
        Some(rest.trim_start())
    });
    rest.filter(|rest| !rest.is_empty()).unwrap_or(message)
}

/// Full-width letters become half-width, Chinese punctuation Latin, space a space.
fn fold(letter: char) -> char {
    let plain = match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '、' => ',',
        '。' => '.',
        _ if letter.is_whitespace() => ' ',
        _ => letter,
    };
    let known = TRADITIONAL.iter().find(|(from, _)| *from == plain);
    known.map_or(plain, |(_, to)| *to).to_ascii_lowercase()
}

/// A place in a folded message from which the grammar reads on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    letters: &'t [char],
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(letters: &'t [char], at: usize) -> Self {
        Self { letters, at }
    }

    pub(super) fn rest(&self) -> &'t [char] {
        &self.letters[self.at.min(self.letters.len())..]
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn before(&self) -> Option<char> {
        self.letters.get(self.at.checked_sub(1)?).copied()
    }

    /// Takes a word if it stands here.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let len = word.chars().count();
        let stands =
            self.rest().len() >= len && self.rest().iter().zip(word.chars()).all(|(a, b)| *a == b);
        if stands {
            self.at += len;
        }
        stands
    }

    /// Takes the first of these words that stands here. Longer words come first.
    pub(super) fn eat_any<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().find(|word| self.eat(word)).copied()
    }

    /// Takes the first pair whose word stands here.
    pub(super) fn eat_of<V: Copy>(&mut self, words: &[(&str, V)]) -> Option<V> {
        let found = words.iter().find(|(word, _)| self.eat(word));
        found.map(|(_, value)| *value)
    }

    /// Takes the letter that stands here if it is one of these.
    pub(super) fn eat_letter(&mut self, letters: &str) -> Option<char> {
        let letter = *self.rest().first()?;
        letters.contains(letter).then(|| {
            self.at += 1;
            letter
        })
    }

    pub(super) fn skip_spaces(&mut self) {
        while self.eat(" ") {}
    }

    /// Whether one of these words stands here.
    pub(super) fn sees(&self, words: &[&str]) -> bool {
        let mut look = *self;
        look.eat_any(words).is_some()
    }
}
