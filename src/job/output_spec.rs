//! An output as it is written, in a template or a job: a format, and the settings that it has.

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::output::{Depth, Encoding, Jpeg, Png, Rgb, WHITE, Webp, WebpMode, hex};
use super::{Format, Output, Suffix};
use crate::pixels::Color;

/// What is written of an output; nothing is checked but the types. See [`OutputSpec::check`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// `jpeg`, `png` or `webp`.
    pub format: String,
    /// 1 to 100: JPEG and lossy WebP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u64>,
    /// `4:2:0` or `4:4:4`: JPEG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsampling: Option<String>,
    /// JPEG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progressive: Option<bool>,
    /// An opaque CSS colour: JPEG, and PNG of depth 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// `auto`, 24 or 32: PNG.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number_or_word")]
    pub depth: Option<String>,
    /// `speed`, `balanced` or `size`: PNG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// WebP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lossless: Option<bool>,
    /// 0 to 6: WebP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<u64>,
    /// See [`Suffix`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// A setting that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key}: {message}")]
pub struct OutputError {
    /// The member of [`OutputSpec`] that is to blame.
    pub key: &'static str,
    /// Why.
    pub message: String,
}

impl OutputSpec {
    /// The output, if its format has these settings and takes their values.
    ///
    /// # Errors
    /// Every mistake.
    pub fn check(&self) -> Result<Output, Vec<OutputError>> {
        let Self {
            format,
            quality,
            subsampling,
            progressive,
            background,
            depth,
            compression,
            lossless,
            effort,
            suffix,
        } = self;
        let format: Format = match format.parse() {
            Ok(format) => format,
            Err(error) => return Err(vec![OutputError { key: "format", message: format!("{error}") }]),
        };
        let mut mistakes = Mistakes::default();
        let given = [
            ("quality", quality.is_some()),
            ("subsampling", subsampling.is_some()),
            ("progressive", progressive.is_some()),
            ("background", background.is_some()),
            ("depth", depth.is_some()),
            ("compression", compression.is_some()),
            ("lossless", lossless.is_some()),
            ("effort", effort.is_some()),
        ];
        for (key, _) in given.iter().filter(|(key, is_given)| *is_given && !format.settings().contains(key)) {
            mistakes.add(key, format!("{format} has no {key}, only {}", format.settings().join(", ")));
        }
        let encoding = match format {
            Format::Jpeg => Encoding::Jpeg(Jpeg {
                quality: mistakes.whole("quality", *quality, 1, 100).unwrap_or(Jpeg::DEFAULT.quality),
                subsampling: mistakes.word("subsampling", subsampling).unwrap_or_default(),
                progressive: progressive.unwrap_or(Jpeg::DEFAULT.progressive),
                background: mistakes.color("background", background).unwrap_or(WHITE),
            }),
            Format::Png => {
                let background = mistakes.color("background", background);
                let mut depth: Depth = mistakes.word("depth", depth).unwrap_or_default();
                match (&mut depth, background) {
                    (_, None) => {}
                    (Depth::Bits24 { background }, Some(color)) => *background = color,
                    (_, Some(_)) => mistakes.add("background", "a png is laid over a background only in depth 24"),
                }
                Encoding::Png(Png { depth, compression: mistakes.word("compression", compression).unwrap_or_default() })
            }
            Format::Webp => {
                let quality = mistakes.whole("quality", *quality, 1, 100);
                let most = u64::from(Webp::MAX_EFFORT);
                let effort = mistakes.whole("effort", *effort, 0, most).unwrap_or(Webp::DEFAULT.effort);
                let mode = match (lossless.unwrap_or(false), quality) {
                    (false, quality) => WebpMode::Lossy { quality: quality.unwrap_or(Webp::DEFAULT_QUALITY) },
                    (true, None) => WebpMode::Lossless,
                    (true, Some(_)) => {
                        mistakes.add("quality", "a lossless webp has none: its effort makes it smaller");
                        WebpMode::Lossless
                    }
                };
                Encoding::Webp(Webp { mode, effort })
            }
        };
        let suffix = suffix.as_deref().unwrap_or_default().parse::<Suffix>().unwrap_or_else(|error| {
            mistakes.add("suffix", error.to_string());
            Suffix::NONE
        });
        if mistakes.0.is_empty() { Ok(Output { encoding, suffix }) } else { Err(mistakes.0) }
    }
}

/// An opaque colour.
///
/// # Errors
/// When it is no CSS colour, or lets something shine through.
pub fn opaque_color(text: &str) -> Result<Rgb, String> {
    match Color::from_css(text.trim()).map(Color::to_rgba8) {
        Some([r, g, b, 255]) => Ok([r, g, b]),
        Some(_) => Err(got("expected an opaque colour".to_owned(), text)),
        None => Err(got("expected a CSS colour".to_owned(), text)),
    }
}

fn got(message: String, text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("{message}, got {shown:?}")
}

#[derive(Default)]
struct Mistakes(Vec<OutputError>);

impl Mistakes {
    fn add(&mut self, key: &'static str, message: impl Into<String>) {
        if self.0.iter().all(|mistake| mistake.key != key) {
            self.0.push(OutputError { key, message: message.into() });
        }
    }

    fn keep<T>(&mut self, key: &'static str, value: Option<Result<T, String>>) -> Option<T> {
        value?.map_err(|message| self.add(key, message)).ok()
    }

