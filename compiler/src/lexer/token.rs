//! The kinds of tokens.

use logos::Logos;

use crate::ast::Span;

/// A token: what it is and where it stands. Its text is the source at its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: T,
    /// Whether a line ends between the token before and this one.
    pub(crate) line: Line,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// On the same line as the token before.
    Same,
    /// The first token on its line.
    New,
}

impl Token {
    pub(crate) const fn new(kind: T, span: Span) -> Self {
        Self {
            kind,
            line: Line::Same,
            span,
        }
    }

    pub(crate) fn is_first_on_line(self) -> bool {
        self.line == Line::New
    }
}

/// A kind of token. Those without a pattern are made by the lexer's driver or by the layout filter.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[logos(skip r"[ \t\r\n\f]+")]
pub(crate) enum T {
    #[regex("[A-Za-z][A-Za-z0-9_]*")]
    #[regex("_[A-Za-z0-9_]+")]
    Ident,
    #[token("_")]
    Underscore,

    // Literals.
    #[regex("[0-9][0-9_]*", priority = 10)]
    #[regex("0x[0-9A-Fa-f_]+", priority = 10)]
    #[regex("0b[0-9_]+", priority = 10)]
    #[regex("0o[0-9_]+", priority = 10)]
    Int,
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*", priority = 10)]
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?[eE][+-]?[0-9][0-9_]*", priority = 10)]
    Float,
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?(ns|us|ms|s|min|h)", priority = 10)]
    Duration,
    #[regex(r"[0-9][0-9A-Za-z_]*", priority = 1)]
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9A-Za-z_]*", priority = 1)]
    BadNumber,
    /// A whole string without interpolation, with its quotes.
    Str,
    /// A string that is not closed; reported.
    StrError,
    /// The opening quotes of a string with interpolations.
    StrOpen,
    StrText,
    InterpOpen,
    /// `:` and what follows it in an interpolation.
    FormatSpec,
    InterpClose,
    StrClose,
    Bytes,

    // Starts of what the driver reads on its own.
    #[token("\"")]
    Quote,
    #[token("b\"")]
    BytesQuote,
    #[token("'")]
    SingleQuote,
    #[regex("//[^\n]*", allow_greedy = true)]
    Comment,
    #[token("/*")]
    BlockComment,

    // Keywords.
    #[token("import")]
    Import,
    #[token("as")]
    As,
    #[token("pub")]
    Pub,
    #[token("tag")]
    Tag,
    #[token("lifetime")]
    Lifetime,
    #[token("access")]
    Access,
    #[token("const")]
    Const,
    #[token("struct")]
    Struct,
    #[token("enum")]
    Enum,
    #[token("fn")]
    Fn,
    #[token("native")]
    Native,
    #[token("impl")]
    Impl,
    #[token("test")]
    Test,
    #[token("bench")]
    Bench,
    #[token("let")]
    Let,
    #[token("var")]
    Var,
    #[token("if")]
    If,
    #[token("else")]
    Else,
    /// The `else` of a `let .. else`: one that does not follow a `}`.
    LetElse,
    #[token("match")]
    Match,
    #[token("for")]
    For,
    #[token("in")]
    In,
    #[token("while")]
    While,
    #[token("loop")]
    Loop,
    #[token("break")]
    Break,
    #[token("continue")]
    Continue,
    #[token("return")]
    Return,
    #[token("assert")]
    Assert,
    #[token("spawn")]
    Spawn,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("self")]
    SelfValue,
    #[token("is")]
    Is,

    // Brackets.
    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    /// The brace of a block or of a list of declarations.
    #[token("{")]
    LBrace,
    /// The brace of a place: one that stands where an operand is expected.
    LPlace,
    /// The brace of a block that stands where an operand is expected.
    LBlock,
    #[token("#{")]
    LSet,
    #[token("}")]
    RBrace,

    // Punctuation.
    /// A `;`, or the end of a line that ends a statement.
    Term,
    #[token(";")]
    Semi,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("..=")]
    DotDotEq,
    #[token("=>")]
    FatArrow,
    #[token("->")]
    Arrow,
    #[token("@")]
    At,
    #[token("?")]
    Question,
    #[token("!")]
    Bang,
    #[token("~")]
    Tilde,

    // Binary operators.
    #[token("||")]
    OrOr,
    #[token("&&")]
    AndAnd,
    #[token("==")]
    EqEq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    /// A `>` that another `>` follows at once: `>>` may close two lists of type arguments.
    GtJoint,
    #[token(">=")]
    Ge,
    #[token("??")]
    Coalesce,
    #[token("|")]
    Or,
    #[token("^")]
    Xor,
    #[token("&")]
    And,
    #[token("<<")]
    Shl,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("+%")]
    PlusWrap,
    #[token("-%")]
    MinusWrap,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("*%")]
    StarWrap,

    // Assignments.
    #[token("=")]
    Eq,
    #[token("+=")]
    PlusEq,
    #[token("-=")]
    MinusEq,
    #[token("+%=")]
    PlusWrapEq,
    #[token("-%=")]
    MinusWrapEq,
    #[token("*=")]
    StarEq,
    #[token("/=")]
    SlashEq,
    #[token("%=")]
    PercentEq,
    #[token("*%=")]
    StarWrapEq,
    #[token("&=")]
    AndEq,
    #[token("|=")]
    OrEq,
    #[token("^=")]
    XorEq,
    #[token("<<=")]
    ShlEq,
    #[token(">>=")]
    ShrEq,
    #[token(">>>=")]
    ShrLogicalEq,

    /// Characters that are no token; reported.
    Bad,
    /// What recovery puts where something could not be parsed; reported.
    Hole,
}

