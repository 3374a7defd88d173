//! A report as a picture: one bar for each step, in parts.

use crate::app::StepReport;
use crate::cli::output::Terminal;
use crate::cli::words;

const BAR_LEFT: u64 = 230;
const BAR_WIDTH: u64 = 470;
/// So many columns of a terminal fit before a bar, and into the title; a Chinese character
/// takes two.
const LABEL_COLUMNS: usize = 28;
const TITLE_COLUMNS: usize = 80;
/// Chinese first where the machine has it.
const FONTS: &str = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif";
const ROW: u64 = 34;
const TOP: u64 = 64;

/// The parts of a bar: the text that names it, and its colour.
const PARTS: [(&str, &str); 5] = [
    ("sops.part_on_time", "#2a9d5c"),
    ("sops.part_late", "#8fce9f"),
    ("sops.part_skipped", "#c9ced6"),
    ("sops.part_waiting", "#f0c05a"),
    ("sops.part_exited", "#8a93a3"),
];

/// The whole picture.
pub(super) fn svg(title: &str, steps: &[StepReport], terminal: &Terminal) -> String {
    let most = steps
        .iter()
        .map(|step| step.targets)
        .max()
        .unwrap_or(0)
        .max(1);
    let rows = u64::try_from(steps.len()).unwrap_or_default();
    let height = TOP + rows.max(1) * ROW + 12;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"780\" height=\"{height}\" \
         viewBox=\"0 0 780 {height}\" font-family=\"{FONTS}\" font-size=\"13\">\n\
         <rect width=\"780\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">{}</text>\n",
        escaped(&words::cut(title, TITLE_COLUMNS))
    );
    legend(&mut out, terminal);
    if steps.is_empty() {
        let nothing = terminal.lang.text("sops.no_rows", &[("id", title)]);
        out.push_str(&format!(
            "<text x=\"12\" y=\"{}\" fill=\"#6a7280\">{}</text>\n",
            TOP + 18,
            escaped(&nothing)
        ));
    }
    let mut y = TOP;
    for step in steps {
        bar(&mut out, step, most, y);
        y += ROW;
    }
    out.push_str("</svg>");
    out
}

fn legend(out: &mut String, terminal: &Terminal) {
    let mut x = 12;
    for (key, colour) in PARTS {
        let text = terminal.lang.text(key, &[]);
        out.push_str(&format!(
            "<rect x=\"{x}\" y=\"38\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"49\">{}</text>\n",
            x + 17,
            escaped(&text)
        ));
        x += 120;
    }
}

fn bar(out: &mut String, step: &StepReport, most: u64, y: u64) {
    let name = step.name.as_deref().unwrap_or_default();
    let label = format!("{} {name}", step.step + 1);
    out.push_str(&format!(
        "<text x=\"12\" y=\"{}\">{}<title>{}</title></text>",
        y + 18,
        escaped(&words::cut(label.trim_end(), LABEL_COLUMNS)),
        escaped(label.trim_end())
    ));
    let skipped = step.skipped.values().sum();
    let counts = [step.on_time, step.late, skipped, step.waiting, step.exited];
    let mut before = 0;
    for (count, (_, colour)) in counts.into_iter().zip(PARTS) {
        let (from, to) = (
            before * BAR_WIDTH / most,
            (before + count) * BAR_WIDTH / most,
        );
        before += count;
        if count > 0 {
            out.push_str(&format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"20\" fill=\"{colour}\">\
                 <title>{count}</title></rect>",
                BAR_LEFT + from,
                y + 4,
                (to - from).max(1)
            ));
        }
    }
    out.push_str(&format!(
        "<text x=\"{}\" y=\"{}\">{}</text>\n",
        BAR_LEFT + step.targets * BAR_WIDTH / most + 8,
        y + 18,
        step.targets
    ));
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::svg;
    use crate::app::StepReport;
    use crate::cli::output::Terminal;
    use crate::lang::Lang;

    #[test]
    fn bars_are_as_long_as_their_counts_and_names_are_text() {
        let mut whole = StepReport {
            name: Some("<预热>".to_owned()),
            targets: 10,
            on_time: 4,
            late: 1,
            ..StepReport::default()
        };
        whole.skipped.insert("quiet hours".to_owned(), 5);
        let half = StepReport {
            step: 1,
            targets: 5,
            waiting: 5,
            ..StepReport::default()
        };
        let picture = svg("双十二", &[whole, half], &Terminal::new(Lang::Zh));
        assert!(picture.contains("1 &lt;预热&gt;"), "{picture}");
        assert!(picture.contains("width=\"188\""), "4 of 10: {picture}");
        assert_eq!(picture.matches("width=\"235\"").count(), 2, "5 of 10");
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>"));
    }

    #[test]
    fn a_long_name_ends_before_its_bar_and_nothing_says_so() {
        let long = StepReport {
            name: Some("一个名字长得放不下的步骤还要再长一点".to_owned()),
            targets: 1,
            on_time: 1,
            ..StepReport::default()
        };
        let picture = svg("长", &[long], &Terminal::new(Lang::Zh));
        assert!(
            picture.contains(">1 一个名字长得放不下的步骤…<"),
            "{picture}"
        );
        let empty = svg("空", &[], &Terminal::new(Lang::Zh));
        assert!(empty.contains("fill=\"#6a7280\">"), "{empty}");
        assert!(empty.contains("height=\"110\""), "room for a line: {empty}");
    }
}
