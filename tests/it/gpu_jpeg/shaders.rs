//! The passes are valid WGSL, and their structs and constants agree with the Rust mirrors.

use std::mem::offset_of;

use gravure::gpu::jpeg::passes::sources;
use gravure::gpu::jpeg::{GpuCodedChunk, GpuCodedSize, GpuJpegSegment, GpuJpegSettings};
use wgpu::naga::{self, Module, TypeInner};

pub fn module(name: &str, source: &str) -> Module {
    naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)))
}

/// Each file in `shaders/` whose name starts with `prefix` is a pass of its own or one of `shared`, and the passes are
/// within what every adapter has.
pub fn assert_valid(prefix: &str, shared: usize, sources: &[(&str, String)]) {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders")).expect("the folder");
    let is_one = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with(prefix);
    let files = files.map(|file| file.expect("an entry")).filter(is_one).count();
    let own = sources.iter().filter(|(name, _)| name.starts_with(prefix)).count();
    assert_eq!(files, own + shared, "a shader file that no pass is made of");
    for (name, source) in sources {
        let module = module(name, source);
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let entry = module.entry_points.iter().find(|entry| entry.name == "cs_main");
        let size = entry.unwrap_or_else(|| panic!("{name} has no cs_main")).workgroup_size;
        assert!(size.iter().product::<u32>() <= 256, "{name}: {size:?}");
        let context = module.to_ctx();
        let mut workgroup_bytes = 0;
        let mut storage_buffers = 0;
        for (_, variable) in module.global_variables.iter() {
            match variable.space {
                naga::AddressSpace::WorkGroup => workgroup_bytes += module.types[variable.ty].inner.size(context),
                naga::AddressSpace::Storage { .. } => storage_buffers += 1,
                _ => {}
            }
        }
        assert!(workgroup_bytes <= 16_384, "{name}: {workgroup_bytes} bytes of workgroup memory");
        assert!(storage_buffers <= 8, "{name}: {storage_buffers} storage buffers");
    }
}

/// Name and offset of every member, and the size of a struct.
pub fn layout(module: &Module, name: &str) -> (Vec<(String, usize)>, usize) {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    match &found.unwrap_or_else(|| panic!("no struct {name}")).1.inner {
        TypeInner::Struct { members, span } => {
            let members = members.iter().map(|m| (m.name.clone().expect("named"), m.offset as usize)).collect();
            (members, *span as usize)
        }
        other => panic!("{name} is {other:?}"),
    }
}

macro_rules! assert_mirrors {
    ($module:expr, $ty:ty, [$($field:ident),*]) => {
        let (members, size) = layout($module, stringify!($ty));
        let mirrored = [$((stringify!($field).to_owned(), offset_of!($ty, $field))),*];
        assert_eq!(members, mirrored, "{}", stringify!($ty));
        assert_eq!(size, size_of::<$ty>(), "{}", stringify!($ty));
    };
}

pub(crate) use assert_mirrors;

#[test]
fn every_pass_is_valid_and_small_enough_for_every_adapter() {
    // With what they share: common and symbols.
    assert_valid("jpeg_", 2, &sources());
}

#[test]
fn structs_agree_with_their_mirrors() {
    let sources = sources();
    let (name, source) = &sources[0];
    let module = module(name, source);
    assert_mirrors!(&module, GpuJpegSegment, [x, y, mcus, right, bottom, settings, first_block, pad]);
    assert_mirrors!(&module, GpuJpegSettings, [divisors, dc_codes, ac_codes, background, subsampling, pad]);
    assert_mirrors!(
        &module,
        GpuCodedChunk,
        [first_segment, segments, table_word, data_word, capacity_bytes, pad_a, pad_b, pad_c]
    );
    assert_mirrors!(&module, GpuCodedSize, [detail, bytes, offset, pad]);
}

#[test]
fn constants_agree_with_their_mirrors() {
    use gravure::gpu::jpeg::{BLOCK_PACKED_WORDS, SPILLED, SUBSAMPLING_420, SUBSAMPLING_444, SYMBOLS};
    let mirrors = [
        ("SUBSAMPLING_444", SUBSAMPLING_444),
        ("SUBSAMPLING_420", SUBSAMPLING_420),
        ("SPILLED", SPILLED),
        ("BLOCK_PACKED_WORDS", BLOCK_PACKED_WORDS),
        ("SYMBOLS", SYMBOLS),
    ];
    assert_constants(&sources(), &mirrors);
}

/// Each is in some pass, and the same in all that have it.
pub fn assert_constants(sources: &[(&str, String)], mirrors: &[(&str, u32)]) {
    let modules: Vec<Module> = sources.iter().map(|(name, source)| module(name, source)).collect();
    for (name, value) in mirrors {
        let constants = modules.iter().flat_map(|module| module.constants.iter().map(move |(_, c)| (module, c)));
        let found: Vec<_> = constants.filter(|(_, constant)| constant.name.as_deref() == Some(*name)).collect();
        assert!(!found.is_empty(), "no constant {name}");
        for (module, constant) in found {
            let expression = &module.global_expressions[constant.init];
            let is_right =
                matches!(expression, naga::Expression::Literal(naga::Literal::U32(number)) if *number == *value);
            assert!(is_right, "{name} is {expression:?}, not {value}");
        }
    }
}
