//! What text of every script is broken, ordered, set and warned of like.

use std::collections::BTreeSet;
use std::sync::Arc;

use unicode_bidi::ParagraphBidiInfo;

use super::bidi::is_control;
use super::*;
use crate::layout::fixtures::{font_set, noto, span, spans, text};
use crate::template::scene::{LineHeight, TextDirection};

fn lines(block: &TextBlock) -> Vec<&str> {
    block.lines.iter().map(|line| line.line.text()).collect()
}

/// The characters of a line as they stand from left to right; one glyph for each is expected.
fn as_seen(line: &ShapedLine) -> String {
    let content = line.buffer.lines[0].text();
    let mut glyphs: Vec<_> = line.buffer.layout_runs().flat_map(|run| run.glyphs).collect();
    glyphs.sort_by(|a, b| a.x.total_cmp(&b.x));
    let seen = glyphs.into_iter().filter(|glyph| glyph.w > 0.0);
    seen.map(|glyph| content[glyph.start..glyph.end].chars().filter(|c| !is_control(*c)).collect::<String>()).collect()
}

#[test]
fn words_of_scripts_without_spaces_are_found() {
    let mut shaper = Shaper::new(noto());
    let mut broken = |content: &str, width: f32| {
        let block = shaper.set(&text(content, 20.0), Some(width), None);
        assert_eq!(block.faults, [], "{content}");
        lines(&block).join("|")
    };
    assert_eq!(broken("กาแฟสดคั่วบดใหม่ทุกวัน", 70.0), "กาแฟสด|คั่วบด|ใหม่ทุก|วัน");
    assert_eq!(broken("ສະບາຍດີຊາວໂລກ", 80.0), "ສະບາຍດີ|ຊາວໂລກ");
    assert_eq!(broken("សួស្តីពិភពលោក", 95.0), "សួស្តី|ពិភពលោក");
    assert_eq!(broken("မြန်မာဘာသာစကား", 80.0), "မြန်မာ|ဘာသာ|စကား");
}

#[test]
fn balanced_lines_are_about_equally_long_and_no_more() {
    let mut shaper = Shaper::new(noto());
    let mut broken = |content: &str, balance: bool, max_lines: Option<u32>| {
        let text = Text { balance, max_lines, ..text(content, 20.0) };
        let block = shaper.set(&text, Some(200.0), None);
        (lines(&block).join("|"), block.faults)
    };
    assert_eq!(broken("Guardian Blue Chalk Bag", false, None).0, "Guardian Blue Chalk|Bag");
    assert_eq!(broken("Guardian Blue Chalk Bag", true, None).0, "Guardian Blue|Chalk Bag");
    assert_eq!(broken("Guardian Blue Chalk Bag", true, Some(2)), ("Guardian Blue|Chalk Bag".into(), vec![]));
    assert_eq!(broken("One line", true, None).0, "One line");
    // A text that is cut fills its lines first.
    let cut = broken("Guardian Blue Chalk Bag for Climbers", true, Some(1));
    assert_eq!(cut, ("Guardian Blue Chal…".into(), vec![TextFault::Truncated]));
    let long = "word ".repeat(60);
    assert_eq!(broken(&long, true, None), broken(&long, false, None));
}

#[test]
fn a_balanced_text_keeps_its_line_breaks_in_the_box_that_hugs_it() {
    let mut shaper = Shaper::new(noto());
    for content in ["Guardian Blue Chalk Bag", "AVATAR To. Yo-Yo ffi fl Təst", "שלום עולם מכונת קפה Deluxe"]
    {
        for width in 60..260 {
            let text = Text { balance: true, ..text(content, 20.0) };
            let (hug_px, _) = shaper.measure(&text, Some(width as f32));
            let (first, again) = (shaper.set(&text, Some(width as f32), None), shaper.set(&text, Some(hug_px), None));
            assert_eq!(lines(&first), lines(&again), "{width}");
            assert_eq!(
                first.lines.len(),
                shaper.set(&Text { balance: false, ..text }, Some(width as f32), None).lines.len()
            );
        }
    }
}

#[test]
fn a_line_break_at_the_end_opens_no_line_and_hides_nothing() {
    let mut shaper = Shaper::new(noto());
    let mut set = |content: &str, max_lines: Option<u32>| {
        let block = shaper.set(&Text { max_lines, ..text(content, 20.0) }, Some(200.0), None);
        assert_eq!(block.faults, [], "{content:?}");
        lines(&block).join("|")
    };
    assert_eq!(set("Mark\n", None), "Mark");
    assert_eq!(set("Mark\u{85}", Some(1)), "Mark");
    assert_eq!(set("Mark\n\n", None), "Mark|");
    assert_eq!(set("Mark\n\n\n", Some(1)), "Mark");
}

