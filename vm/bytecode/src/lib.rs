//! The instruction set and brick format of Smart Messages: encode, decode, verify, disassemble.
