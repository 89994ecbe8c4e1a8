//! What can be asked of either coder; `S`: its stages.

use super::room::Room;

/// Told of each stage before it is recorded.
pub type Before<'o, S> = &'o mut dyn FnMut(&mut wgpu::CommandEncoder, S);

/// How to encode.
pub struct EncodeOptions<'o, S> {
    /// Segments that find no room are reported, not cut.
    pub room: Room,
    /// Is told what is recorded next.
    pub before: Option<Before<'o, S>>,
}

impl<S> Default for EncodeOptions<'_, S> {
    fn default() -> Self {
        Self { room: Room::default(), before: None }
    }
}
