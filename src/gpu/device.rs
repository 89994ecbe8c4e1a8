//! The adapter and the device: which one is used, what it can hold, and how its failures are noticed.

use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;

use super::driver::{PipelineCache, local_bytes};
use super::rounding::Rounding;
use super::{compute, pass_times};
use crate::sheet::{DrawChoice, DrawPath, PAGE_ARRAYS, SheetLimits};

/// Why nothing can be drawn.
#[derive(Clone, Debug, Error)]
pub enum GpuError {
    /// There is no Vulkan adapter at all.
    #[error(
        "no Vulkan adapter was found; for a machine without a GPU install software Vulkan (Debian: apt-get install mesa-vulkan-drivers)"
    )]
    NoAdapter,
    /// The one that was asked for is not there.
    #[error("no adapter is named like {wanted:?}; there are: {}", present.join(", "))]
    NoSuchAdapter {
        /// Part of a name, from `GRAVURE_ADAPTER`.
        wanted: String,
        /// The names that there are.
        present: Vec<String>,
    },
    /// The driver refused a device.
    #[error("the adapter {adapter} gives no device: {message}")]
    NoDevice {
        /// Its name.
        adapter: String,
        /// The driver's words.
        message: String,
    },
    /// The device is gone; it must be made anew.
    #[error("the device was lost: {0}")]
    Lost(String),
    /// A setting that is none.
    #[error("{name}={value:?} is none of: {}", allowed.join(", "))]
    BadSetting {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        allowed: &'static [&'static str],
    },
    /// There was no memory for something.
    #[error("out of GPU memory: {0}")]
    OutOfMemory(String),
    /// The driver or wgpu refused a call: a bug of ours or theirs.
    #[error("the device refused a call: {0}")]
    Refused(String),
}

/// What sort of adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterClass {
    /// Draws on the CPU.
    Software,
    /// A graphics card.
    Card,
}

impl AdapterClass {
    /// Of wgpu's kinds.
    pub fn of(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::Cpu => Self::Software,
            _ => Self::Card,
        }
    }

    /// `software` or `card`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Card => "card",
        }
    }
}

/// Who codes JPEGs in segments, and PNGs for speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodedBy {
    /// libjpeg-turbo and fdeflate, from pixels that are read back.
    Cpu,
    /// The adapter, so that only finished segments are read back. The same bytes.
    Gpu,
}

impl CodedBy {
    /// Where a setting says it.
    const VARIABLE: &'static str = "GRAVURE_ENCODE";

    /// What suits an adapter: a card codes where the pixels are; a software adapter takes ten times as long as
    /// libraries for the same cores.
    fn best_for(class: AdapterClass) -> Self {
        match class {
            AdapterClass::Software => Self::Cpu,
            AdapterClass::Card => Self::Gpu,
        }
    }

    /// What `GRAVURE_ENCODE` asks for.
    ///
    /// # Errors
    /// When it is neither `cpu` nor `gpu`.
    pub fn wanted() -> Result<Option<Self>, GpuError> {
        let wanted = std::env::var(Self::VARIABLE).ok().filter(|by| !by.is_empty());
        wanted.map_or(Ok(None), |by| match by.as_str() {
            "cpu" => Ok(Some(Self::Cpu)),
            "gpu" => Ok(Some(Self::Gpu)),
            _ => Err(GpuError::BadSetting { name: Self::VARIABLE, value: by, allowed: &["cpu", "gpu"] }),
        })
    }

    /// `cpu` or `gpu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }
}

/// One adapter, for people.
#[derive(Clone, Debug)]
pub struct AdapterReport {
    /// As the driver names it.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// `vulkan`.
    pub backend: String,
    /// `software` or `card`.
    pub kind: String,
    /// Longest side of a texture.
    pub max_texture_side_px: u32,
    /// Largest buffer.
    pub max_buffer_bytes: u64,
    /// Memory of its own, where the driver says.
    pub memory_bytes: Option<u64>,
    /// What gravure would put on it.
    pub limits: SheetLimits,
    /// Who would code.
    pub coded_by: CodedBy,
    /// Because `GRAVURE_ENCODE` says so.
    pub coder_is_wanted: bool,
    /// By which stage gravure would draw on it, and why.
    pub draw: DrawChoice,
    /// Whether gravure would use it.
    pub chosen: bool,
}

