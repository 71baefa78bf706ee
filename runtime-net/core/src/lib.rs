//! The node of Smart Messages as a state machine without input and output.
