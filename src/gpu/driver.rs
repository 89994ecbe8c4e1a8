//! What wgpu gives by unsafe calls only: pipelines that were compiled before, and how much memory the card has.
//!
//! Compiled pipelines lie in a file for each adapter in `GRAVURE_PIPELINE_CACHE`, by default `gravure` in the user's
//! cache folder (`XDG_CACHE_HOME`, else `~/.cache`); where there is no such folder, or the variable is empty, they are
//! compiled anew. A file that is damaged, or of another driver, is as none. Nothing fails for want of it.
#![expect(unsafe_code, reason = "wgpu cannot check what a driver is handed, or what is done with its handles")]

use std::io::Write;
use std::path::{Path, PathBuf};

/// Bytes of a BLAKE3 hash, which stands before the driver's data.
const HASH_BYTES: usize = blake3::OUT_LEN;

/// The pipelines of one device, compiled before or now.
pub struct PipelineCache {
    cache: wgpu::PipelineCache,
    file: PathBuf,
    /// Of what was in the file.
    hash: Option<blake3::Hash>,
}

impl PipelineCache {
    /// What a device must be opened with.
    pub const FEATURES: wgpu::Features = wgpu::Features::PIPELINE_CACHE;

    /// The pipelines in the file of this adapter; none where there is no folder for them.
    pub fn open(device: &wgpu::Device, adapter: &wgpu::AdapterInfo) -> Option<Self> {
        Self::open_in(&folder()?, device, adapter)
    }

    /// The same in this folder.
    pub fn open_in(folder: &Path, device: &wgpu::Device, adapter: &wgpu::AdapterInfo) -> Option<Self> {
        if !device.features().contains(Self::FEATURES) {
            return None;
        }
        let file = folder.join(format!("{}.bin", wgpu::util::pipeline_cache_key(adapter)?));
        let stored = std::fs::read(&file).ok();
        let data = stored.as_deref().and_then(whole);
        // SAFETY: the data is what `store` wrote, which the hash before it shows; wgpu compares its header with adapter
        // and driver, and falls back to none.
        let cache = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: Some("pipelines"),
                data: data.map(|(_, data)| data),
                fallback: true,
            })
        };
        Some(Self { cache, hash: data.map(|(hash, _)| hash), file })
    }

    /// For the descriptors of pipelines.
    pub fn cache(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Stores what was compiled, where that is new. A folder that cannot be written is no error: pipelines are compiled
    /// anew next time.
    pub fn store(&mut self) {
        let Some(data) = self.cache.get_data() else { return };
        let hash = blake3::hash(&data);
        if self.hash == Some(hash) {
            return;
        }
        match write(&self.file, hash, &data) {
            Ok(()) => self.hash = Some(hash),
            Err(error) => tracing::debug!(%error, file = %self.file.display(), "compiled pipelines are not kept"),
        }
    }
}

/// Where files lie.
fn folder() -> Option<PathBuf> {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let given = path("GRAVURE_PIPELINE_CACHE");
    let by_default = || {
        let absolute = |path: &PathBuf| path.is_absolute();
        let caches = path("XDG_CACHE_HOME").filter(absolute);
        Some(caches.or_else(|| Some(path("HOME").filter(absolute)?.join(".cache")))?.join("gravure"))
    };
    given.map_or_else(by_default, |given| Some(given).filter(|given| !given.as_os_str().is_empty()))
}

/// Hash and data of a file, if they belong together.
fn whole(stored: &[u8]) -> Option<(blake3::Hash, &[u8])> {
    let (hash, data) = stored.split_first_chunk::<HASH_BYTES>()?;
    let hash = blake3::Hash::from_bytes(*hash);
    (blake3::hash(data) == hash).then_some((hash, data))
}

/// Whole or not at all: another process may read it just now.
fn write(file: &Path, hash: blake3::Hash, data: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(hash.as_bytes())?;
    written.write_all(data)?;
    written.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Bytes of the largest memory that is the card's own; `None` where the driver does not say.
pub fn local_bytes(adapter: &wgpu::Adapter) -> Option<u64> {
    // SAFETY: the handles are read, not kept, and nothing is destroyed.
    let properties = unsafe {
        let adapter = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
        adapter.shared_instance().raw_instance().get_physical_device_memory_properties(adapter.raw_physical_device())
    };
    // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT.
    const DEVICE_LOCAL: u32 = 1;
    let heaps = &properties.memory_heaps[..properties.memory_heap_count as usize];
    heaps.iter().filter(|heap| heap.flags.as_raw() & DEVICE_LOCAL != 0).map(|heap| heap.size).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_damaged_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/pipelines.bin");
        let data = b"compiled";
        write(&file, blake3::hash(data), data).unwrap();
        let stored = std::fs::read(&file).unwrap();
        assert_eq!(whole(&stored), Some((blake3::hash(data), &data[..])));
        for byte in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[byte] ^= 1;
            assert_eq!(whole(&damaged), None, "byte {byte}");
            assert_eq!(whole(&stored[..byte]), None, "cut at {byte}");
        }
        let others = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(others, 1, "nothing else is left there");
    }
}
