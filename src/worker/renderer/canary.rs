//! A picture that is drawn before any job: a renderer that cannot draw it blames its adapter and no job.

use std::sync::Arc;

use crate::assets::{Assets, AssetsConfig, FontLibrary};
use crate::gpu::Painter;
use crate::job::{Format, Output, Row};
use crate::pipeline::{self, Clock, Plan, Stop, Task};
use crate::store::{MemoryStore, Store};
use crate::template::{Now, Template};

const TEMPLATE: &str = r##"{
    "gravure": 1, "name": "canary", "sizes": {"s": {"width": 64, "height": 64}},
    "layers": [{"type": "rect", "frame": "full", "fill": "linear-gradient(#0f172a, #f97316)"}]
}"##;

/// Draws the picture and gives the painter back.
///
/// # Errors
/// When there is no picture.
pub fn draw(painter: Painter) -> Result<Painter, String> {
    let template = Template::parse(TEMPLATE.as_bytes(), crate::template::Syntax::Json)
        .unwrap_or_else(|errors| panic!("the canary's template is right: {errors:?}"));
    let name = template.compile_name("canary.png").unwrap_or_else(|error| panic!("a fixed name: {error:?}"));
    let nowhere = std::path::Path::new("/nonexistent");
    let plan = Plan {
        template: Arc::new(template),
        fonts: Arc::new(FontLibrary::new().set(Vec::new())),
        assets: Arc::new(Assets::new(AssetsConfig::new(nowhere, nowhere))),
        sizes: vec![0],
        outputs: vec![Output::new(Format::Png)],
        name,
        now: Now::new("2026-01-01T00:00:00Z"),
        names_may_collide: false,
        scale: 1.0,
        find_stored: None,
    };
    let store = Arc::new(MemoryStore::new());
    let task = Arc::new(Task::new(plan, Arc::clone(&store) as Arc<dyn Store>, 0));
    let row = Row { number: 0, line: None, fields: Vec::new() };
    let (stop, mut failure) = (Stop::new(), None);
    let painter =
        pipeline::run(task.work([Ok(row)].into_iter()), 1, painter, &Clock::default(), &stop, &mut |outcome| {
            failure = outcome.record.error.map(|error| error.message);
        });
    match failure.or_else(|| stop.reason()) {
        Some(message) => Err(message),
        None if store.names().is_empty() => Err("the test picture was not drawn".to_owned()),
        None => Ok(painter),
    }
}
