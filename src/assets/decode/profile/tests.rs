//! What is sRGB, what is not, and what is no profile.

use super::*;

fn icc(profile: &ColorProfile) -> Vec<u8> {
    profile.encode().unwrap()
}

#[test]
fn profiles_that_are_srgb_cost_nothing() {
    assert!(from_icc(&icc(&ColorProfile::new_srgb()), Model::Rgb).unwrap().is_none());
    assert!(from_icc(&icc(&ColorProfile::new_display_p3()), Model::Rgb).unwrap().is_some());
    assert!(from_gamma(45_455, None, Model::Rgb).unwrap().is_none());
    assert!(from_gamma(100_000, None, Model::Rgb).unwrap().is_some());
    assert!(from_code_points(1, 13, Model::Rgb).unwrap().is_none());
    assert!(from_code_points(12, 13, Model::Rgb).unwrap().is_some());
}

#[test]
fn a_profile_of_another_kind_of_picture_is_none() {
    let gray = icc(&ColorProfile::new_gray_with_gamma(1.8));
    let rgb = icc(&ColorProfile::new_adobe_rgb());
    assert!(from_icc(&gray, Model::Gray).unwrap().is_some());
    // Grey pictures with a colour profile are common.
    assert!(from_icc(&rgb, Model::Gray).unwrap().is_some());
    for (profile, model) in [(&gray, Model::Rgb), (&gray, Model::Cmyk), (&rgb, Model::Cmyk)] {
        assert!(from_icc(profile, model).is_err(), "{model:?}");
    }
    for rubbish in [b"".as_slice(), b"profile", &[0; 200], &rgb[..150]] {
        assert!(from_icc(rubbish, Model::Rgb).is_err());
    }
    for (primaries, transfer) in [(9, 16), (9, 18), (0, 0), (255, 255), (2, 2)] {
        assert!(from_code_points(primaries, transfer, Model::Rgb).is_err(), "{primaries} {transfer}");
    }
    assert!(from_gamma(0, None, Model::Rgb).is_err());
    assert!(from_gamma(u32::MAX, Some([[0; 2]; 4]), Model::Rgb).is_err());
}

#[test]
fn conversions_are_kept() {
    let profile = icc(&ColorProfile::new_pro_photo_rgb());
    let [first, again] = [(); 2].map(|()| from_icc(&profile, Model::Rgb).unwrap().unwrap());
    assert!(Arc::ptr_eq(&first, &again));
}

#[test]
fn alpha_is_left_alone() {
    let conversion = from_icc(&icc(&ColorProfile::new_display_p3()), Model::Rgb).unwrap().unwrap();
    let mut pixels = (0..=255).flat_map(|alpha| [200, 100, 50, alpha]).collect::<Vec<_>>();
    conversion.convert(&mut pixels).unwrap();
    assert!(pixels.as_chunks::<4>().0.iter().zip(0..=255).all(|(pixel, alpha)| pixel[3] == alpha));
}

#[test]
fn plain_cmyk_is_the_plain_formula() {
    let mut pixels = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 128, 255, 0, 0, 0, 0, 255, 100, 100, 100, 100];
    plain_cmyk_to_rgba(&mut pixels);
    let expected = [255, 255, 255, 255, 0, 255, 255, 255, 255, 127, 0, 255, 0, 0, 0, 255, 94, 94, 94, 255];
    assert_eq!(pixels, expected);
}

#[test]
fn the_darkest_becomes_black_and_white_stays() {
    let levels = black_point_compensation([40, 40, 40, 255]);
    assert_eq!((levels[0], levels[40], levels[255]), (0, 0, 255));
    assert!(levels.is_sorted() && (1..255).all(|level| usize::from(levels[level]) <= level));
    let nothing = black_point_compensation([0, 0, 0, 255]);
    assert!(nothing.iter().zip(0..).all(|(level, from)| *level == from));
}
