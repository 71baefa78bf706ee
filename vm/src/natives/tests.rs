//! Formatting and text functions by example.

use sm_bytecode::TrapKind;

use crate::natives::format::{float, int, text};
use crate::natives::text::{SHORT_SEPARATOR, find_short};

#[test]
fn integers_by_specification() {
    for (value, spec, expected) in [
        (42, "", "42"),
        (42, "5", "   42"),
        (42, "<5", "42   "),
        (42, "^5", " 42  "),
        (42, "*^6", "**42**"),
        (-42, "06", "-00042"),
        (42, "+", "+42"),
        (42, "+05", "+0042"),
        (255, "x", "ff"),
        (255, "04X", "00FF"),
        (-1, "x", "ffffffffffffffff"),
        (5, "b", "101"),
        (8, "o", "10"),
        (7, "é>3", "éé7"),
        (255, "#x", "0xff"),
        (255, "#X", "0xFF"),
        (255, "#06x", "0x00ff"),
        (5, "#b", "0b101"),
        (8, "#6o", "  0o10"),
        (1_234_567, ",", "1,234,567"),
        (-123, ",", "-123"),
        (-1_234, "+9,", "   -1,234"),
        (999_999, "+,", "+999,999"),
        (i64::MIN, ",", "-9,223,372,036,854,775,808"),
        (i64::MIN, "", "-9223372036854775808"),
    ] {
        assert_eq!(int(value, spec).as_deref(), Ok(expected), "{spec}");
    }
}

#[test]
fn doubles_by_specification() {
    for (value, spec, expected) in [
        (72.916_666, ".1", "72.9"),
        (72.916_666, ".4", "72.9167"),
        (1.0, "", "1.0"),
        (1.0, "6.2", "  1.00"),
        (-1.5, "07.2", "-001.50"),
        (1.5, "+.0", "+2"),
        (2.5, ".0", "2"),
        (1234.5, "e", "1.2345e3"),
        (1234.5, ".1e", "1.2e3"),
        (1_234_567.891, ",.2", "1,234,567.89"),
        (999.5, ",", "999.5"),
        (f64::INFINITY, ",", "inf"),
        (f64::NAN, "06.2", "   NaN"),
        (f64::NEG_INFINITY, "6", "  -inf"),
    ] {
        assert_eq!(float(value, spec).as_deref(), Ok(expected), "{spec}");
    }
}

#[test]
fn text_by_specification() {
    for (value, spec, expected) in [
        ("ab", "4", "ab  "),
        ("ab", ">4", "  ab"),
        ("äöü", ".2", "äö"),
        ("äö", "^4", " äö "),
        ("abc", "2", "abc"),
    ] {
        assert_eq!(text(value, spec).as_deref(), Ok(expected), "{spec}");
    }
}

#[test]
fn what_is_no_specification_traps() {
    for spec in [
        "y", "5.", "99999", ".x", "1025", "5q", "e", "#", "#5", ",x", "05,", ",,", "x#",
    ] {
        assert_eq!(int(1, spec), Err(TrapKind::BadText), "{spec}");
    }
    assert_eq!(int(1, ".2"), Err(TrapKind::BadText));
    assert_eq!(float(1.0, "x"), Err(TrapKind::BadText));
    assert_eq!(text("a", "+5"), Err(TrapKind::BadText));
    assert_eq!(text("a", "05"), Err(TrapKind::BadText));
    assert_eq!(text("a", ","), Err(TrapKind::BadText));
    assert_eq!(float(1.0, ",e"), Err(TrapKind::BadText));
}

#[test]
fn short_separators_are_found_where_texts_are() {
    let separators = ["a", "aa", "aba", ", ", "\0", "é", "é€", "abababab"];
    for piece in ["", "a", "ab", "a, b", "\0", "é", "x€é€", "aé", "abababa"] {
        for count in 0..20 {
            let text = piece.repeat(count) + "a, é";
            for separator in separators {
                assert!(separator.len() <= SHORT_SEPARATOR);
                let mut found = Vec::new();
                let result = find_short(text.as_bytes(), separator.as_bytes(), |at| {
                    found.push(at);
                    Ok(())
                });
                assert!(result.is_ok());
                let expected = text.match_indices(separator).map(|(at, _)| at);
                assert_eq!(
                    found,
                    expected.collect::<Vec<_>>(),
                    "{separator:?} in {text:?}"
                );
            }
        }
    }
}
