//! What goes in and what comes out, as data: rows, jobs, outputs, object names, manifest records.
//!
//! No templates, pixels or stores here, and no input beyond the readers that are handed in. Every
//! other stage speaks these words.

mod asset;
mod campaign;
mod csv;
mod digest;
mod error_code;
mod format;
mod json;
mod message;
mod name;
mod output;
mod output_spec;
mod places;
mod record;
mod result;
mod row;
mod row_error;
mod rows;
pub mod schema;
mod suffix;

pub use asset::{AssetBase, AssetRef};
pub use campaign::CampaignFile;
pub use digest::digest;
pub use error_code::ErrorCode;
pub use format::{Format, FormatError};
#[cfg(test)]
pub(crate) use message::tests as message_tests;
pub use message::{Data, Job, JobError, TemplateSource, UnreadableRow};
pub use name::{NameError, ObjectName};
pub use output::{Compression, Depth, Encoding, Jpeg, Output, Png, Rgb, Subsampling, WHITE, Webp, WebpMode};
pub use output_spec::{OutputError, OutputSpec, opaque_color};
pub use places::CampaignPlaces;
pub use record::{Record, RecordError, Status, WARNING_CODES, Warning};
pub use result::{Counts, JobResult, Timings};
pub use row::Row;
pub use row_error::{EncodingGuess, RowError, RowErrorKind};
pub use rows::{RowReader, RowSyntax};
pub use suffix::{Suffix, SuffixError};
