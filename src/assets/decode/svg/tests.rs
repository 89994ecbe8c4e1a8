//! Drawing and refusing.
