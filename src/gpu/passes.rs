//! The pipelines, made once for the life of the device: one for each shader, and small ones for what lies wholly
//! inside an outline, which is most of what is drawn.

use crate::sheet::DrawPath;

use super::compute::ComputePasses;
use super::resources::{FORMAT, bind, filled_buffer, shader, texture_entry};
use super::rounding::Rounding;
use super::sources::{RENDER_PASSES, source};

/// The pipelines and the layouts of what they read.
pub struct Passes {
    /// `shape.wgsl`.
    pub shape: wgpu::RenderPipeline,
    /// The same inside an opaque shape of one colour.
    pub fill: wgpu::RenderPipeline,
    /// The same inside an opaque shape with a linear gradient.
    pub gradient: wgpu::RenderPipeline,
    /// `shadow.wgsl`.
    pub shadow: wgpu::RenderPipeline,
    /// `photo.wgsl`.
    pub photo: wgpu::RenderPipeline,
    /// The same inside the mask of an opaque photo.
    pub blit: wgpu::RenderPipeline,
    /// `composite.wgsl`.
    pub composite: wgpu::RenderPipeline,
    /// The compute path: then none of the others is used.
    pub compute: Option<ComputePasses>,
    target: wgpu::BindGroupLayout,
    shapes: wgpu::BindGroupLayout,
    instances: wgpu::BindGroupLayout,
    page_array: wgpu::BindGroupLayout,
    isolate: wgpu::BindGroupLayout,
}

impl Passes {
    /// Compiles every pipeline that `cache` has not got.
    pub fn new(device: &wgpu::Device, rounding: Rounding, path: DrawPath, cache: Option<&wgpu::PipelineCache>) -> Self {
        use wgpu::ShaderStages as Stages;
        let vertex_and_fragment = Stages::VERTEX | Stages::FRAGMENT;
        let target = layout(device, &[(wgpu::BufferBindingType::Uniform, Stages::VERTEX)]);
        let storage = wgpu::BufferBindingType::Storage { read_only: true };
        let shapes = layout(device, &[(storage, Stages::VERTEX), (storage, vertex_and_fragment)]);
        let instances = layout(device, &[(storage, Stages::VERTEX)]);
        let page_array = texture_layout(device, wgpu::TextureViewDimension::D2Array);
        let isolate = texture_layout(device, wgpu::TextureViewDimension::D2);
        let groups: [&[_]; 4] = [
            &[&target, &shapes],
            &[&target, &instances],
            &[&target, &instances, &page_array],
            &[&target, &instances, &isolate],
        ];
        let mut shaders = RENDER_PASSES
            .iter()
            .zip(groups)
            .map(|((name, shading, pass), groups)| Shader::new(device, name, &source(shading, pass), groups, cache));
        let [shape, shadow, photo, composite] = std::array::from_fn(|_| shaders.next().expect("four passes"));
        drop(shaders);
        Self {
            shape: shape.pipeline(device, "fs_main", Blending::Over),
            fill: shape.pipeline(device, "fs_fill", Blending::None),
            gradient: shape.pipeline(device, "fs_gradient", Blending::None),
            shadow: shadow.pipeline(device, "fs_main", Blending::Over),
            photo: photo.pipeline(device, "fs_main", Blending::Over),
            blit: photo.pipeline(device, "fs_blit", Blending::None),
            composite: composite.pipeline(device, "fs_main", Blending::Over),
            compute: (path == DrawPath::Compute).then(|| ComputePasses::new(device, rounding, cache)),
            target,
            shapes,
            instances,
            page_array,
            isolate,
        }
    }

    /// Tells vertex shaders how large their texture is.
    pub fn bind_target(&self, device: &wgpu::Device, queue: &wgpu::Queue, width: u32, height: u32) -> wgpu::BindGroup {
        let uniform: [f32; 4] = [2.0 / width as f32, -2.0 / height as f32, 0.0, 0.0];
        let buffer =
            filled_buffer(device, queue, "target", bytemuck::cast_slice(&uniform), wgpu::BufferUsages::UNIFORM);
        bind(device, &self.target, &[buffer.as_entire_binding()])
    }

    /// Shapes and their stops.
    pub fn bind_shapes(&self, device: &wgpu::Device, shapes: &wgpu::Buffer, stops: &wgpu::Buffer) -> wgpu::BindGroup {
        bind(device, &self.shapes, &[shapes.as_entire_binding(), stops.as_entire_binding()])
    }

    /// Instances of any other pass.
    pub fn bind_instances(&self, device: &wgpu::Device, instances: &wgpu::Buffer) -> wgpu::BindGroup {
        bind(device, &self.instances, &[instances.as_entire_binding()])
    }

    /// An array of photo pages.
    pub fn bind_pages(&self, device: &wgpu::Device, view: &wgpu::TextureView) -> wgpu::BindGroup {
        bind(device, &self.page_array, &[wgpu::BindingResource::TextureView(view)])
    }

    /// The isolates of the next depth.
    pub fn bind_isolates(&self, device: &wgpu::Device, view: &wgpu::TextureView) -> wgpu::BindGroup {
        bind(device, &self.isolate, &[wgpu::BindingResource::TextureView(view)])
    }
}

fn layout(device: &wgpu::Device, buffers: &[(wgpu::BufferBindingType, wgpu::ShaderStages)]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = buffers
        .iter()
        .enumerate()
        .map(|(binding, &(ty, visibility))| wgpu::BindGroupLayoutEntry {
            binding: binding as u32,
            visibility,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn texture_layout(device: &wgpu::Device, view_dimension: wgpu::TextureViewDimension) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: texture_entry(view_dimension),
            count: None,
        }],
    })
}

/// How a pipeline writes.
#[derive(Clone, Copy)]
enum Blending {
    /// Premultiplied, over what is there.
    Over,
    /// What it draws is opaque.
    None,
}

/// A shader that pipelines are made from.
struct Shader<'n> {
    name: &'n str,
    module: wgpu::ShaderModule,
    layout: wgpu::PipelineLayout,
    cache: Option<&'n wgpu::PipelineCache>,
}

impl<'n> Shader<'n> {
    fn new(
        device: &wgpu::Device,
        name: &'n str,
        source: &str,
        groups: &[&wgpu::BindGroupLayout],
        cache: Option<&'n wgpu::PipelineCache>,
    ) -> Self {
        let (module, layout) = shader(device, name, source, groups);
        Self { name, module, layout, cache }
    }

    fn pipeline(&self, device: &wgpu::Device, fragment: &str, blending: Blending) -> wgpu::RenderPipeline {
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(self.name),
            layout: Some(&self.layout),
            vertex: wgpu::VertexState {
                module: &self.module,
                entry_point: Some("vs_main"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState { topology: wgpu::PrimitiveTopology::TriangleStrip, ..Default::default() },
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &self.module,
                entry_point: Some(fragment),
                compilation_options: Default::default(),
                targets: &[Some(wgpu::ColorTargetState {
                    format: FORMAT,
                    blend: match blending {
                        Blending::Over => Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                        Blending::None => None,
                    },
                    write_mask: wgpu::ColorWrites::ALL,
                })],
            }),
            multiview_mask: None,
            cache: self.cache,
        })
    }
}
