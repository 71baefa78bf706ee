//! x
#[test]
fn look() {
    for file in [
        "../stdlib/sm/prelude.sm",
        "../stdlib/sm/route/pull.sm",
        "../stdlib/sm/route/tour.sm",
        "../examples/fire.sm",
        "../examples/led.sm",
        "../examples/self_routing.sm",
        "../examples/temperature.sm",
        "../fuzz/sample.sm",
    ] {
        let text = std::fs::read_to_string(file).unwrap();
        let out = super::super::format(&text);
        let name = file.replace('/', "_");
        std::fs::write(format!("/tmp/fmtout{name}"), out.unwrap()).unwrap();
    }
}
