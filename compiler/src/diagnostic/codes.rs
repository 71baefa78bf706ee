//! The table of diagnostic codes.
//!
//! A code is stable: once released it keeps its meaning, and the number of a retired one is not used
//! again. Ranges: `SM00xx` lexical, `SM01xx` syntax, `SM02xx` names, `SM03xx` types, `SM04xx`
//! patterns, `SM05xx` tags and places, `SM06xx` modules, `SM07xx` lowering and limits, `SM08xx`
//! warnings.

use std::fmt;

use serde::Serialize;

/// A stable name like `SM0101`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(&'static str);

impl Code {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What `smc explain` says about a code.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CodeInfo {
    pub code: Code,
    /// A few words: what kind of mistake it is.
    pub title: &'static str,
    /// A page of plain text: what is wrong, an example, what to write instead.
    pub page: &'static str,
}

/// The page of a code, by its name in any case.
#[must_use]
pub fn explain(name: &str) -> Option<&'static CodeInfo> {
    TABLE
        .iter()
        .find(|info| info.code.0.eq_ignore_ascii_case(name))
}

/// `CONSTANT = "SM0123", "title", "page";` makes `code::CONSTANT` and an entry of [`TABLE`].
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $page:literal;)*) => {
        /// One constant for each code.
        pub mod code {
            use super::Code;
            $(
                #[doc = concat!("`", $code, "`: ", $title, ".")]
                pub const $name: Code = Code($code);
            )*
        }

        /// All codes, in the order of their numbers.
        pub const TABLE: &[CodeInfo] = &[
            $(CodeInfo { code: code::$name, title: $title, page: $page },)*
        ];
    };
}

