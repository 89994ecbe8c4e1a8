//! Every WGSL file is valid, and its structs and constants agree with their Rust mirrors.

use std::mem::offset_of;

use gravure::gpu::passes::{COMMON_WGSL, COMPOSITE_WGSL, PHOTO_WGSL, SHADOW_WGSL, SHAPE_WGSL};
use gravure::sheet::instance::{
    GpuComposite, GpuPhoto, GpuShadow, GpuShape, GpuStop, OUTLINE_ELLIPSE, OUTLINE_ROUNDED_RECT, OUTLINE_STAR,
    PAINT_LINEAR, PAINT_RADIAL, PAINT_SOLID,
};
use wgpu::naga::{self, Module, TypeInner};

const PASSES: [(&str, &str); 4] =
    [("shape", SHAPE_WGSL), ("shadow", SHADOW_WGSL), ("photo", PHOTO_WGSL), ("composite", COMPOSITE_WGSL)];

fn module(name: &str) -> Module {
    let (_, source) = PASSES.iter().find(|(pass, _)| *pass == name).expect("a known pass");
    let source = format!("{COMMON_WGSL}\n{source}");
    naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)))
}

/// Name, offset of every member, and the size of a struct.
fn layout(module: &Module, name: &str) -> (Vec<(String, usize)>, usize) {
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
        $(
            let found = members.iter().find(|(name, _)| name == stringify!($field));
            let (_, offset) = found.unwrap_or_else(|| panic!("{} has no {}", stringify!($ty), stringify!($field)));
            assert_eq!(*offset, offset_of!($ty, $field), "{}.{}", stringify!($ty), stringify!($field));
        )*
        assert_eq!(size, size_of::<$ty>(), "{}", stringify!($ty));
    };
}

#[test]
fn every_shader_is_valid() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders")).expect("the folder");
    // Those that encode JPEG have a test of their own: `gpu_jpeg::shaders`.
    let is_drawn_with = |file: &std::fs::DirEntry| !file.file_name().to_string_lossy().starts_with("jpeg_");
    let files = files.map(|file| file.expect("an entry")).filter(is_drawn_with).count();
    assert_eq!(files, PASSES.len() + 1, "a shader file that no test knows of");
    for (name, _) in PASSES {
        let module = module(name);
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        for entry in ["vs_main", "fs_main"] {
            assert!(module.entry_points.iter().any(|point| point.name == entry), "{name} has no {entry}");
        }
    }
}

#[test]
fn structs_agree_with_their_mirrors() {
    let shape = module("shape");
    assert_mirrors!(
        &shape,
        GpuShape,
        [quad, rect, radii, color, axis, origin, outline, paint, first_stop, stop_count, stroke, pad]
    );
    assert_mirrors!(&shape, GpuStop, [color, offset]);
    assert_mirrors!(
        &module("shadow"),
        GpuShadow,
        [quad, rect, radii, color, cutout, cutout_radii, origin, sigma, outline]
    );
    assert_mirrors!(&module("photo"), GpuPhoto, [quad, mask, radii, origin, texel_offset, page, outline, opacity, pad]);
    let composite = module("composite");
    assert_mirrors!(
        &composite,
        GpuComposite,
        [quad, clip, radii, turn, shift, origin, outline, opacity, exact, blur, tint]
    );
    let (members, _) = layout(&composite, "GpuComposite");
    let slot = members.iter().position(|(name, _)| name == "slot_y").expect("slot_y");
    assert_eq!(members[slot].1, offset_of!(GpuComposite, slot));
    let names: Vec<&str> = members[slot..slot + 3].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["slot_y", "slot_width", "slot_height"]);
}

#[test]
fn constants_agree_with_their_mirrors() {
    let shape = module("shape");
    let mirrors = [
        ("OUTLINE_ROUNDED_RECT", OUTLINE_ROUNDED_RECT),
        ("OUTLINE_ELLIPSE", OUTLINE_ELLIPSE),
        ("OUTLINE_STAR", OUTLINE_STAR),
        ("PAINT_SOLID", PAINT_SOLID),
        ("PAINT_LINEAR", PAINT_LINEAR),
        ("PAINT_RADIAL", PAINT_RADIAL),
    ];
    for (name, value) in mirrors {
        let found = shape.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name));
        let (_, constant) = found.unwrap_or_else(|| panic!("no constant {name}"));
        let expression = &shape.global_expressions[constant.init];
        assert!(
            matches!(expression, naga::Expression::Literal(naga::Literal::U32(number)) if *number == value),
            "{name} is {expression:?}, not {value}"
        );
    }
}
