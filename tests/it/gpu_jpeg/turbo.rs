//! libjpeg-turbo, the oracle: with restart intervals, which the crate `turbojpeg` does not set.

#![expect(unsafe_code, reason = "calls into libjpeg-turbo")]

use std::ffi::c_int;

use gravure::gpu::jpeg::ChromaSubsampling;
use turbojpeg::raw;

/// A file of opaque RGBA rows, with the accurate integer DCT. `is_optimised`: Huffman tables made for it.
pub fn compress(
    pixels: &[u8],
    (width, height): (u32, u32),
    quality: u8,
    subsampling: ChromaSubsampling,
    restart_mcus: u32,
    is_optimised: bool,
) -> Vec<u8> {
    assert_eq!(pixels.len(), (width * height * 4) as usize);
    let subsampling = match subsampling {
        ChromaSubsampling::Chroma444 => raw::TJSAMP_TJSAMP_444,
        ChromaSubsampling::Chroma420 => raw::TJSAMP_TJSAMP_420,
    };
    let settings = [
        (raw::TJPARAM_TJPARAM_NOREALLOC, 1),
        (raw::TJPARAM_TJPARAM_QUALITY, c_int::from(quality)),
        (raw::TJPARAM_TJPARAM_SUBSAMP, subsampling as c_int),
        (raw::TJPARAM_TJPARAM_OPTIMIZE, c_int::from(is_optimised)),
        (raw::TJPARAM_TJPARAM_RESTARTBLOCKS, restart_mcus as c_int),
    ];
    // SAFETY: the handle is live from `tj3Init` to `tj3Destroy`; `pixels` holds every pixel that the size names, as
    // asserted; `file` is as long as `tj3JPEGBufSize` says, and is not replaced because NOREALLOC is set.
    unsafe {
        let handle = raw::tj3Init(raw::TJINIT_TJINIT_COMPRESS as c_int);
        assert!(!handle.is_null());
        for (name, value) in settings {
            assert_eq!(raw::tj3Set(handle, name as c_int, value), 0);
        }
        let longest = raw::tj3JPEGBufSize(width as c_int, height as c_int, subsampling as c_int);
        // Optimised tables are larger than the bound allows for in tiny images.
        let mut file = vec![0; longest as usize + 4096];
        let (mut start, mut length) = (file.as_mut_ptr(), file.len() as raw::size_t);
        let (row, format) = ((width * 4) as c_int, raw::TJPF_TJPF_RGBX as c_int);
        let status = raw::tj3Compress8(
            handle,
            pixels.as_ptr(),
            width as c_int,
            row,
            height as c_int,
            format,
            &mut start,
            &mut length,
        );
        assert_eq!(status, 0, "{:?}", std::ffi::CStr::from_ptr(raw::tj3GetErrorStr(handle)));
        raw::tj3Destroy(handle);
        file.truncate(length as usize);
        file
    }
}

/// The pixels of a file, as RGB.
pub fn decompress(file: &[u8]) -> Vec<u8> {
    turbojpeg::decompress(file, turbojpeg::PixelFormat::RGB).expect("a file that libjpeg-turbo reads").pixels
}
