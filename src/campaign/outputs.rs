//! What is made of every canvas: the template's outputs, and what flags say of them.

use super::CampaignOptions;
use super::problem::Problem;
use crate::job::{Depth, Encoding, Output, WebpMode};

/// `--format` picks the template's outputs of that format, or makes one where there is none; the other flags are
/// for every output that has such a setting.
///
/// # Errors
/// When a flag has nothing to act on. `--quality` may: it also comes from the environment.
pub fn choose(of_template: &[Output], options: &CampaignOptions) -> Result<Vec<Output>, Vec<Problem>> {
    let CampaignOptions { formats, quality, lossless, subsampling, compression, background, .. } = options;
    let mut asked = Vec::new();
    for &format in formats {
        let before = asked.len();
        asked.extend(of_template.iter().copied().filter(|output| output.format() == format));
        if asked.len() == before {
            asked.push(Output::new(format));
        }
    }
    if formats.is_empty() {
        asked = of_template.to_vec();
    }
    if asked.is_empty() {
        asked.push(Output::default());
    }
    let mut unused = [
        ("--lossless", *lossless, "no output is webp"),
        ("--subsampling", subsampling.is_some(), "no output is jpeg"),
        ("--compression", compression.is_some(), "no output is png"),
        ("--background", background.is_some(), "no output is jpeg, or png of depth 24"),
    ];
    let mut used = |flag: &str| {
        for (name, is_unused, _) in &mut unused {
            *is_unused &= *name != flag;
        }
    };
    let mut outputs: Vec<Output> = Vec::new();
    for mut output in asked {
        match &mut output.encoding {
            Encoding::Jpeg(jpeg) => {
                jpeg.quality = quality.unwrap_or(jpeg.quality);
                jpeg.subsampling = subsampling.unwrap_or(jpeg.subsampling);
                jpeg.background = background.unwrap_or(jpeg.background);
                used("--subsampling");
                used("--background");
            }
            Encoding::Png(png) => {
                png.compression = compression.unwrap_or(png.compression);
                used("--compression");
                if let Depth::Bits24 { background: under } = &mut png.depth {
                    *under = background.unwrap_or(*under);
                    used("--background");
                }
            }
            Encoding::Webp(webp) => {
                webp.mode = match (lossless, webp.mode) {
                    (true, _) | (false, WebpMode::Lossless) => WebpMode::Lossless,
                    (false, WebpMode::Lossy { quality: own }) => WebpMode::Lossy { quality: quality.unwrap_or(own) },
                };
                used("--lossless");
            }
        }
        if !outputs.contains(&output) {
            outputs.push(output);
        }
    }
    let problems: Vec<Problem> = unused
        .iter()
        .filter(|(_, is_unused, _)| *is_unused)
        .map(|(flag, _, reason)| Problem::flag(flag, format!("{reason} (see --format)")))
        .collect();
    if problems.is_empty() { Ok(outputs) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Compression, Format, Jpeg, Png, Subsampling, Webp};

    fn jpeg(quality: u8) -> Output {
        Output { encoding: Encoding::Jpeg(Jpeg { quality, ..Jpeg::DEFAULT }), ..Output::default() }
    }

    fn webp(mode: WebpMode) -> Output {
        Output { encoding: Encoding::Webp(Webp { mode, ..Webp::DEFAULT }), ..Output::default() }
    }

    fn formats(formats: &[Format]) -> CampaignOptions {
        CampaignOptions { formats: formats.to_vec(), ..CampaignOptions::default() }
    }

    fn chosen(of_template: &[Output], options: &CampaignOptions) -> Vec<Output> {
        choose(of_template, options).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[test]
    fn formats_and_quality_go_over_the_template() {
        let png = Output::new(Format::Png);
        let template = [jpeg(70), png, jpeg(30)];
        assert_eq!(chosen(&template, &formats(&[])), template);
        assert_eq!(chosen(&template, &formats(&[Format::Jpeg])), [jpeg(70), jpeg(30)]);
        let sharper = CampaignOptions { quality: Some(90), ..formats(&[Format::Png, Format::Jpeg]) };
        assert_eq!(chosen(&template, &sharper), [png, jpeg(90)]);
        assert_eq!(chosen(&[jpeg(70)], &CampaignOptions { quality: Some(90), ..formats(&[Format::Png]) }), [png]);
        assert_eq!(chosen(&[], &formats(&[])), [Output::default()]);
        let lossy = webp(WebpMode::Lossy { quality: 90 });
        assert_eq!(chosen(&[], &CampaignOptions { quality: Some(90), ..formats(&[Format::Webp]) }), [lossy]);
        let lossless = webp(WebpMode::Lossless);
        assert_eq!(chosen(&[lossless], &CampaignOptions { quality: Some(90), ..formats(&[]) }), [lossless]);
    }

    #[test]
    fn settings_go_to_the_outputs_that_have_them() {
        let flat = |background| Output {
            encoding: Encoding::Png(Png { depth: Depth::Bits24 { background }, compression: Compression::Size }),
            ..Output::default()
        };
        let options = CampaignOptions {
            lossless: true,
            subsampling: Some(Subsampling::Chroma444),
            compression: Some(Compression::Size),
            background: Some([1, 2, 3]),
            ..CampaignOptions::default()
        };
        let sharp = Jpeg { subsampling: Subsampling::Chroma444, background: [1, 2, 3], ..Jpeg::DEFAULT };
        let sharp = Output { encoding: Encoding::Jpeg(sharp), ..Output::default() };
        let template = [Output::default(), flat([9; 3]), Output::new(Format::Webp)];
        assert_eq!(chosen(&template, &options), [sharp, flat([1, 2, 3]), webp(WebpMode::Lossless)]);
    }

    #[test]
    fn a_flag_that_does_nothing_is_a_mistake() {
        let options = CampaignOptions {
            lossless: true,
            subsampling: Some(Subsampling::Chroma444),
            background: Some([0; 3]),
            ..formats(&[Format::Png])
        };
        let problems = choose(&[Output::default()], &options).unwrap_err();
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = [
            "--lossless: no output is webp (see --format)",
            "--subsampling: no output is jpeg (see --format)",
            "--background: no output is jpeg, or png of depth 24 (see --format)",
        ];
        assert_eq!(text, expected);
    }
}
