//! How an adapter's render targets come to eight bits: the compute path rounds in the same way, so that both paths give
//! the same pixels. Vulkan leaves it open; these were found by drawing a quarter of a million random colours over others
//! (`tests/it/rounding.rs`). On an H200 every channel of every pixel was as said here, on llvmpipe all but one in 4,500.

/// As PCI names NVIDIA.
const NVIDIA: u32 = 0x10de;

/// A way to round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// What is laid over and what is left below are rounded before they are added; else their sum is.
    pub blends_in_eight_bits: bool,
    /// Colours are cut to twelve bits before they are rounded to eight.
    pub keeps_twelve_bits: bool,
}

impl Rounding {
    /// That of an adapter. Of those that were never at hand the sum is taken to be rounded to the nearest.
    pub fn of(adapter: &wgpu::AdapterInfo) -> Self {
        let (blends_in_eight_bits, keeps_twelve_bits) = match adapter.device_type {
            wgpu::DeviceType::Cpu => (adapter.name.contains("llvmpipe"), false),
            _ => (adapter.vendor == NVIDIA, adapter.vendor == NVIDIA),
        };
        Self { blends_in_eight_bits, keeps_twelve_bits }
    }

    /// For `tiles.wgsl`.
    pub fn wgsl(self) -> String {
        let Self { blends_in_eight_bits, keeps_twelve_bits } = self;
        format!(
            "const BLENDS_IN_EIGHT_BITS: bool = {blends_in_eight_bits};\n\
             const KEEPS_TWELVE_BITS: bool = {keeps_twelve_bits};\n"
        )
    }

    /// A colour as a target keeps it, of 255.
    pub fn kept(self, color: f32) -> u8 {
        let color = f64::from(color.clamp(0.0, 1.0));
        match self.keeps_twelve_bits {
            true => ((color * 4096.0).floor() * 255.0 / 4096.0 - 0.5).ceil() as u8,
            false => (color * 255.0 + 0.5).floor() as u8,
        }
    }

    /// A premultiplied colour over what a target holds. `alpha`: of the colour.
    pub fn over(self, color: f32, alpha: f32, below: u8) -> u8 {
        if self.blends_in_eight_bits {
            let left = f64::from(below) * (1.0 - f64::from(self.kept(alpha)) / 255.0);
            return self.kept(color).saturating_add((left + 0.5).floor() as u8);
        }
        self.kept(color + f32::from(below) / 255.0 * (1.0 - alpha))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_levels_stay() {
        for keeps_twelve_bits in [false, true] {
            for blends_in_eight_bits in [false, true] {
                let rounding = Rounding { blends_in_eight_bits, keeps_twelve_bits };
                for level in 0..=255_u8 {
                    let color = f32::from(level) / 255.0;
                    assert_eq!(rounding.kept(color), level, "{rounding:?}");
                    assert_eq!(rounding.over(color, 1.0, 200), level, "{rounding:?}");
                    assert_eq!(rounding.over(0.0, 0.0, level), level, "{rounding:?}");
                }
            }
        }
    }
}
