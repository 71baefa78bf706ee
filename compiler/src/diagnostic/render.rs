//! Diagnostics for people: the source with marks under it, drawn by ariadne.
