//! Tests of the syntax tree.

use super::{Block, Expr, ExprKind, Ident, Name, Span, Stmt, StmtKind, Type};

#[test]
fn spans_join_and_contain() {
    let (a, b) = (Span::new(2, 5), Span::new(7, 9));
    assert_eq!(a.to(b), Span::new(2, 9));
    assert_eq!(b.to(a), Span::new(2, 9));
    assert!(a.contains(2) && a.contains(4) && !a.contains(5));
    assert!(Span::point(3).is_empty());
    assert_eq!(&"0123456789"[a.range()], "234");
}

#[test]
fn names_are_text() {
    let name = Name::new("route");
    assert_eq!(name, "route");
    assert_eq!(name.len(), 5);
    assert_eq!(name.clone(), Name::from("route".to_owned()));
    assert!(Ident::new("_", Span::default()).is_wildcard());
}

#[test]
fn the_tail_of_a_block_is_its_last_expression() {
    let unit = || Expr {
        kind: ExprKind::Unit,
        span: Span::default(),
    };
    let stmt = || Stmt {
        kind: StmtKind::Expr(unit()),
        span: Span::default(),
    };
    let block = |stmts| Block {
        stmts,
        span: Span::default(),
    };
    assert!(block(vec![]).split_tail().1.is_none());
    let two = block(vec![stmt(), stmt()]);
    let (before, tail) = two.split_tail();
    assert_eq!((before.len(), tail), (1, Some(&unit())));
}

/// Trees are built and moved by the million: their parts stay small.
#[test]
fn nodes_are_small() {
    assert!(size_of::<Expr>() <= 48);
    assert!(size_of::<Stmt>() <= 56);
    assert!(size_of::<Type>() <= 80);
}
