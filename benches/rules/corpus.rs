//! Keywords, messages and rule files, the same on every run.

use std::collections::BTreeSet;

/// Frequent characters, the most frequent first: texts and keywords are drawn from these, so
/// that they share beginnings as real ones do.
const FREQUENT: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动\
同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当\
使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比\
或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设\
及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队\
南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白\
教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需\
段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便\
团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属\
圆包火住调满县局照参红细引听该铁价严";

/// The same characters in both scripts.
const SIMPLIFIED: &str = "这个们来时说对会发过还没问开关样门点国学书车东见气电话实";
const TRADITIONAL: &str = "這個們來時說對會發過還沒問開關樣門點國學書車東見氣電話實";

/// A small generator of numbers; the stream depends on the seed alone.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Draws characters: the first ones often, the last ones seldom.
struct Script {
    chars: Vec<char>,
}

impl Script {
    fn new() -> Self {
        let chars = FREQUENT.chars().collect();
        Self { chars }
    }

    fn draw(&self, numbers: &mut Numbers) -> char {
        let end = self.chars.len();
        let limit = numbers.below(end) + 1;
        self.chars[numbers.below(limit)]
    }
}

/// So many different keywords. A shorter list is the beginning of a longer one.
pub(crate) fn keywords(count: usize) -> Vec<String> {
    let script = Script::new();
    let mut numbers = Numbers::new(1);
    let mut seen = BTreeSet::new();
    let mut words = Vec::with_capacity(count);
    while words.len() < count {
        let word = if numbers.chance(8) {
            format!("a{}-{}", numbers.below(100), numbers.below(10_000))
        } else {
            // Two characters are the commonest keyword, but there are not 100,000 of them.
            let length = match words.len() {
                0..1000 => 2 + numbers.below(3),
                _ => 3 + numbers.below(4),
            };
            (0..length).map(|_| script.draw(&mut numbers)).collect()
        };
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// Chat messages of 4 to 40 characters. Half hold one of so many keywords, any of them; many
/// are written in another width, case or script, with spaces, signs and emoji.
pub(crate) fn messages(count: usize, planted: usize) -> Vec<String> {
    let script = Script::new();
    let words = keywords(planted);
    let mut numbers = Numbers::new(2);
    (0..count)
        .map(|_| {
            let length = 4 + numbers.below(36);
            let mut text: String = (0..length).map(|_| script.draw(&mut numbers)).collect();
            if numbers.chance(50) {
                text.push_str(&words[numbers.below(words.len())]);
            }
            mixed(&text, &mut numbers)
        })
        .collect()
}

fn mixed(text: &str, numbers: &mut Numbers) -> String {
    let mut out = String::new();
    let traditional = numbers.chance(10);
    let wide = numbers.chance(30);
    for c in text.chars() {
        let other = SIMPLIFIED.chars().position(|one| one == c);
        match other {
            Some(at) if traditional => out.extend(TRADITIONAL.chars().nth(at)),
            _ if wide && c.is_ascii_graphic() => {
                out.extend(char::from_u32(u32::from(c) + 0xFEE0));
            }
            _ => out.push(c),
        }
        match numbers.below(100) {
            0..4 => out.push('，'),
            4..7 => out.push(' '),
            7 => out.push_str(" OK "),
            8 => out.push_str("１２"),
            _ => {}
        }
    }
    match numbers.below(10) {
        0..3 => out.push('？'),
        3..5 => out.push('！'),
        5 => out.push('😊'),
        _ => {}
    }
    out
}

/// How keywords are spread over rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Rules in all.
    pub(crate) rules: usize,
    /// Keywords of each.
    pub(crate) words: usize,
}

impl Spread {
    pub(crate) fn keywords(self) -> usize {
        self.rules * self.words
    }
}

/// Rules in one file.
const PER_FILE: usize = 2000;

/// Rule files as an operator writes them.
pub(crate) fn rule_files(spread: Spread) -> Vec<(String, String)> {
    let words = keywords(spread.keywords());
    let rules: Vec<&[String]> = words.chunks(spread.words).collect();
    let mut files = Vec::new();
    for (number, rules) in rules.chunks(PER_FILE).enumerate() {
        let mut text = "version: 1\nrules:\n".to_owned();
        for (at, words) in rules.iter().enumerate() {
            let id = number * PER_FILE + at;
            let list = words.join(", ");
            let cooldown = if at % 3 == 0 {
                "    cooldown: 30m\n"
            } else {
                ""
            };
            text.push_str(&format!(
                "  - id: 规则{id}\n    when: {{any: [{list}]}}\n{cooldown}    do:\n      - tag: 意向/第{}类\n      - reply: 好的\n\n",
                id % 50
            ));
        }
        files.push((format!("规则{number:03}.yaml"), text));
    }
    files
}
