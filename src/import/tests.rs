use super::grid::Place;
use super::{Found, grid, rows, write};
use crate::lang::Lang;

const SHEET: &str = "\
关键词,匹配,回复,标签,时段,渠道,优先级,冷却,规则名,备注,排除词
发票、开票；报销,模糊,\"第一行
第二行\",意向/发票,工作时间,客服,60,30 分钟,开发票,财务要求,不要发票
^\\d{6}$,正则,售后/退款说明,,,,,,,,
";

fn read(text: &str) -> (String, Vec<String>) {
    let mut found = Found::default();
    let cells = grid(text.as_bytes(), None, &mut found).unwrap_or_default();
    let rows = rows(&cells, &["售后/退款说明"], "导入", &mut found);
    let written = write(&rows, "导入", &[]);
    let told = found.in_order("表.csv");
    let told = told
        .iter()
        .map(|each| format!("{} {}", each.code, each.headline(Lang::Zh)));
    (written.rules, told.collect())
}

#[test]
fn a_sheet_becomes_rules() {
    let (rules, told) = read(SHEET);
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(
        rules,
        "version: 1

defaults: {stop: true}

rules:
  # 财务要求
  - id: 导入-开发票
    name: 开发票
    priority: 60
    channel: [kf]
    hours: 工作时间
    when:
      match: contains
      any: [发票, 开票, 报销]
      none: [不要发票]
    cooldown: 30分钟
    do:
      - tag: [意向/发票]
      - reply: 导入/开发票
  - id: \"导入-^\\\\d{6}$\"
    when:
      regex: \"^\\\\d{6}$\"
    do:
      - reply: 售后/退款说明
"
    );
}

#[test]
fn every_line_knows_its_cell_and_texts_become_templates() {
    let mut found = Found::default();
    let cells = grid(SHEET.as_bytes(), None, &mut found).expect("cells");
    let rows = rows(&cells, &["售后/退款说明"], "导入", &mut found);
    let written = write(&rows, "导入", &["甲".to_owned()]);
    assert_eq!(written.rules.lines().count(), written.lines.len());
    let line = |text: &str| {
        let at = written.rules.lines().position(|line| line.contains(text));
        written.cell(at.expect(text) + 1).expect("a cell").name()
    };
    assert_eq!(line("any: [发票"), "A2");
    assert_eq!(line("hours:"), "E2");
    assert_eq!(line("reply: 售后"), "C3");
    assert_eq!(written.templates["导入/开发票"], "第一行\n第二行\n");
    assert_eq!(written.cells["导入/开发票"].name(), "C2");
}

#[test]
fn every_mistake_is_told_at_its_cell_in_one_run() {
    let (_, told) = read(
        "关键词,匹配,回覆,标签,渠道,优先级,冷却,标签\n\
         ,模湖,好,a/b,微信,高,30,\n\
         物流,,,,,,,\n",
    );
    let codes: Vec<_> = told
        .iter()
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    assert_eq!(
        codes,
        [
            "I005 表.csv C1",
            "I006 表.csv H1",
            "I008 表.csv A2",
            "I010 表.csv B2",
            "I011 表.csv E2",
            "I012 表.csv F2",
            "I013 表.csv G2",
            "I009 表.csv A3",
        ],
        "{told:#?}"
    );
}

#[test]
fn cells_that_would_shift_or_get_lost_are_errors() {
    for (text, told) in [
        (
            "关键词,匹配,回复\n\n退款,,好的,马上办\n发票,模湖,好\n",
            vec![
                "I017 表.csv D3: 第 3 行有 4 格，表头只有 3 格",
                "I010 表.csv B4: 不认识的匹配方式 `模湖`",
            ],
        ),
        (
            "关键词,回复\n退款,好\n发票,\"您好\n物流,在路上\n",
            vec!["I018 表.csv B3: 从这一格起，双引号没有关上"],
        ),
        (
            "关键词,回复,\n退款,好,老王\n发票,好,老李\n",
            vec!["I019 表.csv C2: `老王` 这一列没有表头，不会导入"],
        ),
        ("关键词,回复\n退款,\"好的,\n\"\"马上\"\"办\"\n\n", vec![]),
    ] {
        assert_eq!(read(text).1, told, "{text}");
    }
}

