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
    /// For an adapter that is software or not, and what keeps it from computing, if anything does, as a clause that
    /// starts with `because`; `wanted` goes over its class.
    pub fn of(is_software: bool, hindrance: Option<&'static str>, wanted: Option<DrawPath>) -> Self {
        use DrawPath::{Compute, Fragment};
        let (path, reason) = match (wanted, hindrance) {
            (Some(Fragment), _) => (Fragment, "because it is asked for"),
            (Some(Compute), None) => (Compute, "because it is asked for"),
            (Some(Compute), Some(hindrance)) => (Fragment, hindrance),
            (None, _) if is_software => (Fragment, "because software adapters compute more slowly"),
            (None, None) => (Compute, "because data-centre cards shade fragments on few of their processors"),
            (None, Some(hindrance)) => (Fragment, hindrance),
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
        let path = |is_software, hindrance, wanted| DrawChoice::of(is_software, hindrance, wanted).path;
        let hindrance = Some("because it has none");
        assert_eq!(path(false, None, None), Compute);
        assert_eq!(path(false, hindrance, None), Fragment);
        assert_eq!(path(true, None, None), Fragment);
        for is_software in [false, true] {
            assert_eq!(path(is_software, None, Some(Fragment)), Fragment);
            assert_eq!(path(is_software, None, Some(Compute)), Compute);
            let refused = DrawChoice::of(is_software, hindrance, Some(Compute));
            assert_eq!((refused.path, Some(refused.reason)), (Fragment, hindrance));
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