    fn whole(&mut self, key: &'static str, value: Option<u64>, least: u8, most: u64) -> Option<u8> {
        let checked = value.map(|value| match u8::try_from(value) {
            Ok(small) if small >= least && value <= most => Ok(small),
            _ => Err(format!("expected a whole number from {least} to {most}, got {value}")),
        });
        self.keep(key, checked)
    }

    fn word<T: std::str::FromStr<Err = String>>(&mut self, key: &'static str, word: &Option<String>) -> Option<T> {
        self.keep(key, word.as_deref().map(|word| word.trim().parse().map_err(|message| got(message, word))))
    }

    fn color(&mut self, key: &'static str, text: &Option<String>) -> Option<Rgb> {
        self.keep(key, text.as_deref().map(opaque_color))
    }
}

impl TryFrom<OutputSpec> for Output {
    type Error = String;

    fn try_from(spec: OutputSpec) -> Result<Self, String> {
        spec.check().map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

/// Every setting that the format has, also those at their defaults.
impl From<Output> for OutputSpec {
    fn from(output: Output) -> Self {
        let Output { encoding, suffix } = output;
        let suffix = (!suffix.is_empty()).then(|| suffix.to_string());
        let spec = Self { format: output.format().name().to_owned(), suffix, ..Self::default() };
        match encoding {
            Encoding::Jpeg(Jpeg { quality, subsampling, progressive, background }) => Self {
                quality: Some(quality.into()),
                subsampling: Some(subsampling.to_string()),
                progressive: Some(progressive),
                background: Some(hex(background)),
                ..spec
            },
            Encoding::Png(Png { depth, compression }) => {
                let background = match depth {
                    Depth::Bits24 { background } => Some(hex(background)),
                    Depth::Auto | Depth::Bits32 => None,
                };
                Self { depth: Some(depth.to_string()), compression: Some(compression.to_string()), background, ..spec }
            }
            Encoding::Webp(Webp { mode, effort }) => {
                let quality = match mode {
                    WebpMode::Lossy { quality } => Some(quality.into()),
                    WebpMode::Lossless => None,
                };
                Self { lossless: Some(mode == WebpMode::Lossless), quality, effort: Some(effort.into()), ..spec }
            }
        }
    }
}

/// `24` and `"24"` alike.
fn number_or_word<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Word(String),
    }
    Ok(Some(match Either::deserialize(deserializer)? {
        Either::Number(number) => number.to_string(),
        Either::Word(word) => word,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Output, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn formats_have_their_defaults() {
        for format in Format::ALL {
            assert_eq!(read(&format!(r#"{{"format":"{format}"}}"#)), Ok(Output::new(format)));
        }
        assert_eq!(Output::new(Format::Jpeg), Output::default());
    }

    #[test]
    fn every_setting_is_read_and_written_back() {
        let all = [
            r##"{"format":"jpeg","quality":70,"subsampling":"4:4:4","progressive":true,"background":"#102030"}"##,
            r##"{"format":"png","background":"#ff0000","depth":"24","compression":"size","suffix":"-flat"}"##,
            r#"{"format":"png","depth":"32","compression":"balanced"}"#,
            r#"{"format":"webp","quality":1,"lossless":false,"effort":0}"#,
            r#"{"format":"webp","lossless":true,"effort":6,"suffix":"@2x"}"#,
        ];
        for json in all {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        }
        assert_eq!(read(r#"{"format":"png","depth":24}"#), read(r#"{"format":"png","depth":"24"}"#));
        assert_eq!(read(r#"{"format":"jpg","background":"white"}"#), Ok(Output::default()));
    }

    #[test]
    fn settings_of_other_formats_are_refused() {
        let cases = [
            (r#"{"format":"png","quality":90}"#, "quality: png has no quality, only depth, compression, background"),
            (r#"{"format":"webp","background":"red"}"#, "background: webp has no background"),
            (r#"{"format":"jpeg","lossless":true}"#, "lossless: jpeg has no lossless"),
            (r#"{"format":"webp","lossless":true,"quality":80}"#, "quality: a lossless webp has none"),
            (r#"{"format":"png","background":"red"}"#, "background: a png is laid over a background only in depth 24"),
            (r##"{"format":"jpeg","background":"#fff8"}"##, "background: expected an opaque colour"),
            (r#"{"format":"jpeg","background":"wite"}"#, "background: expected a CSS colour"),
            (r#"{"format":"jpeg","quality":0}"#, "quality: expected a whole number from 1 to 100, got 0"),
            (r#"{"format":"jpeg","quality":356}"#, "quality: expected a whole number from 1 to 100, got 356"),
            (r#"{"format":"webp","effort":7}"#, "effort: expected a whole number from 0 to 6, got 7"),
            (r#"{"format":"png","depth":16}"#, "depth: expected one of auto, 24, 32"),
            (r#"{"format":"png","suffix":"a/b"}"#, "suffix: expected at most 16 letters"),
            (r#"{"format":"avif"}"#, "format: the format avif is not available yet"),
            (r#"{"format":"jpeg","qualty":9}"#, "unknown field `qualty`"),
        ];
        for (json, message) in cases {
            let error = read(json).unwrap_err();
            assert!(error.contains(message), "{json}: {error}");
        }
        let both = read(r#"{"format":"png","quality":90,"effort":1}"#).unwrap_err();
        assert!(both.contains("quality: ") && both.contains("; effort: "), "{both}");
    }
}
