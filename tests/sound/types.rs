//! Types of generated programs.

/// A type. `Struct` and `Enum` are numbers of declarations, with the argument of a generic one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    Int,
    Float,
    Bool,
    Str,
    Bytes,
    Duration,
    List(Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    Set(Box<Ty>),
    Option(Box<Ty>),
    Result(Box<Ty>, Box<Ty>),
    Pair(Box<Ty>, Box<Ty>),
    Triple(Box<Ty>, Box<Ty>, Box<Ty>),
    Struct(usize, Option<Box<Ty>>),
    Enum(usize, Option<Box<Ty>>),
    Fn(Box<Ty>, Box<Ty>),
    /// The parameter of the declaration that is being made.
    Param,
}

impl Ty {
    pub(crate) fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    pub(crate) fn option(self) -> Self {
        Self::Option(Box::new(self))
    }

    pub(crate) fn pair(self, other: Self) -> Self {
        Self::Pair(Box::new(self), Box::new(other))
    }

    pub(crate) fn function(self, result: Self) -> Self {
        Self::Fn(Box::new(self), Box::new(result))
    }

    /// As the language writes it.
    pub(crate) fn text(&self) -> String {
        let named = |letter: char, number: &usize, argument: &Option<Box<Ty>>| match argument {
            Some(argument) => format!("{letter}{number}<{}>", argument.text()),
            None => format!("{letter}{number}"),
        };
        match self {
            Self::Int => "Int".into(),
            Self::Float => "Float".into(),
            Self::Bool => "Bool".into(),
            Self::Str => "Str".into(),
            Self::Bytes => "Bytes".into(),
            Self::Duration => "Duration".into(),
            Self::List(of) => format!("[{}]", of.text()),
            Self::Map(key, of) => format!("[{}: {}]", key.text(), of.text()),
            Self::Set(of) => format!("Set<{}>", of.text()),
            Self::Option(of) => format!("({})?", of.text()),
            Self::Result(ok, err) => format!("Result<{}, {}>", ok.text(), err.text()),
            Self::Pair(one, other) => format!("({}, {})", one.text(), other.text()),
            Self::Triple(one, two, three) => {
                format!("({}, {}, {})", one.text(), two.text(), three.text())
            }
            Self::Struct(number, argument) => named('S', number, argument),
            Self::Enum(number, argument) => named('E', number, argument),
            Self::Fn(from, to) => format!("fn({}) -> {}", from.text(), to.text()),
            Self::Param => "T".into(),
        }
    }

    /// With `argument` in place of the parameter.
    pub(crate) fn with(&self, argument: &Ty) -> Ty {
        let of = |ty: &Ty| Box::new(ty.with(argument));
        match self {
            Self::Param => argument.clone(),
            Self::List(one) => Self::List(of(one)),
            Self::Set(one) => Self::Set(of(one)),
            Self::Option(one) => Self::Option(of(one)),
            Self::Map(one, other) => Self::Map(of(one), of(other)),
            Self::Result(one, other) => Self::Result(of(one), of(other)),
            Self::Pair(one, other) => Self::Pair(of(one), of(other)),
            Self::Triple(one, two, three) => Self::Triple(of(one), of(two), of(three)),
            Self::Fn(one, other) => Self::Fn(of(one), of(other)),
            Self::Struct(number, one) => Self::Struct(*number, one.as_deref().map(of)),
            Self::Enum(number, one) => Self::Enum(*number, one.as_deref().map(of)),
            _ => self.clone(),
        }
    }

    /// The argument with which this type, of a generic declaration, is `wanted`.
    pub(crate) fn argument_for(&self, wanted: &Ty) -> Option<Ty> {
        match (self, wanted) {
            (Self::Param, _) => Some(wanted.clone()),
            (Self::List(one), Self::List(other)) | (Self::Option(one), Self::Option(other)) => {
                one.argument_for(other)
            }
            _ => None,
        }
    }

    pub(crate) fn parts(&self) -> Vec<&Ty> {
        match self {
            Self::List(one) | Self::Set(one) | Self::Option(one) => vec![one],
            Self::Map(one, other)
            | Self::Result(one, other)
            | Self::Pair(one, other)
            | Self::Fn(one, other) => vec![one, other],
            Self::Triple(one, two, three) => vec![one, two, three],
            Self::Struct(_, one) | Self::Enum(_, one) => one.iter().map(|one| &**one).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        matches!(
            self,
            Self::Int | Self::Float | Self::Bool | Self::Str | Self::Bytes | Self::Duration
        )
    }

    pub(crate) fn holds_function(&self) -> bool {
        matches!(self, Self::Fn(..)) || self.parts().into_iter().any(Self::holds_function)
    }

    pub(crate) fn holds_parameter(&self) -> bool {
        *self == Self::Param || self.parts().into_iter().any(Self::holds_parameter)
    }

    /// Whether an expression of it shows its whole type without a context: no `None`, no `[]`.
    pub(crate) fn is_firm(&self) -> bool {
        match self {
            Self::Pair(..) | Self::Triple(..) => self.parts().into_iter().all(Self::is_firm),
            _ => self.is_scalar(),
        }
    }
}
