//! Decision trees choose the arm that trying the patterns one after the other would choose.

use proptest::prelude::*;

use crate::ast::Span;
use crate::lower::decision::{Decisions, ElementAt, Head, PartId, PartOf, Tree, decide};
use crate::lower::layout::Layout;
use crate::typed::{Literal, LocalId, Pattern, PatternKind, Program, RangeEnd, Ty, TyKind};

/// A value of the type `((Int, Bool), Int?, [Int])`.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Int(i64),
    Bool(bool),
    Option(Option<Box<Value>>),
    Tuple(Vec<Value>),
    List(Vec<Value>),
}

fn pattern(kind: PatternKind) -> Pattern {
    Pattern {
        kind,
        ty: Ty::UNIT,
        span: Span::default(),
    }
}

/// Alternatives, bindings and wildcards around the patterns of one type.
fn any_of(inner: impl Strategy<Value = PatternKind> + 'static) -> BoxedStrategy<Pattern> {
    let inner = inner.prop_map(pattern).boxed();
    let leaf = prop_oneof![
        1 => Just(pattern(PatternKind::Wildcard)),
        1 => Just(pattern(PatternKind::Bind(LocalId(0)))),
        4 => inner,
    ];
    leaf.prop_recursive(2, 4, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|sides| pattern(PatternKind::Or(sides))),
            inner.prop_map(|inner| pattern(PatternKind::At {
                local: LocalId(1),
                pattern: Box::new(inner),
            })),
        ]
    })
    .boxed()
}

fn int() -> BoxedStrategy<Pattern> {
    any_of(prop_oneof![
        (-2..6i64).prop_map(|n| PatternKind::Literal(Literal::Int(n))),
        (-2..4i64, 0..4i64, any::<bool>()).prop_map(|(start, width, inclusive)| {
            let limit = if inclusive {
                RangeEnd::Inclusive
            } else {
                RangeEnd::Exclusive
            };
            PatternKind::Range {
                start,
                end: start + width + i64::from(!inclusive),
                limit,
            }
        }),
    ])
}

fn boolean() -> BoxedStrategy<Pattern> {
    any_of(any::<bool>().prop_map(|value| PatternKind::Literal(Literal::Bool(value))))
}

/// `[a, ..]`, `[.., b]`, `[a, b]` and the like, up to three elements.
fn list() -> BoxedStrategy<Pattern> {
    let elements = || prop::collection::vec(int(), 0..3);
    let list = (elements(), any::<bool>(), elements()).prop_map(|(mut front, open, mut back)| {
        if !open {
            front.append(&mut back);
        }
        let elements = (front.len() + back.len()) as i64;
        let length = match open {
            true => PatternKind::Range {
                start: elements,
                end: i64::MAX,
                limit: RangeEnd::Inclusive,
            },
            false => PatternKind::Literal(Literal::Int(elements)),
        };
        PatternKind::List {
            length: Box::new(pattern(length)),
            front,
            rest: open.then(|| Box::new(pattern(PatternKind::Bind(LocalId(2))))),
            back,
        }
    });
    any_of(list)
}

fn whole() -> BoxedStrategy<Pattern> {
    let pair = (int(), boolean()).prop_map(|(a, b)| PatternKind::Tuple(vec![a, b]));
    let option = prop_oneof![
        int().prop_map(|inner| PatternKind::Some(Box::new(inner))),
        Just(PatternKind::None),
    ];
    let all = (any_of(pair), any_of(option), list());
    any_of(all.prop_map(|(a, b, c)| PatternKind::Tuple(vec![a, b, c])))
}

fn fits(pattern: &Pattern, value: &Value) -> bool {
    match (&pattern.kind, value) {
        (PatternKind::Wildcard | PatternKind::Bind(_), _) => true,
        (PatternKind::At { pattern, .. }, _) => fits(pattern, value),
        (PatternKind::Or(sides), _) => sides.iter().any(|side| fits(side, value)),
        (PatternKind::Literal(Literal::Int(n)), Value::Int(value)) => n == value,
        (PatternKind::Literal(Literal::Bool(b)), Value::Bool(value)) => b == value,
        (PatternKind::Range { start, end, limit }, Value::Int(n)) => match limit {
            RangeEnd::Inclusive => (start..=end).contains(&n),
            RangeEnd::Exclusive => (start..end).contains(&n),
        },
        (PatternKind::Some(inner), Value::Option(value)) => {
            value.as_ref().is_some_and(|value| fits(inner, value))
        }
        (PatternKind::None, Value::Option(value)) => value.is_none(),
        (PatternKind::Tuple(parts), Value::Tuple(values)) => parts
            .iter()
            .zip(values)
            .all(|(part, value)| fits(part, value)),
        (
            PatternKind::List {
                front, rest, back, ..
            },
            Value::List(values),
        ) => {
            let elements = front.len() + back.len();
            let long_enough = match rest {
                Some(_) => values.len() >= elements,
                None => values.len() == elements,
            };
            let mut pairs = front
                .iter()
                .zip(values)
                .chain(back.iter().rev().zip(values.iter().rev()));
            long_enough && pairs.all(|(pattern, value)| fits(pattern, value))
        }
        other => panic!("not made here: {other:?}"),
    }
}

