//! Which way the pixels of a card are shaded: by its fragment stage or by its compute stage.
//!
//! Data-centre GPUs run vertex and fragment work on a few of their processors only, and software adapters shade
//! fragments ten times as fast as they compute. Both ways give the same pixels.

/// A way to draw what is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawPath {
    /// Render passes: a draw for every band.
    Fragment,
    /// Tiles of a compute shader: a dispatch for everything between two bands of text.
    Compute,
}

impl DrawPath {
    /// `fragment` or `compute`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fragment => "fragment",
            Self::Compute => "compute",
        }
    }

    /// The path of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Fragment, Self::Compute].into_iter().find(|path| path.name() == name)
    }
}

/// The path of an adapter, and why it is that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawChoice {
    /// The path.
    pub path: DrawPath,
    /// For people: `because …`.
    pub reason: &'static str,
}

impl DrawChoice {
    /// For an adapter that is software or not, and that can or cannot read and write a surface in place; `wanted` goes
    /// over its class.
    pub fn of(is_software: bool, can_compute: bool, wanted: Option<DrawPath>) -> Self {
        use DrawPath::{Compute, Fragment};
        let (path, reason) = match (wanted, can_compute) {
            (Some(Fragment), _) => (Fragment, "because it is asked for"),
            (Some(Compute), true) => (Compute, "because it is asked for"),
            (Some(Compute), false) => (
                Fragment,
                "because compute is asked for, but shaders of this adapter cannot read and write RGBA8 textures",
            ),
            (None, _) if is_software => (Fragment, "because software adapters compute more slowly"),
            (None, true) => (Compute, "because data-centre cards shade fragments on few of their processors"),
            (None, false) => (Fragment, "because shaders of this adapter cannot read and write RGBA8 textures"),
        };
        Self { path, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::DrawPath::{Compute, Fragment};
    use super::*;

    #[test]
    fn cards_compute_where_they_can_and_what_is_asked_for_goes_over_that() {
        let path = |is_software, can_compute, wanted| DrawChoice::of(is_software, can_compute, wanted).path;
        assert_eq!(path(false, true, None), Compute);
        assert_eq!(path(false, false, None), Fragment);
        assert_eq!(path(true, true, None), Fragment);
        for is_software in [false, true] {
            assert_eq!(path(is_software, true, Some(Fragment)), Fragment);
            assert_eq!(path(is_software, true, Some(Compute)), Compute);
            let refused = DrawChoice::of(is_software, false, Some(Compute));
            assert_eq!(refused.path, Fragment);
            assert!(refused.reason.contains("but"), "{}", refused.reason);
        }
    }

    #[test]
    fn paths_have_names() {
        for path in [Fragment, Compute] {
            assert_eq!(DrawPath::named(path.name()), Some(path));
        }
        assert_eq!(DrawPath::named("Compute"), None);
    }
}
