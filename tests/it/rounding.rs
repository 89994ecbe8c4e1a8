//! Render targets and storage textures round as `gpu/rounding.rs` says, on the adapter at hand.

use gravure::gpu::rounding::Rounding;

use crate::gpu_jpeg::device::Gpu;
use crate::gpu_jpeg::pictures::Random;

/// Width and height of the target.
const SIDE: u32 = 512;

const SHADER: &str = "
@group(0) @binding(0) var<storage, read> colors: array<vec4<f32>>;
@group(0) @binding(1) var kept: texture_storage_2d<rgba8unorm, write>;

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    return colors[u32(at.y) * 512u + u32(at.x)];
}

@compute @workgroup_size(16, 16)
fn cs_main(@builtin(global_invocation_id) at: vec3<u32>) {
    textureStore(kept, at.xy, colors[at.y * 512u + at.x]);
}
";

/// How colours get to the texture.
enum Way {
    Drawn(Option<wgpu::BlendState>),
    Stored,
}

/// Random premultiplied colours, every fourth opaque, every eighth of whole levels.
fn colors() -> Vec<[f32; 4]> {
    let mut random = Random(7);
    let mut share = || (random.next() >> 40) as f32 / (1 << 24) as f32;
    let color = |index: u32| {
        let alpha = if index.is_multiple_of(4) { 1.0 } else { share() };
        let [red, green, blue] = [share(), share(), share()].map(|part| {
            let part = part * alpha;
            if index % 8 == 7 { (part * 255.0).round() / 255.0 } else { part }
        });
        [red, green, blue, alpha]
    };
    (0..SIDE * SIDE).map(color).collect()
}

/// What `colors` leave of a texture that held `below`.
fn keep(gpu: &Gpu, colors: &[[f32; 4]], below: &[u8], way: &Way) -> Vec<u8> {
    let Gpu { device, queue } = gpu;
    let size = wgpu::Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT
            | wgpu::TextureUsages::COPY_DST
            | wgpu::TextureUsages::COPY_SRC
            | wgpu::TextureUsages::STORAGE_BINDING,
        view_formats: &[],
    });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let rows = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(SIDE * 4), rows_per_image: None };
    queue.write_texture(texture.as_image_copy(), below, rows, size);
    let buffer = |bytes: u64, usage| {
        let descriptor = wgpu::BufferDescriptor { label: None, size: bytes, usage, mapped_at_creation: false };
        device.create_buffer(&descriptor)
    };
    let source = buffer(size_of_val(colors) as u64, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST);
    queue.write_buffer(&source, 0, bytemuck::cast_slice(colors));
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(SHADER.into()),
    });
    let group = |layout: &wgpu::BindGroupLayout, count| {
        let all = [source.as_entire_binding(), wgpu::BindingResource::TextureView(&view)];
        let entries = all.into_iter().zip(0..).map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource });
        let entries: Vec<_> = entries.take(count).collect();
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
    };
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    match way {
        Way::Drawn(blend) => {
            let target =
                wgpu::ColorTargetState { format: texture.format(), blend: *blend, write_mask: wgpu::ColorWrites::ALL };
            let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: None,
                layout: None,
                vertex: wgpu::VertexState {
                    module: &module,
                    entry_point: Some("vs_main"),
                    compilation_options: Default::default(),
                    buffers: &[],
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: None,
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some("fs_main"),
                    compilation_options: Default::default(),
                    targets: &[Some(target)],
                }),
                multiview_mask: None,
                cache: None,
            });
            let group = group(&pipeline.get_bind_group_layout(0), 1);
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store },
                })],
                ..Default::default()
            });
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.draw(0..3, 0..1);
        }
        Way::Stored => {
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: None,
                module: &module,
                entry_point: Some("cs_main"),
                compilation_options: Default::default(),
                cache: None,
            });
            let group = group(&pipeline.get_bind_group_layout(0), 2);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(SIDE / 16, SIDE / 16, 1);
        }
    }
    let back = buffer(below.len() as u64, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
    let into = wgpu::TexelCopyBufferInfo { buffer: &back, layout: rows };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), into, size);
    queue.submit([encoder.finish()]);
    back.map_async(wgpu::MapMode::Read, .., |mapped| mapped.expect("mapped"));
    device.poll(wgpu::PollType::wait_indefinitely()).expect("polled");
    back.get_mapped_range(..).expect("mapped").to_vec()
}

#[test]
fn targets_round_as_is_said() {
    let gpu = Gpu::open();
    let info = gpu.device.adapter_info();
    let rounding = Rounding::of(&info);
    let colors = colors();
    let mut random = Random(8);
    // Half of it opaque, as sheets are, and half not, as isolates are.
    let mut level = || random.below(256) as u8;
    let mut texel = |index| [level(), level(), level(), if index < colors.len() / 2 { 255 } else { level() }];
    let below: Vec<u8> = (0..colors.len()).flat_map(&mut texel).collect();
    let over = wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING;
    for (name, way) in [("stored", Way::Stored), ("drawn", Way::Drawn(None)), ("blended", Way::Drawn(Some(over)))] {
        let kept = keep(&gpu, &colors, &below, &way);
        let levels = colors.as_flattened().iter().zip(&below).zip(&kept).enumerate();
        let wrong: Vec<_> = levels
            .filter_map(|(index, ((color, below), kept))| {
                let alpha = colors[index / 4][3];
                let expected = match way {
                    Way::Drawn(Some(_)) => rounding.over(*color, alpha, *below),
                    Way::Drawn(None) | Way::Stored => rounding.kept(*color),
                };
                (expected != *kept).then_some((color * 255.0, alpha * 255.0, below, kept, expected))
            })
            .collect();
        assert!(
            wrong.len() <= kept.len() / 2_000,
            "{}, {name}: {} of {} are not {rounding:?}: {:?}",
            info.name,
            wrong.len(),
            kept.len(),
            &wrong[..wrong.len().min(8)]
        );
    }
}
