//! Pixels in memory: owned ([`Bitmap`]) and borrowed with a stride ([`BitmapView`]).

use super::{RectPx, SizePx};

/// RGBA, 8 bits a channel, gamma-encoded sRGB, **premultiplied** alpha, rows without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    size: SizePx,
    data: Vec<u8>,
}

impl Bitmap {
    /// Wraps premultiplied RGBA bytes.
    ///
    /// # Panics
    /// When `data` is not `width × height × 4` bytes long: a bug of the caller.
    pub fn new(size: SizePx, data: Vec<u8>) -> Self {
        assert_eq!(data.len() as u64, size.area() * 4, "a bitmap's bytes match its size");
        Self { size, data }
    }

    /// A transparent bitmap.
    pub fn transparent(size: SizePx) -> Self {
        Self { size, data: vec![0; size.area() as usize * 4] }
    }

    /// Width and height.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// The bytes, row after row.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes, to change.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The whole of it, borrowed.
    pub fn view(&self) -> BitmapView<'_> {
        BitmapView { size: self.size, stride: self.size.width as usize * 4, data: &self.data }
    }

    /// The four channels at a pixel.
    ///
    /// # Panics
    /// Outside the bitmap.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        self.view().pixel(x, y)
    }
}

impl std::fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bitmap({}x{})", self.size.width, self.size.height)
    }
}

/// Borrowed premultiplied RGBA rows, `stride` bytes apart (a slot of a sheet, or a bitmap).
#[derive(Clone, Copy)]
pub struct BitmapView<'a> {
    size: SizePx,
    stride: usize,
    data: &'a [u8],
}

impl<'a> BitmapView<'a> {
    /// A view of `size` whose rows start `stride` bytes apart in `data`.
    ///
    /// # Panics
    /// When `data` does not reach the end of the last row: a bug of the caller.
    pub fn new(size: SizePx, stride: usize, data: &'a [u8]) -> Self {
        let row = size.width as usize * 4;
        assert!(stride >= row, "a row fits its stride");
        assert!(
            size.height == 0 || data.len() >= stride * (size.height as usize - 1) + row,
            "the view's last row lies inside its data"
        );
        Self { size, stride, data }
    }

    /// Width and height.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// Bytes from the start of one row to the start of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The bytes from the first pixel on, padding included.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// One row's pixels, without padding.
    pub fn row(&self, y: u32) -> &'a [u8] {
        let start = y as usize * self.stride;
        &self.data[start..start + self.size.width as usize * 4]
    }

    /// All rows from the top.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let view = *self;
        (0..self.size.height).map(move |y| view.row(y))
    }

    /// The four channels at a pixel.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let at = x as usize * 4;
        let row = self.row(y);
        [row[at], row[at + 1], row[at + 2], row[at + 3]]
    }

    /// A part of it.
    ///
    /// # Panics
    /// When the part is not inside: a bug of the caller.
    pub fn part(&self, rect: RectPx) -> BitmapView<'a> {
        assert!(self.size.rect().contains(rect), "the part lies inside");
        let start = rect.y as usize * self.stride + rect.x as usize * 4;
        BitmapView::new(rect.size(), self.stride, self.data.get(start..).unwrap_or_default())
    }

    /// A copy without padding.
    pub fn to_bitmap(&self) -> Bitmap {
        let mut data = Vec::with_capacity(self.size.area() as usize * 4);
        for row in self.rows() {
            data.extend_from_slice(row);
        }
        Bitmap::new(self.size, data)
    }

    /// Whether every pixel is opaque.
    pub fn is_opaque(&self) -> bool {
        self.rows().all(|row| row.chunks_exact(4).all(|pixel| pixel[3] == 255))
    }
}
