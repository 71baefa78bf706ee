//! Programs written by hand, with what they must do.
