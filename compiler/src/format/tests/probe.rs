//! x
use super::super::{FILE, Formatter, format, plain};
use super::*;
#[test]
fn probe() {
    let mut names: Vec<_> = std::fs::read_dir("/tmp/spaced")
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    let mut shown = 0;
    for name in names {
        let text = std::fs::read_to_string(&name).unwrap();
        let Some(columns) = name
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .split('_')
            .next()
            .unwrap()
            .parse()
            .ok()
        else {
            continue;
        };
        let text = plain(&text).into_owned();
        let module = parse(FILE, &text).0;
        let out = Formatter::new(&text, columns).module(&module);
        let (again, diags) = parse(FILE, &out);
        let context = |t: &str, at: usize| {
            let mut s = at.saturating_sub(150);
            while !t.is_char_boundary(s) {
                s -= 1;
            }
            let mut e = (at + 150).min(t.len());
            while !t.is_char_boundary(e) {
                e += 1;
            }
            t[s..e].to_owned()
        };
        if let Some(d) = diags.iter().find(|d| d.is_error()) {
            println!(
                "#### {name:?} ERROR {}\n{}",
                d.message,
                context(&out, d.primary.span.start as usize)
            );
        } else if without_spans(&module) != without_spans(&again) {
            let (a, b) = (without_spans(&module), without_spans(&again));
            let at = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
            println!(
                "#### {name:?} TREE\n{}\n--\n{}",
                context(&a, at),
                context(&b, at)
            );
        } else if comments(&text) != comments(&out) {
            let (a, b) = (lex(FILE, &text).comments, lex(FILE, &out).comments);
            let at = a
                .iter()
                .zip(&b)
                .take_while(|(x, y)| text[x.range()].trim_end() == out[y.range()].trim_end())
                .count();
            println!(
                "#### {name:?} COMMENTS\n{}\n--\n{}",
                a.get(at)
                    .map_or(String::new(), |s| context(&text, s.start as usize)),
                b.get(at)
                    .map_or(String::new(), |s| context(&out, s.start as usize))
            );
        } else {
            let twice = Formatter::new(&out, columns).module(&again);
            if twice == out {
                continue;
            }
            let [a, b] = first_difference(&out, &twice).unwrap();
            println!(
                "#### {name:?} TWICE\n{}\n--\n{}",
                a.join("\n"),
                b.join("\n")
            );
        }
        let _ = format;
        shown += 1;
        if shown > 60 {
            break;
        }
    }
}
