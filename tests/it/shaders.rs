//! Every WGSL file is valid, and its structs and constants agree with their Rust mirrors.

use std::mem::offset_of;

use gravure::gpu::plates::GpuPlateCopy;
use gravure::gpu::rounding::Rounding;
use gravure::gpu::sources::{PLATES_WGSL, RENDER_PASSES, source};
use gravure::gpu::tiles;
use gravure::sheet::PAGE_ARRAYS;
use gravure::sheet::instance::{
    GpuComposite, GpuPart, GpuPhoto, GpuShadow, GpuShape, GpuStop, GpuStrip, OUTLINE_ELLIPSE, OUTLINE_ROUNDED_RECT,
    OUTLINE_STAR, PAINT_LINEAR, PAINT_RADIAL, PAINT_SOLID, PART_COMPOSITE, PART_PHOTO, PART_SHADOW, PART_SHAPE,
    TILE_PX,
};
use wgpu::naga::{self, Module, TypeInner};

fn parse(name: &str, source: &str) -> Module {
    naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)))
}

fn module(name: &str) -> Module {
    let (_, shading, pass) = RENDER_PASSES.iter().find(|(pass, ..)| *pass == name).expect("a known pass");
    parse(name, &source(shading, pass))
}

fn tile_module() -> Module {
    parse("tiles", &tiles::source(Rounding { blends_in_eight_bits: true, keeps_twelve_bits: true }))
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
    // Those that encode JPEG and PNG have tests of their own: `gpu_jpeg::shaders`, `gpu_png::shaders`.
    let is_drawn_with = |file: &std::fs::DirEntry| {
        let name = file.file_name().to_string_lossy().into_owned();
        !["coded_", "jpeg_", "png_"].iter().any(|prefix| name.starts_with(prefix))
    };
    let files = files.map(|file| file.expect("an entry")).filter(is_drawn_with).count();
    // Each pass has a file of its own and one for its shading; common, quad, plates and tiles.
    assert_eq!(files, RENDER_PASSES.len() * 2 + 4, "a shader file that no test knows of");
    let rendered = RENDER_PASSES.map(|(name, ..)| (name, module(name), ["vs_main", "fs_main"].as_slice()));
    let computed = [("plates", parse("plates", PLATES_WGSL)), ("tiles", tile_module())];
    let computed = computed.map(|(name, module)| (name, module, ["cs_main"].as_slice()));
    for (name, module, entries) in rendered.into_iter().chain(computed) {
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        for entry in entries {
            assert!(module.entry_points.iter().any(|point| point.name == *entry), "{name} has no {entry}");
        }
    }
}

/// `PhotoPages::arrays` are bound in order, and then the single photo.
#[test]
fn tiles_have_a_binding_for_every_page_array() {
    let module = tile_module();
    for (binding, name) in (0..PAGE_ARRAYS).map(|set| format!("pages_{set}")).chain(["single".to_owned()]).enumerate() {
        let found = module.global_variables.iter().find(|(_, variable)| variable.name.as_ref() == Some(&name));
        let (_, variable) = found.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(variable.binding, Some(naga::ResourceBinding { group: 2, binding: binding as u32 }), "{name}");
    }
    let in_group =
        module.global_variables.iter().filter(|(_, variable)| variable.binding.is_some_and(|at| at.group == 2));
    assert_eq!(in_group.count(), PAGE_ARRAYS + 1);
}

/// What every adapter has, and not more.
#[test]
fn a_tile_is_a_workgroup_that_every_adapter_can_run() {
    let module = tile_module();
    let entry = module.entry_points.iter().find(|point| point.name == "cs_main").expect("the entry point");
    assert_eq!(entry.workgroup_size, [TILE_PX, TILE_PX, 1]);
    let plates = parse("plates", PLATES_WGSL);
    assert_eq!(plates.entry_points[0].workgroup_size, [TILE_PX, TILE_PX, 1], "`PlatePass` counts in the same tiles");
    const { assert!(TILE_PX * TILE_PX <= 256) };
    let in_space = |space: fn(&naga::AddressSpace) -> bool| {
        module.global_variables.iter().filter(move |(_, variable)| space(&variable.space))
    };
    assert!(in_space(|space| matches!(space, naga::AddressSpace::Storage { .. })).count() <= 8);
    let texture = |variable: &naga::GlobalVariable| match module.types[variable.ty].inner {
        TypeInner::Image { class: naga::ImageClass::Sampled { .. }, .. } => variable.name.clone(),
        _ => None,
    };
    let textures: Vec<String> = module.global_variables.iter().filter_map(|(_, variable)| texture(variable)).collect();
    assert!(textures.len() <= 16, "{textures:?}");
    let shared: u32 = in_space(|space| matches!(space, naga::AddressSpace::WorkGroup))
        .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
        .sum();
    assert!(shared <= 16 << 10, "{shared} bytes");
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
    assert_mirrors!(
        &module("photo"),
        GpuPhoto,
        [quad, mask, radii, origin, texel_offset, page, outline, opacity, page_set]
    );
    let composite = module("composite");
    assert_mirrors!(
        &composite,
        GpuComposite,
        [quad, clip, radii, turn, shift, origin, outline, opacity, exact, blur, tint]
    );
    let tiles = tile_module();
    assert_mirrors!(&tiles, GpuPart, [quad, inner, kind, index]);
    assert_mirrors!(&tiles, GpuStrip, [area, origin_y, first_part, part_count, blank]);
    assert_mirrors!(&parse("plates", PLATES_WGSL), GpuPlateCopy, [area, source]);
    let (members, _) = layout(&composite, "GpuComposite");
    let slot = members.iter().position(|(name, _)| name == "slot_y").expect("slot_y");
    assert_eq!(members[slot].1, offset_of!(GpuComposite, slot));
    let names: Vec<&str> = members[slot..slot + 3].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["slot_y", "slot_width", "slot_height"]);
}

#[test]
fn constants_agree_with_their_mirrors() {
    let tiles = tile_module();
    let mirrors = [
        ("OUTLINE_ROUNDED_RECT", OUTLINE_ROUNDED_RECT),
        ("OUTLINE_ELLIPSE", OUTLINE_ELLIPSE),
        ("OUTLINE_STAR", OUTLINE_STAR),
        ("PAINT_SOLID", PAINT_SOLID),
        ("PAINT_LINEAR", PAINT_LINEAR),
        ("PAINT_RADIAL", PAINT_RADIAL),
        ("PART_SHAPE", PART_SHAPE),
        ("PART_SHADOW", PART_SHADOW),
        ("PART_PHOTO", PART_PHOTO),
        ("PART_COMPOSITE", PART_COMPOSITE),
        ("TILE_PX", TILE_PX),
        ("INVOCATIONS", TILE_PX * TILE_PX),
        ("WORDS", TILE_PX * TILE_PX / 32),
    ];
    for (name, value) in mirrors {
        let found = tiles.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name));
        let (_, constant) = found.unwrap_or_else(|| panic!("no constant {name}"));
        let expression = &tiles.global_expressions[constant.init];
        assert!(
            matches!(expression, naga::Expression::Literal(naga::Literal::U32(number)) if *number == value),
            "{name} is {expression:?}, not {value}"
        );
    }
}