#[test]
fn a_word_in_a_font_with_higher_lines_is_cut_on_the_line_it_follows_where_there_is_room() {
    let mut shaper = Shaper::new(noto());
    let long = Text { max_lines: Some(1), ..text(format!("For {}", "ش".repeat(60)), 20.0) };
    let mut cut = |height_px| lines(&shaper.set(&long, Some(200.0), height_px)).concat();
    assert!(cut(None).starts_with("For ششش"), "{}", cut(None));
    assert!(cut(Some(60.0)).starts_with("For ششش"));
    assert_eq!(cut(Some(28.0)), "For…");
}

#[test]
fn a_word_of_joined_letters_is_set_in_one_face_where_one_has_it_whole() {
    // The bold subset has no kaf and no dal: alone they would come from the regular face and not join.
    let mut shaper = Shaper::new(noto());
    let mut bold = span("متجر بكم الجديد", 20.0);
    (bold.font.family, bold.font.weight) = (Some(Arc::from("Noto Sans Arabic")), 700);
    let block = shaper.set(&spans(vec![bold]), None, None);
    let line = &block.lines[0].line;
    let content = line.buffer.lines[0].text();
    let mut faces_of_words = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for glyph in line.buffer.layout_runs().flat_map(|run| run.glyphs).filter(|glyph| glyph.w > 0.0) {
        if &content[glyph.start..glyph.end] != " " {
            faces_of_words[content[..glyph.start].matches(' ').count()].insert(glyph.font_id);
        }
    }
    assert!(faces_of_words.iter().all(|faces| faces.len() == 1), "{faces_of_words:?}");
    assert_ne!(faces_of_words[0], faces_of_words[1], "the bold face has only the first word");
    assert_eq!(faces_of_words[1], faces_of_words[2]);
}

#[test]
fn kinsoku_keeps_punctuation_off_line_ends_and_starts() {
    let mut shaper = Shaper::new(noto());
    for width in 80..300 {
        let block = shaper.set(
            &text("日本語の組版、禁則処理。「コーヒー」（ステンレス製）は、送料無料！", 20.0),
            Some(width as f32),
            None,
        );
        for line in lines(&block) {
            assert!(!line.starts_with(['、', '。', '」', '）', '！', 'ー']), "{line:?} at {width}");
            assert!(!line.ends_with(['「', '（']), "{line:?} at {width}");
        }
    }
}

#[test]
fn a_soft_hyphen_shows_only_where_it_breaks() {
    let mut shaper = Shaper::new(noto());
    let hyphenated = text("Co\u{ad}op\u{ad}er\u{ad}ation", 20.0);
    let mut broken = |width| {
        let block = shaper.set(&hyphenated, width, None);
        block.lines.iter().map(|line| as_seen(&line.line).replace('\u{ad}', "")).collect::<Vec<_>>()
    };
    assert_eq!(broken(None), ["Cooperation"]);
    assert_eq!(broken(Some(90.0)), ["Cooper\u{2010}", "ation"]);
    assert_eq!(broken(Some(60.0)), ["Coop\u{2010}", "er\u{2010}", "ation"]);
}

#[test]
fn mixed_directions_stand_as_the_bidi_algorithm_says() {
    let mut shaper = Shaper::new(noto());
    for content in [
        "abc אבג def",
        "אבג abc 123 דהו!",
        "שלום 42, 50% off: (abc) - סוף.",
        "₪49.90 - abc (אבג) [12:30]",
        "a \u{202e}bcd אב\u{202c} e",
        "אב \u{2066}x, y!\u{2069} גד",
        "אב\u{200e}!? cd",
    ] {
        for direction in [TextDirection::Auto, TextDirection::LeftToRight, TextDirection::RightToLeft] {
            let level = match direction {
                TextDirection::Auto => None,
                TextDirection::LeftToRight => Some(unicode_bidi::Level::ltr()),
                TextDirection::RightToLeft => Some(unicode_bidi::Level::rtl()),
            };
            let info = ParagraphBidiInfo::new(content, level);
            let expected: String = info.reorder_line(0..content.len()).chars().filter(|c| !is_control(*c)).collect();
            let block = shaper.set(&Text { direction, ..text(content, 20.0) }, None, None);
            assert_eq!(block.lines[0].rtl, info.paragraph_level.is_rtl());
            assert_eq!(as_seen(&block.lines[0].line), expected, "{content:?} {direction:?}");
        }
    }
}