/// Every adapter of the machine.
///
/// # Errors
/// [`GpuError::BadSetting`].
pub fn adapters() -> Result<Vec<AdapterReport>, GpuError> {
    let wanted_path = wanted_path()?;
    let wanted_coder = CodedBy::wanted()?;
    let adapters = enumerate();
    let chosen = choose(&adapters, wanted().as_deref()).ok();
    let reports = adapters.iter().enumerate().map(|(index, adapter)| {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        let class = AdapterClass::of(info.device_type);
        let draw = draw_choice(adapter, class, wanted_path);
        let memory_bytes = local_bytes(adapter);
        AdapterReport {
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            backend: info.backend.to_string(),
            kind: class.name().to_owned(),
            max_texture_side_px: limits.max_texture_dimension_2d,
            max_buffer_bytes: limits.max_buffer_size,
            memory_bytes,
            limits: sheet_limits(class, &limits, draw.path, memory_bytes),
            coded_by: wanted_coder.unwrap_or_else(|| CodedBy::best_for(class)),
            coder_is_wanted: wanted_coder.is_some(),
            draw,
            chosen: chosen == Some(index),
            name: info.name,
        }
    });
    Ok(reports.collect())
}

fn wanted() -> Option<String> {
    std::env::var("GRAVURE_ADAPTER").ok().filter(|name| !name.is_empty())
}

/// The path that `GRAVURE_DRAW` names.
fn wanted_path() -> Result<Option<DrawPath>, GpuError> {
    const VARIABLE: &str = "GRAVURE_DRAW";
    let wanted = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    let unknown = |value| GpuError::BadSetting { name: VARIABLE, value, allowed: &["fragment", "compute"] };
    wanted.map(|name| DrawPath::named(&name).ok_or_else(|| unknown(name))).transpose()
}

fn draw_choice(adapter: &wgpu::Adapter, class: AdapterClass, wanted: Option<DrawPath>) -> DrawChoice {
    DrawChoice::of(class == AdapterClass::Software, compute::hindrance(adapter), wanted)
}

fn enumerate() -> Vec<wgpu::Adapter> {
    let descriptor = wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(wgpu::Backends::VULKAN))
}

/// The adapter asked for by name, else a discrete card before an integrated one before software.
fn choose(adapters: &[wgpu::Adapter], wanted: Option<&str>) -> Result<usize, GpuError> {
    if let Some(wanted) = wanted {
        let matches = |adapter: &wgpu::Adapter| adapter.get_info().name.to_lowercase().contains(&wanted.to_lowercase());
        return adapters.iter().position(matches).ok_or_else(|| GpuError::NoSuchAdapter {
            wanted: wanted.to_owned(),
            present: adapters.iter().map(|adapter| adapter.get_info().name).collect(),
        });
    }
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::VirtualGpu => 1,
        wgpu::DeviceType::IntegratedGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    (0..adapters.len()).min_by_key(|&index| rank(&adapters[index])).ok_or(GpuError::NoAdapter)
}