codes! {
    // SM00xx: lexical.
    UNEXPECTED_CHARACTER = "SM0001", "unexpected character",
        "The source holds a character that begins no word of the language.

Outside of strings and comments a program is written in letters, digits, `_` and the operators.
Typographic quotes and dashes, copied from a text processor, are the most frequent guests.";
    FOREIGN_LETTERS = "SM0002", "letters beyond ASCII in a name",
        "A name is made of the letters a-z and A-Z, digits and `_`, and does not begin with a digit.

Strings and comments may hold any character:

    let groesse = 3
    print(\"Größe: {groesse}\")";
    OPEN_STRING = "SM0003", "a string is not closed",
        "A string between single quotes of the form `\"` ends on the line where it begins.

    let s = \"one line\"

One over several lines is written between three quotes. The indentation that its lines have in
common is not part of the text:

    let s = \"\"\"
        first line
        second line
        \"\"\"

In both, `{` begins an interpolation, which needs its `}`. A brace as text is written `\\{`.";
    BAD_ESCAPE = "SM0004", "not an escape",
        "A backslash in a string begins an escape. These exist:

    \\n  line feed         \\t  tab           \\r  carriage return    \\0  zero
    \\\"  a quote           \\\\  a backslash   \\{ \\}  braces
    \\x41      the ASCII character, in a byte string the byte, with this number
    \\u{1F600} the character with this number

In text `\\x` goes up to 7f, because a byte above that is no character of its own.";
    INT_TOO_LARGE = "SM0005", "an integer is too large",
        "An Int has 64 bits: it goes from -9_223_372_036_854_775_808 to 9_223_372_036_854_775_807.

A literal in hexadecimal, octal or binary is a pattern of 64 bits, so `0xFFFF_FFFF_FFFF_FFFF` is -1.
For larger magnitudes there is Float: `1e20`.";
    FLOAT_TOO_LARGE = "SM0006", "a float is too large",
        "A Float is an IEEE 754 double; the largest finite one is about 1.8e308.";
    DURATION_TOO_LONG = "SM0007", "a duration is too long",
        "A Duration counts nanoseconds in 64 bits, so it reaches about 292 years.";
    BAD_NUMBER = "SM0008", "not a number",
        "A number begins with a digit and has one of these forms:

    1_000   0xFF   0b1010   0o17      Int
    1.5     2e9    1.5e-3             Float
    250ms   5s     2min   1h   1.5s   Duration, with the units ns us ms s min h

There are no suffixes for types. `_` may stand between digits.";
    SINGLE_QUOTES = "SM0009", "single quotes",
        "Strings are written with double quotes: \"text\". There is no type for a single character; a
string of one character takes its place.";
    OPEN_COMMENT = "SM0010", "a comment is not closed",
        "A comment that begins with `/*` ends with `*/`. Such comments nest: each `/*` in one needs a
`*/` of its own. A comment to the end of the line begins with `//`.";
    HASH_COMMENT = "SM0011", "a comment that begins with `#`",
        "A comment begins with `//`. `#` only begins a set: `#{1, 2}`.";
    BAD_FORMAT = "SM0012", "not a format",
        "In an interpolation, `:` begins a format for the value:

    [[fill]align][+][0][width][.precision][x|X|b|o|e]

    \"{x:.2}\"    two digits after the point
    \"{x:>8}\"    at the right of 8 columns; `<` is left, `^` is centered
    \"{x:*^9}\"   filled with `*`
    \"{n:+}\"     always with its sign
    \"{n:08x}\"   hexadecimal, with zeros up to 8 digits

An expression that holds a `:` itself stands in parentheses.";

    // SM01xx: syntax.
    EXPECTED_EXPRESSION = "SM0101", "an expression is missing",
        "Something that has a value belongs here: a name, a literal, a call, an `if`, a `match`, or an
operation on them. Often an operand was forgotten, as in `1 +`.";
    EXPECTED_TYPE = "SM0102", "a type is missing",
        "A type belongs here, in one of these forms:

    Int   Set<T>   Result<T, E>     a named type
    [T]   [K: V]                    a list, a map
    (A, B)   T?   fn(A, B) -> R     a tuple, an option, a function";
    EXPECTED_PATTERN = "SM0103", "a pattern is missing",
        "A pattern belongs here, in one of these forms:

    _   name   1   \"text\"   -2..=5
    Some(x)   Shape.Circle(radius: r)   P(x: 1, ..)
    (a, b)   a | b   name @ pattern

A name in lower case binds what is found; one in upper case is a variant or a constant.";
    EXPECTED_NAME = "SM0104", "a name is missing",
        "A name belongs here: letters, digits and `_`, not beginning with a digit, and not a keyword.";
    EXPECTED_ITEM = "SM0105", "a declaration is missing",
        "At the top level of a file there are only declarations: import, tag, const, struct, enum, fn,
impl and test. The steps of a program stand in its function `main`:

    fn main() {
        print(\"hello\")
    }";
    MISSING_LINE_END = "SM0106", "two statements on one line",
        "A statement ends with its line, or with `;`. What follows here does not belong to the
statement before it: an operator or a comma may be missing, or a line break.

A line goes on if it ends with an operator, a comma or an open bracket, or if the next one begins
with `.`, `??`, `else` or an operator other than `-` and `!`.";
    EXPECTED_TOKEN = "SM0107", "something is missing or too much",
        "What stands here does not fit what comes before it. The message says what could.";
    MISSING_BLOCK = "SM0108", "the braces of a block are missing",
        "The bodies of functions, conditions and loops always stand in braces:

    if x > 0 { print(\"yes\") }

The opening brace may begin a line of its own. Indentation means nothing.";
    UNCLOSED_BRACKET = "SM0109", "a bracket is not closed",
        "This bracket has no partner. The compiler found that out by the indentation: a closing brace
at the start of a line belongs to the line with the same indentation.";
    UNOPENED_BRACKET = "SM0110", "a bracket closes nothing",
        "There is no open bracket that this one could close.";
    TOO_DEEP = "SM0111", "nested too deep",
        "Brackets in brackets, operators in a chain and `else if` after `else if` may reach a height of
200. Deeper programs come from generators, and they would need more memory to compile than a thread
has. Give the inner parts names with `let`, or make functions of them; a long chain of `else if` is
better a `match`, a long sum better a list and a loop.";
    SOURCE_TOO_LARGE = "SM0112", "the file is too large",
        "A source file may have 16 MiB. Split it into modules; data belongs in tags, not in code.";
    TOO_MANY_ERRORS = "SM0113", "too many mistakes",
        "Only the first 50 mistakes in the grammar of a file are shown.";
    ASSIGN_IN_CONDITION = "SM0114", "`=` in a condition",
        "`=` assigns and is a statement of its own. A comparison is written `==`:

    if x == 1 { .. }";
    COLON_EQUALS = "SM0115", "`:=`",
        "A variable is declared with `let`, or with `var` if it changes:

    let limit = 10
    var count = 0";
    FUNCTION_WORD = "SM0116", "another language's word for `fn`",
        "A function is declared with `fn`, and a closure is written with it too:

    fn double(x: Int) -> Int { x * 2 }
    xs.map(fn(x) { x * 2 })";
    ELSE_IF_WORD = "SM0117", "another language's word for `else if`",
        "    if a { .. } else if b { .. } else { .. }";
    WORD_OPERATOR = "SM0118", "`and`, `or`, `not`",
        "The operators on Bool are `&&`, `||` and `!`.";
    INCREMENT = "SM0119", "`++` and `--`",
        "A variable is counted up with `x += 1` and down with `x -= 1`, as a statement of its own.";
    BINDING_WORD = "SM0120", "another language's way to declare a variable",
        "`let` binds a name once. `var` declares a variable that can be assigned. `const` declares a
constant, at the top level of a file only.

    let limit = 10
    var count = 0";
    CAST = "SM0121", "a conversion with `as`",
        "Nothing converts by itself, and conversions are methods: `n.float()`, `x.int()`, which traps if
`x` is out of range. Any value becomes text in an interpolation: \"{n}\".";
    FOR_HEAD = "SM0122", "the head of a `for`",
        "`for` goes over a range or a collection, without parentheses:

    for i in 0..10 { .. }
    for x in xs { .. }
    for (key, value) in map { .. }

For all other loops there are `while condition { .. }` and `loop { .. }`.";
    MISSING_ARROW = "SM0123", "the type of a result without `->`",
        "    fn double(x: Int) -> Int { x * 2 }

A function without `->` has no result.";
    CHAINED_COMPARISON = "SM0124", "comparisons in a chain",
        "`a < b < c` is refused, because it could mean two things. Compare twice: `a < b && b < c`.

Type arguments are not written at calls, so `f<Int>(x)` is `f(x)`: they are inferred.";
    TERNARY = "SM0125", "`? :`",
        "`if` is an expression:

    let word = if n == 1 { \"thermometer\" } else { \"thermometers\" }

`e?` hands the error or the absence in `e` on to the caller.";
    LAMBDA = "SM0126", "another language's closure",
        "A closure is written like a function without a name; its types may be left out:

    xs.map(fn(x) { x * 2 })";
    STRUCT_LITERAL = "SM0127", "a struct built with braces",
        "A struct is built by calling its name, with its fields as named arguments:

    struct P { x: Int, y: Int }
    let p = P(x: 1, y: 2)";
    FOREIGN_OPERATOR = "SM0128", "an operator of another language",
        "The operators are, loosest first:

    .. ..=                    ranges
    ||
    &&
    == != < <= > >= is        not in chains
    ??
    |
    ^
    &
    << >> >>>
    + - +% -%
    * / % *%
    - ! ~                     before their operand
    f(x) a[i] a.b e? e!";
    KEYWORD_AS_NAME = "SM0129", "a keyword as a name",
        "These words cannot be names: import pub tag const struct enum fn impl let var if else match for
in while loop break continue return assert spawn true false self is.

The words as, lifetime, access, native and test are keywords only where they belong.";
    PATH_COLONS = "SM0130", "`::`",
        "A part of a module or a type is written with a point: `Shape.Circle(1.0)`, `tour.visit_all(..)`.
The parts of a module's path in an `import` are joined by `/`.";
    NAMED_ARGUMENT = "SM0131", "`=` for a named argument",
        "A named argument is written with a colon: `migrate(place, timeout: 5s)`.";
    EMPTY_INTERPOLATION = "SM0132", "an interpolation without an expression",
        "The value stands in the braces: \"t = {t:.1} F\". Braces as text are written `\\{` and `\\}`.";
    BLOCK_AS_VALUE = "SM0133", "a block where a place belongs",
        "Where a value is expected, as after `=` or in parentheses, braces hold a place: a list of tags
that a node must have, or with `!` must not have.

    migrate({temperature, town, !busy}, timeout: 5s)

Steps towards a value stand in a function, or in an `if` or a `match`, which are expressions.";
    OPEN_RANGE = "SM0134", "a range without an end",
        "A range needs both of its ends: `0..n` goes up to n - 1, `0..=n` up to n.";
    NESTED_FUNCTION = "SM0135", "a function in a block",
        "Functions are declared at the top level or in an `impl`. In a block a closure can be bound to a
name; it sees the variables around it, but cannot assign them:

    let double = fn(x: Int) { x * 2 }";
    IMPORT_PATH = "SM0136", "the path of a module",
        "    import route/tour                 a module of the standard library
    import route/tour as t            under another name
    import route/tour { visit_all }   names out of it
    import ./lib                      a file beside this one";
    UNTYPED_PARAMETER = "SM0137", "a parameter without a type",
        "The parameters of a declared function have types: `fn f(x: Int, y: Int = 2)`. Those of a
closure are inferred where they can be.";
    PUBLIC_WHAT = "SM0138", "`pub` at the wrong place",
        "`pub` stands before tag, const, struct, enum and fn, and before the functions in an `impl`.";
    MATCH_ARROW = "SM0139", "an arm of a `match`",
        "    match read(sensor) {
        Some(t) if t > 80.0 => alarm(t)
        Some(_) => {}
        None => return
    }

The arms end with their line or with a comma.";
    LET_WITHOUT_VALUE = "SM0140", "a variable without a value",
        "Every variable has a value from the start; there is no null. Where it comes from a condition,
`if` and `match` are expressions. A value that may be absent has the type `T?`:

    var found: Int? = None";
    ELSE_ALONE = "SM0141", "an `else` that belongs to nothing",
        "`else` follows the block of an `if`, or the value of a `let`:

    if c { a } else { b }
    let Some(x) = f() else { return }

The value of a `let .. else` cannot end with `}`; put it in parentheses then.";
    CALL_WITHOUT_PARENTHESES = "SM0142", "a call without parentheses",
        "The arguments of a call stand in parentheses: `print(\"hello\")`.";
    FOREIGN_WORD = "SM0143", "a word of another language",
        "This word begins a construct in other languages, but none here. The message says what to write.";
    CLAUSE_TWICE = "SM0144", "a clause is given twice",
        "A tag has one lifetime and one access:

    tag route(to: Name): Hop lifetime 60s access code";
    BAD_ACCESS = "SM0145", "not a part of an access",
        "Access is given for both reading and writing, or for each:

    tag a: Int access code
    tag b: Int access (read: any, write: owner)";
    SELF_NOT_FIRST = "SM0146", "`self` is not the first parameter",
        "A method takes `self` first, and without a type: `fn len(self) -> Int`.";
    REST_NOT_LAST = "SM0147", "`..` is not last in a pattern",
        "In the pattern of a struct or variant `..` stands for the parts that are not named, and comes
last: `P(x: 1, ..)`.";
    SPAWN_WITHOUT_CALL = "SM0148", "`spawn` without a call",
        "`spawn f(x)` makes a new message that begins with this call; it needs one.";

    // SM07xx: lowering and limits.
    ENDLESS_SPECIALISATION = "SM0701", "generic code without end",
        "Generic functions and types are compiled once for every list of types that they are used with. Here
each use needs another one, with a larger type, and so without end:

    fn nest<T>(x: T, n: Int) { if n > 0 { nest([x], n - 1) } }

Let a generic function call itself with its own type parameters, and put what grows into data.";
    FUNCTION_TOO_LARGE = "SM0702", "a function that is too large",
        "The code of one function has bounds: on its values, on its length, on what it refers to. Most often a
machine has written such a function. Divide it into several.";
    MATCH_TOO_LARGE = "SM0703", "patterns that overlap in too many ways",
        "A `match` is compiled so that no part of the value is looked at twice. Where many patterns leave open
different parts of a tuple or struct, that can need very much code. Match one part after the other,
or have fewer guards.";
    GENERIC_CODE_TAG = "SM0704", "a generic function uses a tag with `access code`",
        "A tag with `access code` belongs to the code of the module that declares it. A generic function is
compiled where it is used, and becomes code of the modules that call it, so it has no right to the tag.
Use the tag in a function without type parameters, and call that one from the generic function.";
    UNKNOWN_NATIVE = "SM0705", "a native function that does not exist",
        "`native fn` declares a function that the machine has built in. Only the standard library can declare
one, and this one the machine does not have.";
    REFUSED_BRICK = "SM0706", "code that cannot be made into a brick",
        "What is compiled is verified as any node would do it before it runs. The verifier refused the code of
this function. If it says that something is too large, divide the function into several. Otherwise it is
a fault of the compiler.";

    // SM08xx: warnings.
    LOST_DOCS = "SM0801", "a doc comment describes nothing",
        "A comment that begins with `///` describes the declaration, field or variant after it. Here
none follows. An ordinary comment begins with `//`, one about the whole file with `//!` at its top.";
}
