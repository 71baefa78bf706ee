# Every routine of the project. `just` lists them.

default:
    @just --list

# Everything that the gate runs.
ci:
    .ci/run

# All tests.
test *ARGS:
    cargo test --workspace {{ARGS}}

# Format, lints and documentation, as the gate wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps

# Rewrite the snapshots and the generated documents; read the diff before you commit it.
bless:
    INSTA_UPDATE=always SM_BLESS=1 cargo test --workspace

# What a hop costs, beside the bare transport.
bench-hops *ARGS:
    cargo bench -p sm-net --bench hops -- {{ARGS}}

# How fast the language is, beside C, Lua and JavaScript.
bench-kernels *ARGS:
    cargo bench -p smc --bench kernels -- {{ARGS}}

# The machine's tests under valgrind, as the gate runs them.
memcheck:
    .ci/memcheck

# The interpreter under Miri, a third of the machine's tests: minutes. `rustup +nightly component add miri rust-src`.
miri:
    CARGO_TARGET_DIR=target/miri cargo +nightly miri test -p sm-vm --no-default-features --test machine -- \
        --skip a_heap_that_grows --skip native_functions_by programs:: hostile:: library::

# Fuzz one target for a while: parse, bundle, state, engines, format, wire, mtcp, request, answer, settings, network.
fuzz TARGET SECONDS="60":
    fuzz/run {{TARGET}} {{SECONDS}}

# All targets for a few seconds each, without a fuzzer, as the gate does.
fuzz-all SECONDS="5":
    SM_FUZZ_SECONDS={{SECONDS}} cargo test --test fuzz_smoke -- --nocapture