fn part(decisions: &Decisions<'_>, id: PartId, whole: &Value) -> Value {
    let of = |of| part(decisions, of, whole);
    match (decisions.parts[id.0].place, ()) {
        (PartOf::Whole, ()) => whole.clone(),
        (PartOf::Payload(option), ()) => match of(option) {
            Value::Option(Some(value)) => *value,
            other => panic!("the payload of {other:?}"),
        },
        (PartOf::Field { of: tuple, field }, ()) => match of(tuple) {
            Value::Tuple(values) => values[field].clone(),
            other => panic!("a field of {other:?}"),
        },
        (PartOf::Variant { .. }, ()) => panic!("not made here"),
        (PartOf::Length(list), ()) => Value::Int(elements(of(list)).len() as i64),
        (PartOf::Element { of: list, at }, ()) => {
            let values = elements(of(list));
            match at {
                ElementAt::Front(at) => values[at].clone(),
                ElementAt::Back(at) => values[values.len() - at].clone(),
            }
        }
        (
            PartOf::Rest {
                of: list,
                front,
                back,
            },
            (),
        ) => {
            let values = elements(of(list));
            Value::List(values[front..values.len() - back].to_vec())
        }
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::List(values) => values,
        other => panic!("the elements of {other:?}"),
    }
}

/// The arm that the tree leads to, and how many tests it makes on each part on the way.
fn walk(decisions: &Decisions<'_>, value: &Value, accept: &[bool]) -> Option<usize> {
    let mut tree = &decisions.tree;
    loop {
        match tree {
            Tree::Fail => return None,
            Tree::Leaf(leaf) => return Some(leaf.arm),
            Tree::Guards { arms, rejected } => match arms.iter().find(|leaf| accept[leaf.arm]) {
                Some(leaf) => return Some(leaf.arm),
                None => tree = rejected,
            },
            Tree::Test {
                part: id,
                cases,
                default,
            } => {
                let value = &part(decisions, *id, value);
                let hit = |(head, _): &&(Head<'_>, Tree<'_>)| match (head, value) {
                    (Head::Some, Value::Option(value)) => value.is_some(),
                    (Head::None, Value::Option(value)) => value.is_none(),
                    (Head::Literal(Literal::Int(n)), Value::Int(value)) => n == value,
                    (Head::Literal(Literal::Bool(b)), Value::Bool(value)) => b == value,
                    (Head::Range(first, last), Value::Int(n)) => first <= n && n <= last,
                    other => panic!("not made here: {other:?}"),
                };
                tree = match (cases.iter().find(hit), default) {
                    (Some((_, tree)), _) => tree,
                    (None, Some(default)) => default,
                    (None, None) => panic!("no case for {value:?}"),
                };
            }
        }
    }
}

proptest! {
    #[test]
    fn trees_choose_the_first_pattern_that_fits(
        patterns in prop::collection::vec(whole(), 1..6),
        guarded in prop::collection::vec(any::<bool>(), 6),
        accept in prop::collection::vec(any::<bool>(), 6),
    ) {
        let mut program = Program::default();
        let pair = program.types.intern(TyKind::Tuple([Ty::INT, Ty::BOOL].into()));
        let option = program.types.intern(TyKind::Option(Ty::INT));
        let list = program.types.intern(TyKind::List(Ty::INT));
        let ty = program.types.intern(TyKind::Tuple([pair, option, list].into()));
        let mut layout = Layout::new(&program);
        let refs: Vec<&Pattern> = patterns.iter().collect();
        let decisions = decide(&mut layout, ty, &refs, &guarded[..refs.len()]);
        prop_assume!(!decisions.too_large);
        for n in -3..8 {
            for flag in [false, true] {
                for (payload, length) in [(None, 0), (Some(-2), 1), (Some(0), 2), (Some(3), 5)] {
                    let payload = payload.map(|n| Box::new(Value::Int(n)));
                    let value = Value::Tuple(vec![
                        Value::Tuple(vec![Value::Int(n), Value::Bool(flag)]),
                        Value::Option(payload),
                        Value::List((0..length).map(|at| Value::Int(n + at)).collect()),
                    ]);
                    let expected = patterns
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| !guarded[*at] || accept[*at])
                        .find(|(_, pattern)| fits(pattern, &value))
                        .map(|(at, _)| at);
                    prop_assert_eq!(walk(&decisions, &value, &accept), expected);
                }
            }
        }
    }
}
