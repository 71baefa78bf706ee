//! The virtual machine of Smart Messages: interpreter, heap, capture and restore.