/// A line that begins with a Latin word still runs from right to left.
#[test]
fn lines_keep_the_direction_of_their_paragraph() {
    let mut shaper = Shaper::new(noto());
    let room = ["אבג דהו", "abc זחט!"].map(|line| shaper.measure(&text(line, 20.0), None).0);
    let block = shaper.set(&text("אבג דהו abc זחט!", 20.0), Some(room[0].max(room[1])), None);
    assert_eq!(lines(&block), ["אבג דהו", "abc זחט!"]);
    assert!(block.lines.iter().all(|line| line.rtl));
    assert_eq!(as_seen(&block.lines[1].line), "!טחז abc");
}

#[test]
fn the_ellipsis_stands_where_the_paragraph_ends() {
    let mut shaper = Shaper::new(noto());
    let mut cut = |content: &str, direction| {
        let text = Text { direction, max_lines: Some(1), ..text(content, 20.0) };
        let block = shaper.set(&text, Some(100.0), None);
        assert_eq!(block.faults, [TextFault::Truncated]);
        as_seen(&block.lines[0].line)
    };
    assert!(cut("אבגדהוזחטיכל מנסעפצקרשת", TextDirection::Auto).starts_with('…'));
    assert!(cut("אבג abcdefghijkl mnopq", TextDirection::Auto).starts_with("…"));
    assert!(cut("abcdefgh אבגדהוזחטיכל", TextDirection::Auto).ends_with('…'));
    assert!(cut("abcdefgh אבגדהוזחטיכל", TextDirection::RightToLeft).starts_with('…'));
}

#[test]
fn what_one_span_overrides_leaves_the_others_alone() {
    let mut shaper = Shaper::new(noto());
    let name = span("abc\u{202e}def\u{2067}", 20.0);
    let block = shaper.set(&spans(vec![span("For ", 20.0), name, span(" 1-2 xyz", 20.0)]), None, None);
    assert_eq!(as_seen(&block.lines[0].line), "For abcfed 1-2 xyz");
    let intruder = span("\u{2069}\u{202c}\u{202c}", 20.0);
    let block = shaper.set(&spans(vec![span("\u{202e}ab", 20.0), intruder, span("cd", 20.0)]), None, None);
    assert_eq!(as_seen(&block.lines[0].line), "bacd");
    // The paragraph still runs as its first letter says.
    let block = shaper.set(&spans(vec![span("\u{202b}אב\u{202c}", 20.0), span(" ab", 20.0)]), None, None);
    assert!(block.lines[0].rtl);
}

/// The line's shaping, where letters no longer join across its ends, decides whether it fits.
#[test]
fn words_wider_than_their_box_lose_nothing_in_any_script() {
    let mut shaper = Shaper::new(noto());
    for content in ["مستشفىالمدينةالجديدة", "אבגabcדהו123זחטxyzיכל", "क्षत्रियनमस्तेदुनिया", "Donaudampfschiff"]
    {
        for width in [18.0, 25.0, 40.0, 77.0] {
            let block = shaper.set(&text(content, 20.0), Some(width), None);
            let shown: String = lines(&block).concat();
            assert!(shown == content || block.faults == [TextFault::Truncated], "{content} {width}: {shown}");
            assert!(block.lines.iter().all(|line| line.line.width_px <= width + 0.05), "{content} {width}");
        }
    }
}

#[test]
fn emoji_take_the_emoji_font_whole_and_digits_do_not() {
    let fonts = noto();
    let mut shaper = Shaper::new(Arc::clone(&fonts));
    let face = |name: &str| fonts.faces().iter().find(|listed| listed.families[0] == name).expect("listed").face.id;
    let (emoji, sans) = (face("Noto Color Emoji"), face("Noto Sans"));
    let mut glyphs = |content: &str| {
        let block = shaper.set(&text(content, 20.0), None, None);
        assert_eq!(block.faults, [], "{content}");
        let line = &block.lines[0].line;
        let glyphs = line.buffer.layout_runs().flat_map(|run| run.glyphs).filter(|glyph| glyph.w > 0.0);
        glyphs.map(|glyph| (glyph.font_id, glyph.w.round())).collect::<Vec<_>>()
    };
    for whole in ["😀", "👍🏽", "👩‍⚕️", "👨‍👩‍👧", "🇩🇪", "❤️‍🔥", "❤️", "1️⃣", "☎️", "☕"]
    {
        // 2,550 of 2,048 units.
        assert_eq!(glyphs(whole), [(emoji, 25.0)], "{whole}");
    }
    assert!(glyphs("10 #*2").iter().all(|(font, _)| *font == sans));
    assert_eq!(glyphs("1️⃣2").iter().map(|(font, _)| *font).collect::<Vec<_>>(), [emoji, sans]);
    assert!(glyphs("a😀b").iter().map(|(font, _)| *font).eq([sans, emoji, sans]));
}

