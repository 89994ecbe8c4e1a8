//! Sizes and rectangles. `Px` types are whole pixels; `F` types are fractions of pixels.
//!
//! ```text
//!   (x, y) ────────── right
//!     │                 │        right  = x + width   (first column outside)
//!     │                 │        bottom = y + height  (first row outside)
//!   bottom ─────────────┘        y grows downwards
//! ```

/// Width and height in whole pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SizePx {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl SizePx {
    /// A size from its sides.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels inside.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The rectangle of this size at the origin.
    pub const fn rect(self) -> RectPx {
        RectPx { x: 0, y: 0, width: self.width, height: self.height }
    }
}

/// A point in fractions of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PointF {
    /// Distance from the left edge.
    pub x: f32,
    /// Distance from the top edge.
    pub y: f32,
}

/// A rectangle on whole pixels; may lie partly or wholly outside its canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RectPx {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width; 0 is empty.
    pub width: u32,
    /// Height; 0 is empty.
    pub height: u32,
}

impl RectPx {
    /// A rectangle from its corner and size.
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// First column outside, on the right.
    pub const fn right(self) -> i32 {
        self.x.saturating_add_unsigned(self.width)
    }

    /// First row outside, below.
    pub const fn bottom(self) -> i32 {
        self.y.saturating_add_unsigned(self.height)
    }

    /// Its size.
    pub const fn size(self) -> SizePx {
        SizePx::new(self.width, self.height)
    }

    /// Whether it covers no pixel.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Moved by whole pixels.
    pub const fn translated(self, dx: i32, dy: i32) -> Self {
        Self { x: self.x.saturating_add(dx), y: self.y.saturating_add(dy), ..self }
    }

    /// Grown by `by` pixels on every side.
    pub const fn inflated(self, by: u32) -> Self {
        Self {
            x: self.x.saturating_sub_unsigned(by),
            y: self.y.saturating_sub_unsigned(by),
            width: self.width.saturating_add(by.saturating_mul(2)),
            height: self.height.saturating_add(by.saturating_mul(2)),
        }
    }

    /// The pixels in both; empty where they do not meet.
    pub fn intersection(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        Self { x, y, width: (right - x).max(0) as u32, height: (bottom - y).max(0) as u32 }
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = self.right().max(other.right());
        let bottom = self.bottom().max(other.bottom());
        Self { x, y, width: (right - x) as u32, height: (bottom - y) as u32 }
    }

    /// Whether they share a pixel.
    pub fn overlaps(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// Whether every pixel of `other` is inside.
    pub fn contains(self, other: Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// The same rectangle in fractions.
    pub fn to_f(self) -> RectF {
        RectF { x: self.x as f32, y: self.y as f32, width: self.width as f32, height: self.height as f32 }
    }
}

impl std::fmt::Display for RectPx {
    /// `(x, y) widthxheight`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {}) {}x{}", self.x, self.y, self.width, self.height)
    }
}

/// A rectangle in fractions of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RectF {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl RectF {
    /// A rectangle from its corner and size.
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    /// The right edge.
    pub fn right(self) -> f32 {
        self.x + self.width
    }

    /// The bottom edge.
    pub fn bottom(self) -> f32 {
        self.y + self.height
    }

    /// Every edge to its nearest whole pixel, so that neighbours keep meeting without a seam.
    pub fn rounded(self) -> RectPx {
        let snap = |v: f32| v.clamp(-1e6, 1e6).round() as i32;
        let (x, y) = (snap(self.x), snap(self.y));
        let (right, bottom) = (snap(self.right()), snap(self.bottom()));
        RectPx { x, y, width: (right - x).max(0) as u32, height: (bottom - y).max(0) as u32 }
    }

    /// The smallest whole-pixel rectangle around it.
    pub fn outer(self) -> RectPx {
        let edge = |v: f32| v.clamp(-1e6, 1e6);
        let (x, y) = (edge(self.x).floor() as i32, edge(self.y).floor() as i32);
        let (right, bottom) = (edge(self.right()).ceil() as i32, edge(self.bottom()).ceil() as i32);
        RectPx { x, y, width: (right - x).max(0) as u32, height: (bottom - y).max(0) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_meet_after_rounding() {
        let left = RectF::new(0.3, 0.0, 10.4, 5.0).rounded();
        let right = RectF::new(10.7, 0.0, 10.4, 5.0).rounded();
        assert_eq!(left.right(), right.x);
    }

    #[test]
    fn intersection_of_strangers_is_empty() {
        let a = RectPx::new(0, 0, 10, 10);
        assert!(a.intersection(RectPx::new(20, 20, 5, 5)).is_empty());
        assert!(!a.overlaps(RectPx::new(10, 0, 5, 5)));
        assert!(a.overlaps(RectPx::new(9, 9, 5, 5)));
    }

    #[test]
    fn outer_covers_and_union_ignores_the_empty() {
        assert_eq!(RectF::new(0.2, -0.2, 1.0, 1.0).outer(), RectPx::new(0, -1, 2, 2));
        assert_eq!(RectPx::default().union(RectPx::new(3, 4, 1, 1)), RectPx::new(3, 4, 1, 1));
    }
}
