//! The compiler of Smart Messages: source text to code bricks.