#[test]
fn a_variable_font_has_every_weight() {
    let fonts = font_set(&["tests/fonts/InterVariable.ttf".to_owned()]);
    assert_eq!(fonts.faces()[0].weights, (100, 900));
    let mut shaper = Shaper::new(fonts);
    let mut width = |weight| {
        let mut text = text("Weights", 40.0);
        text.spans[0].font.weight = weight;
        let block = shaper.set(&text, None, None);
        (block.width_px, *block.lines[0].line.digest())
    };
    let widths: Vec<_> = [100, 400, 650, 900].map(&mut width).into();
    assert!(widths.windows(2).all(|pair| pair[0].0 < pair[1].0 - 0.5 && pair[0].1 != pair[1].1), "{widths:?}");
    assert_eq!(width(950), width(900));
}

#[test]
fn slants_are_chosen_or_made() {
    let mut shaper = Shaper::new(noto());
    let mut italic = |content: &str| {
        let mut text = text(content, 20.0);
        text.spans[0].font.italic = true;
        let line = Arc::clone(&shaper.set(&text, None, None).lines[0].line);
        let glyph = line.buffer.layout_runs().flat_map(|run| run.glyphs).next().expect("a glyph").clone();
        (glyph.font_id, glyph.cache_key_flags.contains(cosmic_text::CacheKeyFlags::FAKE_ITALIC))
    };
    let fonts = noto();
    let own = fonts.faces().iter().find(|listed| listed.italic).expect("listed");
    assert_eq!(italic("Special"), (own.face.id, false));
    assert!(italic("שלום").1);
    assert!(!italic("😀").1);
}

