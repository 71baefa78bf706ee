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

# Fuzz one target for a while: parse, bundle, state, wire, mtcp, request, answer, settings, network.
fuzz TARGET SECONDS="60":
    fuzz/run {{TARGET}} {{SECONDS}}

# All targets for a few seconds each, without a fuzzer, as the gate does.
fuzz-all SECONDS="5":
    SM_FUZZ_SECONDS={{SECONDS}} cargo test --test fuzz_smoke -- --nocapture
