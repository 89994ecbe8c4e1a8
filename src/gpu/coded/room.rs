//! How much may come out.

/// Bytes that the output may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Plenty for anything but noise.
    #[default]
    Plenty,
    /// So many.
    Bytes(u32),
}