#[test]
fn every_face_of_a_collection_is_there() {
    let fonts = font_set(&["tests/fonts/NotoTwo.ttc".to_owned()]);
    assert_eq!(fonts.families(), ["Noto Sans", "Noto Sans Hebrew"]);
    let block = Shaper::new(fonts).set(&text("abc אבג", 20.0), None, None);
    assert_eq!(block.faults, []);
    let glyphs = block.lines[0].line.buffer.layout_runs().flat_map(|run| run.glyphs);
    assert_eq!(glyphs.map(|glyph| glyph.font_id).collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn colors_that_are_not_read_are_missing_glyphs_with_a_reason() {
    let set = |file: &str| {
        let block = Shaper::new(font_set(&[format!("tests/fonts/{file}")])).set(&text("A😀", 20.0), None, None);
        (block.lines[0].line.colors(), block.faults)
    };
    let missing = TextFault::MissingGlyphs { characters: "😀".to_owned(), has_unreadable_font: true };
    assert_eq!(set("TestColrOne.ttf"), (LineColors::default(), vec![missing]));
    assert_eq!(set("TestColrZero.ttf"), (LineColors { of_spans: false, of_glyphs: true }, vec![]));
}

#[test]
fn line_boxes_hold_the_boxes_of_their_spans() {
    let mut shaper = Shaper::new(noto());
    let sized = |content: &str, size_px, line_height| {
        let mut span = span(content, size_px);
        span.font.line_height = line_height;
        span
    };
    let (small, large) = (sized("from ", 10.0, LineHeight::Times(2.0)), sized("99", 40.0, LineHeight::Px(40.0)));
    let block = shaper.set(&spans(vec![small.clone(), large.clone()]), None, None);
    // Noto Sans: 1.069 above, 0.293 below. Small: 11 + 3 in 20 has 3 above and below. Large: 43 + 12 in 40, −8 above.
    assert_eq!((block.lines[0].baseline_px, block.height_px), (35.0, 41.0));
    let alone = shaper.set(&spans(vec![small, span("\n", 10.0), large]), None, None);
    assert_eq!(alone.lines.iter().map(|line| line.baseline_px).collect::<Vec<_>>(), [14.0, 20.0 + 35.0]);
    // Shrunk, the ratio stays.
    let mut both = spans(vec![sized("ab ", 20.0, LineHeight::Normal), sized("ab", 40.0, LineHeight::Normal)]);
    both.shrink_to_px = Some(5.0);
    let block = shaper.set(&both, Some(40.0), Some(30.0));
    let sizes: Vec<f32> = block.lines[0].spans.iter().map(|span| span.size_px).collect();
    assert_eq!(sizes[1], sizes[0] * 2.0);
    assert!(sizes[0] < 20.0 && block.faults.is_empty());
}

#[test]
fn letter_spacing_is_once_for_a_cluster_and_never_between_joined_letters() {
    let mut shaper = Shaper::new(noto());
    let mut added = |content: &str| {
        let mut text = text(content, 20.0);
        let plain = shaper.set(&text, None, None).width_px;
        text.spans[0].font.letter_spacing_px = 10.0;
        let spaced = shaper.set(&text, None, None).width_px;
        ((spaced - plain) / 10.0).round()
    };
    assert_eq!(added("abc"), 3.0);
    assert_eq!(added("x\u{304}\u{301}y\u{331}"), 2.0);
    assert_eq!(added("น้ำผึ้ง"), 3.0);
    assert_eq!(added("שָׁלוֹם"), 4.0);
    assert_eq!(added("a\u{200b}b\u{2060}c"), 3.0);
    assert_eq!(added("قهوة"), 0.0);
    assert_eq!(added("👩‍⚕️😀"), 2.0);
}

#[test]
fn marks_stay_where_they_are_when_letters_are_spaced() {
    let mut shaper = Shaper::new(noto());
    let mut offsets = |spacing| {
        let mut text = text("x\u{304}y\u{331}", 20.0);
        text.spans[0].font.letter_spacing_px = spacing;
        let line = Arc::clone(&shaper.set(&text, None, None).lines[0].line);
        let glyphs: Vec<_> = line.buffer.layout_runs().flat_map(|run| run.glyphs).cloned().collect();
        let at = |start: usize| {
            let of: Vec<f32> = glyphs.iter().filter(|g| g.start == start).map(|g| g.x + g.x_offset * 20.0).collect();
            of[1] - of[0]
        };
        at(0)
    };
    let (plain, spaced) = (offsets(0.0), offsets(8.0));
    assert!((plain - spaced).abs() < 0.01, "{plain} {spaced}");
}

#[test]
fn extents_follow_what_is_seen() {
    let mut shaper = Shaper::new(noto());
    let block = shaper.set(&spans(vec![span("abc אב", 20.0), span("גד def", 20.0)]), None, None);
    let line = &block.lines[0].line;
    let (first, second) = (line.extents(0), line.extents(1));
    // abc דגבא def: the second span is the left half of the Hebrew word and all after it.
    assert_eq!((first.len(), second.len()), (2, 2));
    assert!(first[0].1 <= second[0].0 + 0.1 && (second[0].1 - first[1].0).abs() < 0.2, "{first:?} {second:?}");
    assert!((first[1].1 - second[1].0).abs() < 0.2 && (second[1].1 - line.width_px()).abs() < 0.2);
}

/// What took seconds, or would: the time is bounded by how often such a text may turn, join and miss.
#[test]
fn tangled_texts_are_cut_with_a_word() {
    let mut shaper = Shaper::new(noto());
    let block = shaper.set(&text("aא".repeat(6000), 20.0), Some(300.0), None);
    assert_eq!(block.faults, [TextFault::Truncated]);
    let shown: usize = block.lines.iter().map(|line| line.line.text().chars().count()).sum();
    assert!((990..1010).contains(&shown), "{shown}");
    assert!(block.lines.last().is_some_and(|line| line.line.text().ends_with('…')));
    // As many turns as a text may have are no fault.
    assert_eq!(shaper.set(&text("aא".repeat(490), 20.0), Some(300.0), None).faults, []);
}

#[test]
fn the_longest_texts_of_the_worst_kinds_end() {
    let long = |piece: &str| piece.repeat(MAX_TEXT_BYTES / piece.len());
    for content in [
        format!("a{}", "\u{301}".repeat(9_999)),
        format!("a{}", "\u{36f}".repeat(9_999)),
        format!("{}אa{}", "\u{2067}".repeat(3_000), "\u{2069}".repeat(3_000)),
        long("مستشفى"),
        long("👩\u{200d}"),
        long("\u{17d2}\u{1780}"),
        long("a\n"),
    ] {
        let text = Text { shrink_to_px: Some(2.0), ..text(content.as_str(), 30.0) };
        let block = Shaper::new(noto()).set(&text, Some(300.0), Some(100.0));
        assert!(block.height_px <= 100.0 || block.faults.contains(&TextFault::FrameTooLow));
        assert!(!block.lines.is_empty());
    }
}