/// How much goes on a card of this class; `local_bytes`: its own memory, where that is known. A software adapter's
/// memory is the machine's own, and small sheets keep its caches warm.
fn sheet_limits(
    class: AdapterClass,
    limits: &wgpu::Limits,
    draw_path: DrawPath,
    local_bytes: Option<u64>,
) -> SheetLimits {
    const MIB: u64 = 1 << 20;
    /// Drivers allot 4 GiB at most in one go, some a little less.
    const MAX_ARRAY_BYTES: u64 = 3584 * MIB;
    let max_side_px = limits.max_texture_dimension_2d.min(32_768);
    let (sheet_bytes, max_canvases, page_side_px, least_array_bytes, plate_bytes) = match class {
        AdapterClass::Software => (48 * MIB, 64, 2048, 128 * MIB, 128 * MIB),
        AdapterClass::Card => (256 * MIB, 256, 4096, 1024 * MIB, 1024 * MIB),
    };
    let page_side_px = page_side_px.min(max_side_px);
    let photo_bytes = match (class, local_bytes) {
        (AdapterClass::Card, Some(local_bytes)) => local_bytes / 4,
        _ => least_array_bytes,
    };
    let page_bytes = u64::from(page_side_px).pow(2) * 4;
    let array_bytes = photo_bytes.div_ceil(PAGE_ARRAYS as u64).max(least_array_bytes).min(MAX_ARRAY_BYTES);
    let array_pages = (array_bytes / page_bytes).min(u64::from(limits.max_texture_array_layers));
    let mut limits = SheetLimits {
        max_side_px,
        sheet_bytes: sheet_bytes.min(limits.max_buffer_size),
        max_canvases,
        photo_bytes,
        page_side_px,
        array_pages: array_pages as u32,
        plate_bytes,
        has_inner_passes: class == AdapterClass::Software,
        draw_path,
        max_binding_bytes: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
    };
    limits.photo_bytes = u64::from(limits.max_pages()) * page_bytes;
    limits
}

/// How a device is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeviceOptions {
    /// Uses no larger textures than this, though the adapter may allow them: behaves as a smaller adapter would.
    pub max_side_px: Option<u32>,
    /// Makes what the adapter is taken to hold less than it is: for tests of what happens then, and measurements.
    pub lower_limits: Option<fn(&mut SheetLimits)>,
    /// Loses the device, and every one after it, when it was given so many sheets. For tests of what happens then.
    pub lost_after_sheets: Option<u32>,
    /// Measures every pass, where the adapter can.
    pub times_passes: bool,
    /// Who codes. Default: as `GRAVURE_ENCODE` says, else what suits the adapter.
    pub coded_by: Option<CodedBy>,
    /// Draws by this stage where the adapter can. Default: what `GRAVURE_DRAW` names, else by the adapter's class.
    pub draw_path: Option<DrawPath>,
}

/// A device with its queue and a note of what went wrong with it.
pub struct Device {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// `llvmpipe (LLVM 15.0.6, 256 bits)` and the like.
    pub name: String,
    /// Software or card.
    pub class: AdapterClass,
    /// How its render targets round.
    pub rounding: Rounding,
    /// What it can hold.
    pub limits: SheetLimits,
    /// Who codes.
    pub coded_by: CodedBy,
    /// What was compiled before.
    pub pipelines: Option<PipelineCache>,
    fault: Arc<Mutex<Option<GpuError>>>,
}

impl Device {
    /// Opens the best adapter, or the one that `GRAVURE_ADAPTER` names a part of.
    ///
    /// # Errors
    /// No adapter, no device from it, or a setting that is none.
    pub fn open(options: DeviceOptions) -> Result<Self, GpuError> {
        let wanted_coder = options.coded_by.map_or_else(CodedBy::wanted, |by| Ok(Some(by)))?;
        let adapters = enumerate();
        let adapter = &adapters[choose(&adapters, wanted().as_deref())?];
        let (info, mut limits) = (adapter.get_info(), adapter.limits());
        if let Some(side) = options.max_side_px {
            limits.max_texture_dimension_2d = limits.max_texture_dimension_2d.min(side);
        }
        let class = AdapterClass::of(info.device_type);
        let wanted_path = options.draw_path.map_or_else(wanted_path, |path| Ok(Some(path)))?;
        let path = draw_choice(adapter, class, wanted_path).path;
        let mut features = adapter.features() & PipelineCache::FEATURES;
        if options.times_passes {
            features |= pass_times::features(adapter);
        }
        if path == DrawPath::Compute {
            features |= compute::FEATURES;
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("gravure"),
            required_features: features,
            required_limits: limits.clone(),
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| GpuError::NoDevice { adapter: info.name.clone(), message: error.to_string() })?;
        let fault = Arc::new(Mutex::new(None));
        watch(&device, &fault);
        let coded_by = wanted_coder.unwrap_or_else(|| CodedBy::best_for(class));
        let pipelines = PipelineCache::open(&device, &info);
        let mut limits = sheet_limits(class, &limits, path, local_bytes(adapter));
        if let Some(lower) = options.lower_limits {
            lower(&mut limits);
        }
        let rounding = Rounding::of(&info);
        Ok(Self { device, queue, class, rounding, limits, coded_by, pipelines, name: info.name, fault })
    }

