//! What `outputs:` takes.

use super::*;

/// The mistakes of `outputs: [...]`, with line, column and path.
fn output_mistakes(outputs: &str) -> Vec<String> {
    let source =
        format!("gravure: 1\nname: o\nsizes: {{ a: {{ width: 10, height: 10 }} }}\noutputs: [{outputs}]\nlayers: []\n");
    parse(&source).map_or_else(
        |errors| errors.lines().map(|line| line.replace("line 4, column ", "4:")).collect(),
        |_| Vec::new(),
    )
}

#[test]
fn outputs_have_the_settings_of_their_format() {
    let good = "{ format: jpeg, quality: 90, subsampling: 4:4:4, progressive: true, background: \"#fff\" }, \
                { format: png, depth: 24, compression: size }, { format: png, depth: auto, suffix: -clear }, \
                { format: webp, lossless: true, effort: 6 }, { format: webp, suffix: \"@s\" }";
    assert_eq!(output_mistakes(good), Vec::<String>::new());
    let cases = [
        ("{ format: png, quality: 90 }", "4:35: outputs[0].quality: png has no quality, only depth"),
        ("{ format: jpeg, subsampling: 4:2:2 }", "4:40: outputs[0].subsampling: expected one of 4:2:0, 4:4:4"),
        ("{ format: jpeg, background: \"#fff8\" }", "4:39: outputs[0].background: expected an opaque colour, got"),
        ("{ format: png, depth: 16 }", "4:33: outputs[0].depth: expected one of auto, 24, 32, got \"16\""),
        ("{ format: webp, effort: 7 }", "4:35: outputs[0].effort: expected a whole number from 0 to 6"),
        ("{ format: webp, suffix: a/b }", "4:35: outputs[0].suffix: expected at most 16"),
        ("{ format: webp, qualty: 7 }", "4:27: outputs[0].qualty: unknown key"),
        ("{ format: avif }", "4:21: outputs[0].format: the format avif is not available yet"),
        ("{ format: jpeg }, { format: jpg, quality: 9 }", "4:29: outputs[1]: jpeg is here twice: give one a suffix"),
    ];
    for (outputs, message) in cases {
        let mistakes = output_mistakes(outputs);
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(message), "{outputs}: {mistakes:?}");
    }
}
