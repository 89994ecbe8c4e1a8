//! libjpeg-turbo's compressor, with restart intervals: the crate `turbojpeg` sets none, its bindings do.
//!
//! The only unsafe code of the encoders. <https://libjpeg-turbo.org/Documentation/Documentation>, TurboJPEG API 3.

#![expect(unsafe_code, reason = "calls into libjpeg-turbo")]

use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

use turbojpeg::raw;

use crate::job::{Jpeg, Subsampling};
use crate::pixels::SizePx;

/// Opaque pixels in memory: four bytes each, of which the last is passed over.
#[derive(Clone, Copy)]
pub(super) struct Rgbx<'p> {
    /// From the first pixel on.
    pub pixels: &'p [u8],
    /// Width and height.
    pub size: SizePx,
    /// Bytes from row to row.
    pub pitch: usize,
}

/// A compressor: settings stay from image to image.
pub(super) struct Compressor(NonNull<std::ffi::c_void>);

// SAFETY: a handle may be used by any thread, one at a time; `&mut self` sees to that.
unsafe impl Send for Compressor {}

impl Compressor {
    pub(super) fn new() -> Result<Self, String> {
        // SAFETY: no arguments but a constant of the interface.
        let handle = unsafe { raw::tj3Init(raw::TJINIT_TJINIT_COMPRESS as c_int) };
        NonNull::new(handle.cast()).map(Self).ok_or_else(|| "libjpeg-turbo cannot start".to_owned())
    }

    /// Settings for the images that follow. `restart_mcus`: a restart marker after so many blocks; 0 for none.
    pub(super) fn set(&mut self, settings: Jpeg, restart_mcus: u32) -> Result<(), String> {
        let Jpeg { quality, subsampling, progressive, background: _ } = settings;
        let subsampling = match subsampling {
            Subsampling::Chroma420 => raw::TJSAMP_TJSAMP_420,
            Subsampling::Chroma444 => raw::TJSAMP_TJSAMP_444,
        };
        for (name, value) in [
            (raw::TJPARAM_TJPARAM_NOREALLOC, 1),
            (raw::TJPARAM_TJPARAM_QUALITY, i32::from(quality)),
            (raw::TJPARAM_TJPARAM_SUBSAMP, subsampling as c_int),
            (raw::TJPARAM_TJPARAM_PROGRESSIVE, c_int::from(progressive)),
            (raw::TJPARAM_TJPARAM_RESTARTBLOCKS, restart_mcus as c_int),
        ] {
            // SAFETY: the handle is live until `drop`.
            let status = unsafe { raw::tj3Set(self.0.as_ptr().cast(), name as c_int, value) };
            if status != 0 {
                return Err(self.error());
            }
        }
        Ok(())
    }

    /// Bytes that a file of this size may have at most.
    pub(super) fn longest(size: SizePx, settings: Jpeg) -> usize {
        let subsampling = match settings.subsampling {
            Subsampling::Chroma420 => raw::TJSAMP_TJSAMP_420,
            Subsampling::Chroma444 => raw::TJSAMP_TJSAMP_444,
        };
        // SAFETY: plain numbers. 0 for sizes that are none.
        unsafe { raw::tj3JPEGBufSize(size.width as c_int, size.height as c_int, subsampling as c_int) as usize }
    }

    /// Compresses an image to the start of `file`, and says how long it is.
    ///
    /// # Panics
    /// When `image.pixels` ends before the last pixel: a bug of the caller.
    pub(super) fn compress(&mut self, image: Rgbx<'_>, file: &mut [u8]) -> Result<usize, String> {
        let Rgbx { pixels, size, pitch } = image;
        let row = size.width as usize * 4;
        assert!(pitch >= row && size.height > 0, "rows lie one after the other");
        assert!(pixels.len() >= pitch * (size.height as usize - 1) + row, "every pixel is there");
        let mut start = file.as_mut_ptr();
        let mut length = file.len() as raw::size_t;
        // SAFETY: every pixel that the size and pitch name lies in `pixels`, as asserted; `start` and `length` are
        // those of `file`, which is not replaced because NOREALLOC is set.
        let status = unsafe {
            raw::tj3Compress8(
                self.0.as_ptr().cast(),
                pixels.as_ptr(),
                size.width as c_int,
                pitch as c_int,
                size.height as c_int,
                raw::TJPF_TJPF_RGBX as c_int,
                &mut start,
                &mut length,
            )
        };
        if status == 0 { Ok(length as usize) } else { Err(self.error()) }
    }

    fn error(&self) -> String {
        // SAFETY: the handle is live, and the message is a string of the library's own until the next call.
        unsafe { CStr::from_ptr(raw::tj3GetErrorStr(self.0.as_ptr().cast())) }.to_string_lossy().into_owned()
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: made by `tj3Init`, and not used again.
        unsafe { raw::tj3Destroy(self.0.as_ptr().cast()) }
    }
}