    /// What went wrong since the last call. wgpu reports most failures aside from the calls that cause them.
    ///
    /// # Errors
    /// The first failure.
    pub fn check(&self) -> Result<(), GpuError> {
        self.fault.lock().take().map_or(Ok(()), Err)
    }
}

/// The first failure counts; a lost device outranks what follows from it.
fn watch(device: &wgpu::Device, fault: &Arc<Mutex<Option<GpuError>>>) {
    let errors = Arc::clone(fault);
    device.on_uncaptured_error(Arc::new(move |error| {
        let error = match error {
            wgpu::Error::OutOfMemory { source } => GpuError::OutOfMemory(source.to_string()),
            wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
                GpuError::Refused(description)
            }
        };
        errors.lock().get_or_insert(error);
    }));
    let losses = Arc::clone(fault);
    device.set_device_lost_callback(move |reason, message| {
        *losses.lock() = Some(GpuError::Lost(format!("{reason:?} {message}").trim().to_owned()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn limits(class: AdapterClass, max_side_px: u32, local_bytes: Option<u64>) -> SheetLimits {
        let limits = wgpu::Limits { max_texture_dimension_2d: max_side_px, ..wgpu::Limits::default() };
        sheet_limits(class, &limits, DrawPath::Fragment, local_bytes)
    }

    #[test]
    fn photos_take_a_quarter_of_a_card() {
        let card = |local_bytes| {
            let limits = limits(AdapterClass::Card, 16_384, local_bytes);
            assert_eq!(limits.page_bytes(), 64 << 20);
            (limits.photo_bytes, limits.array_pages, limits.max_pages())
        };
        assert_eq!(card(None), (GIB, 16, 16));
        assert_eq!(card(Some(2 * GIB)), (GIB / 2, 16, 8));
        assert_eq!(card(Some(24 * GIB)), (6 * GIB, 16, 96));
        assert_eq!(card(Some(80 * GIB)), (20 * GIB, 40, 320));
        // As much as eight arrays hold.
        assert_eq!(card(Some(139 * GIB)), (28 * GIB, 56, 448));
        assert_eq!(card(Some(0)), (64 << 20, 16, 1));
    }

    #[test]
    fn software_keeps_photos_on_one_array() {
        for local_bytes in [None, Some(64 * GIB)] {
            let limits = limits(AdapterClass::Software, 16_384, local_bytes);
            assert_eq!((limits.photo_bytes, limits.page_side_px), (128 << 20, 2048));
            assert_eq!((limits.max_pages(), limits.max_pages_of(0), limits.max_pages_of(1)), (8, 8, 0));
        }
    }

    #[test]
    fn arrays_are_within_what_drivers_allot_and_hold_all_pages() {
        for side_px in [64, 512, 2048, 8192, 16_384] {
            for gibibytes in [0, 1, 3, 11, 24, 48, 79, 80, 139, 500] {
                let limits = limits(AdapterClass::Card, side_px, Some(gibibytes * GIB));
                assert!((1..=256).contains(&limits.array_pages), "{limits:?}");
                assert!(u64::from(limits.array_pages) * limits.page_bytes() < 4 * GIB, "{limits:?}");
                let of_arrays: Vec<u32> = (0..PAGE_ARRAYS).map(|set| limits.max_pages_of(set)).collect();
                assert_eq!(of_arrays.iter().sum::<u32>(), limits.max_pages(), "{limits:?}");
                assert_eq!(u64::from(limits.max_pages()) * limits.page_bytes(), limits.photo_bytes);
                assert!(limits.photo_bytes <= (gibibytes * GIB / 4).max(limits.page_bytes()), "{limits:?}");
            }
        }
    }
}
