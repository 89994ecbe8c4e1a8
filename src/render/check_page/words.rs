//! Codes and counts in the words of a page.

use crate::render::check::CheckSummary;

/// What a code means, short enough for a heading. A code without words of its own is spelled out.
pub fn title(code: &str) -> String {
    let known = match code {
        "truncated" => "Text is cut off",
        "shrunk_to_floor" => "Text is at its smallest size",
        "missing_glyph" => "Characters that no font has",
        "frame_too_low" => "Frame is lower than a line",
        "photo_upscaled" => "Photo is enlarged",
        "unknown_family" => "Font family is not there",
        "off_canvas" => "Runs off the canvas",
        "clipped" => "Text is clipped",
        "rating_out_of_range" => "Rating is out of range",
        "empty_text" => "Text has nothing to show",
        "missing_column" => "Column is not in the data",
        "photo_not_checked" => "Photo was not looked at",
        "photo_missing" => "Photo is not there",
        "photo_unreadable" => "Photo cannot be read",
        "photo_too_large" => "Photo is too large",
        "photo_outside" => "Photo lies outside its folder",
        "url_refused" => "Address is not allowed",
        "url_failed" => "Photo cannot be fetched",
        "reference_ignored" => "Parts of a drawing are left out",
        "missing_field" => "Required value is missing",
        "bad_value" => "Value is of the wrong type",
        "bad_row" => "Row cannot be read",
        "bad_name" => "File name is not allowed",
        "name_collision" => "Two files of one name",
        "expression_failed" => "Expression failed",
        "text_too_long" => "Text is too long",
        _ => {
            let mut words = code.replace('_', " ");
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            return words;
        }
    };
    known.to_owned()
}

/// What it comes to, in one sentence or two.
pub fn verdict(summary: &CheckSummary) -> String {
    let CheckSummary { errors, warnings, notes, .. } = summary;
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    match (errors, warnings, notes) {
        (0, 0, 0) => "Nothing to complain of.".to_owned(),
        (0, 0, notes) => format!("Ready to render; {} could look better.", rows(*notes)),
        (0, warnings, _) => format!("{} will be drawn and look wrong.", rows(*warnings)),
        (errors, 0, _) => format!("{} will fail.", rows(*errors)),
        (errors, warnings, _) => format!("{} will fail, {} more will look wrong.", rows(*errors), warnings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_codes_are_spelled_out() {
        assert_eq!(title("truncated"), "Text is cut off");
        assert_eq!(title("profile_ignored"), "Profile ignored");
        assert_eq!(title(""), "");
    }

    #[test]
    fn the_verdict_names_the_worst() {
        let with = |errors, warnings, notes| CheckSummary { errors, warnings, notes, ..CheckSummary::default() };
        assert_eq!(verdict(&with(0, 0, 1)), "Ready to render; 1 row could look better.");
        assert_eq!(verdict(&with(2, 3, 1)), "2 rows will fail, 3 more will look wrong.");
        assert_eq!(verdict(&with(0, 3, 1)), "3 rows will be drawn and look wrong.");
    }
}
