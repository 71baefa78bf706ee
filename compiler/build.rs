//! Generates the parser's tables from the grammar.

fn main() {
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_rerun_directives(true)
        .log_quiet()
        .process()
        .expect("the grammar has no conflicts");
}