/// What a kind of token does at the end of a line, and among brackets.
impl T {
    /// Whether a statement can end with this token.
    pub(crate) const fn can_end_statement(self) -> bool {
        matches!(
            self,
            Self::Ident
                | Self::Underscore
                | Self::Int
                | Self::Float
                | Self::Duration
                | Self::BadNumber
                | Self::Str
                | Self::StrError
                | Self::StrClose
                | Self::Bytes
                | Self::As
                | Self::Tag
                | Self::Lifetime
                | Self::Access
                | Self::Native
                | Self::Test
                | Self::Bench
                | Self::Break
                | Self::Continue
                | Self::Return
                | Self::True
                | Self::False
                | Self::SelfValue
                | Self::RParen
                | Self::RBracket
                | Self::RBrace
                | Self::Question
                | Self::Bang
                | Self::Bad
                | Self::Hole
        )
    }

    /// Whether a line that begins with this token goes on with the statement of the line before.
    pub(crate) const fn continues_line(self) -> bool {
        self.is_infix()
            || self.is_assignment()
            || matches!(
                self,
                Self::Dot
                    | Self::DotDot
                    | Self::DotDotEq
                    | Self::Else
                    | Self::LetElse
                    | Self::Comma
                    | Self::Colon
                    | Self::Arrow
                    | Self::FatArrow
                    | Self::At
                    | Self::RParen
                    | Self::RBracket
            )
    }

    /// An operator that only stands between two operands; `-` can begin one.
    pub(crate) const fn is_infix(self) -> bool {
        matches!(
            self,
            Self::OrOr
                | Self::AndAnd
                | Self::EqEq
                | Self::Ne
                | Self::Lt
                | Self::Le
                | Self::Gt
                | Self::GtJoint
                | Self::Ge
                | Self::Is
                | Self::Coalesce
                | Self::Or
                | Self::Xor
                | Self::And
                | Self::Shl
                | Self::Plus
                | Self::PlusWrap
                | Self::MinusWrap
                | Self::Star
                | Self::Slash
                | Self::Percent
                | Self::StarWrap
        )
    }

    pub(crate) const fn is_assignment(self) -> bool {
        matches!(
            self,
            Self::Eq
                | Self::PlusEq
                | Self::MinusEq
                | Self::PlusWrapEq
                | Self::MinusWrapEq
                | Self::StarEq
                | Self::SlashEq
                | Self::PercentEq
                | Self::StarWrapEq
                | Self::AndEq
                | Self::OrEq
                | Self::XorEq
                | Self::ShlEq
                | Self::ShrEq
                | Self::ShrLogicalEq
        )
    }

    /// Whether an item can begin with this token; `tag`, `native` and `test` are names elsewhere.
    pub(crate) const fn begins_item(self) -> bool {
        matches!(
            self,
            Self::Import
                | Self::Pub
                | Self::Tag
                | Self::Const
                | Self::Struct
                | Self::Enum
                | Self::Fn
                | Self::Native
                | Self::Impl
                | Self::Test
                | Self::Bench
        )
    }

    /// A word of the language that cannot be a name.
    pub(crate) const fn is_reserved(self) -> bool {
        matches!(
            self,
            Self::Import
                | Self::Pub
                | Self::Const
                | Self::Struct
                | Self::Enum
                | Self::Fn
                | Self::Impl
                | Self::Let
                | Self::Var
                | Self::If
                | Self::Else
                | Self::LetElse
                | Self::Match
                | Self::For
                | Self::In
                | Self::While
                | Self::Loop
                | Self::Break
                | Self::Continue
                | Self::Return
                | Self::Assert
                | Self::Spawn
                | Self::True
                | Self::False
                | Self::SelfValue
                | Self::Is
        )
    }

    pub(crate) const fn opens(self) -> bool {
        matches!(
            self,
            Self::LParen
                | Self::LBracket
                | Self::LBrace
                | Self::LPlace
                | Self::LBlock
                | Self::LSet
                | Self::StrOpen
                | Self::InterpOpen
        )
    }

    pub(crate) const fn closes(self) -> bool {
        matches!(
            self,
            Self::RParen | Self::RBracket | Self::RBrace | Self::StrClose | Self::InterpClose
        )
    }

    /// The kind that closes what this kind opens.
    pub(crate) const fn closer(self) -> Self {
        match self {
            Self::LParen => Self::RParen,
            Self::LBracket => Self::RBracket,
            Self::StrOpen => Self::StrClose,
            Self::InterpOpen => Self::InterpClose,
            _ => Self::RBrace,
        }
    }
}
