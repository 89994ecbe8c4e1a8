//! Conversions against those of another library.