/// An `.xlsx` with one sheet.
fn book(sheet: &str) -> Vec<u8> {
    use std::io::Write as _;
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let workbook = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINKS}\"><sheets>\
         <sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let link = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
             <Relationship Id=\"rId1\" Type=\"{LINKS}/{kind}\" Target=\"{target}\"/>\
             </Relationships>"
        )
    };
    let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{sheet}</sheetData></worksheet>");
    for (name, content) in [
        ("_rels/.rels", link("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", workbook),
        (
            "xl/_rels/workbook.xml.rels",
            link("worksheet", "worksheets/sheet1.xml"),
        ),
        ("xl/worksheets/sheet1.xml", sheet),
    ] {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).expect("a part");
        zip.write_all(content.as_bytes()).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn a_made_up_workbook_is_refused_and_nothing_panics() {
    let cell = |place: &str| {
        book(&format!(
            "<row r=\"1\"><c r=\"{place}\" t=\"str\"><v>关键词</v></c></row>"
        ))
    };
    let mut found = Found::default();
    let good = grid(&cell("A1"), None, &mut found).expect("a good one");
    assert_eq!(good[0].text, "关键词");
    for place in ["A99999999999", "ZZZZZZZZZZ1", "A0"] {
        let mut found = Found::default();
        // Where sums may overflow the place is another one, far outside of the limits.
        let read = grid(&cell(place), None, &mut found);
        assert!(read.is_none_or(|cells| cells.len() <= 1), "{place}");
        let found = found.in_order("f");
        assert!(found.iter().all(|one| ["I001", "I002"].contains(&one.code)));
        assert!(!found.is_empty() || place == "ZZZZZZZZZZ1", "{place}");
    }
}

#[test]
fn what_is_no_table_is_refused() {
    for (text, code) in [
        ("", "I004"),
        ("甲,乙\n1,2\n", "I004"),
        ("关键词,回复\n", "I016"),
        ("回复\n好\n", "I007"),
        ("关键词,回复\n退款,售后/退款说眀\n", "I015"),
        ("PK\u{3}\u{4}nothing", "I001"),
    ] {
        let (_, told) = read(text);
        assert!(
            told.iter().any(|line| line.starts_with(code)),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn excels_own_csv_is_read() {
    let text = "关键词;回复\n退款;好的\n";
    let utf8 = read(text).0;
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    let utf16: Vec<u8> = "\u{FEFF}关键词\t回复\n退款\t好的\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [gbk.as_ref(), &utf16, format!("\u{FEFF}{text}").as_bytes()] {
        let mut found = Found::default();
        let cells = grid(bytes, None, &mut found).expect("cells");
        let rows = rows(&cells, &[], "导入", &mut found);
        assert!(!found.has_errors(), "{found:?}");
        assert_eq!(write(&rows, "导入", &[]).rules, utf8);
    }
}

#[test]
fn there_are_limits() {
    let rows_of = |count| format!("关键词,回复\n{}", "退款,好\n".repeat(count));
    let mut found = Found::default();
    let most = grid(rows_of(20_000).as_bytes(), None, &mut found);
    assert_eq!(most.map(|cells| cells.len()), Some(40_002), "{found:?}");
    let many = rows_of(20_001);
    let wide = format!("关键词,回复{}\n", ",x".repeat(70));
    let long = format!("关键词,回复\n退款,{}\n", "长".repeat(40_000));
    let large = "x".repeat(17 * 1024 * 1024);
    for text in [many, wide, long, large] {
        let mut found = Found::default();
        assert_eq!(grid(text.as_bytes(), None, &mut found), None);
        let codes: Vec<_> = found.in_order("f").iter().map(|each| each.code).collect();
        assert_eq!(codes, ["I002"]);
    }
}

#[test]
fn a_small_file_that_unfolds_into_a_large_one_is_refused() {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/sharedStrings.xml", options)
        .expect("a part");
    let zeros = vec![b' '; 1024 * 1024];
    for _ in 0..129 {
        zip.write_all(&zeros).expect("written");
    }
    let bytes = zip.finish().expect("an archive").into_inner();
    assert!(bytes.len() < 1024 * 1024);
    let mut found = Found::default();
    assert_eq!(grid(&bytes, None, &mut found), None);
    assert_eq!(found.in_order("f")[0].code, "I002");
}

#[test]
fn places_are_named_as_in_a_sheet() {
    for (row, column, name) in [
        (0, 0, "A1"),
        (6, 1, "B7"),
        (0, 25, "Z1"),
        (0, 26, "AA1"),
        (1, 701, "ZZ2"),
    ] {
        assert_eq!(Place { row, column }.name(), name);
    }
}
