//! The table of diagnostic codes.
//!
//! A code is stable: once released it keeps its meaning, and the number of a retired one is not
//! used again. Ranges: `SM00xx` lexical, `SM01xx` syntax, `SM02xx` names, `SM03xx` types, `SM04xx`
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
        "A name is made of the letters a-z and A-Z, digits and `_`, and does not begin with a
digit.

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

A literal in hexadecimal, octal or binary is a pattern of 64 bits, so `0xFFFF_FFFF_FFFF_FFFF` is
-1. For larger magnitudes there is Float: `1e20`.";
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
        "Strings are written with double quotes: \"text\". There is no type for a single character;
a string of one character takes its place.";
    OPEN_COMMENT = "SM0010", "a comment is not closed",
        "A comment that begins with `/*` ends with `*/`. Such comments nest: each `/*` in one needs
a `*/` of its own. A comment to the end of the line begins with `//`.";
    HASH_COMMENT = "SM0011", "a comment that begins with `#`",
        "A comment begins with `//`. `#` only begins a set: `#{1, 2}`.";
    BAD_FORMAT = "SM0012", "not a format",
        "In an interpolation, `:` begins a format for the value:

    [[fill]align][+][#][0][width][,][.precision][x|X|b|o|e]

    \"{x:.2}\"    two digits after the point
    \"{x:>8}\"    at the right of 8 columns; `<` is left, `^` is centered
    \"{x:*^9}\"   filled with `*`
    \"{n:+}\"     always with its sign
    \"{n:08x}\"   hexadecimal, with zeros up to 8 digits
    \"{n:#x}\"    with the `0x` that a literal has
    \"{n:,}\"     with a comma between each three digits

An expression that holds a `:` itself stands in parentheses.";

    // SM01xx: syntax.
    EXPECTED_EXPRESSION = "SM0101", "an expression is missing",
        "Something that has a value belongs here: a name, a literal, a call, an `if`, a `match`, or
an operation on them. Often an operand was forgotten, as in `1 +`.";
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
        "A name belongs here: letters, digits and `_`, not beginning with a digit, and not a
keyword.";
    EXPECTED_ITEM = "SM0105", "a declaration is missing",
        "At the top level of a file there are only declarations: import, tag, const, struct, enum,
fn, impl and test. The steps of a program stand in its function `main`:

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
        "This bracket has no partner. The compiler found that out by the indentation: a closing
brace at the start of a line belongs to the line with the same indentation.";
    UNOPENED_BRACKET = "SM0110", "a bracket closes nothing",
        "There is no open bracket that this one could close.";
    TOO_DEEP = "SM0111", "nested too deep",
        "Brackets in brackets, operators in a chain and `else if` after `else if` may reach a
height of 200. Deeper programs come from generators, and they would need more memory to compile
than a thread has. Give the inner parts names with `let`, or make functions of them; a long chain
of `else if` is better a `match`, a long sum better a list and a loop.";
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
        "`let` binds a name once. `var` declares a variable that can be assigned. `const` declares
a constant, at the top level of a file only.

    let limit = 10
    var count = 0";
    CAST = "SM0121", "a conversion with `as`",
        "Nothing converts by itself, and conversions are methods: `n.float()`, `x.int()`, which
traps if `x` is out of range. Any value becomes text in an interpolation: \"{n}\".";
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
        "These words cannot be names: import pub tag const struct enum fn impl let var if else
match for in while loop break continue return assert spawn true false self is.

The words as, lifetime, access, native and test are keywords only where they belong.";
    PATH_COLONS = "SM0130", "`::`",
        "A part of a module or a type is written with a point: `Shape.Circle(1.0)`,
`tour.visit_all(..)`. The parts of a module's path in an `import` are joined by `/`.";
    NAMED_ARGUMENT = "SM0131", "`=` for a named argument",
        "A named argument is written with a colon: `migrate(place, timeout: 5s)`.";
    EMPTY_INTERPOLATION = "SM0132", "an interpolation without an expression",
        "The value stands in the braces: \"t = {t:.1} F\". Braces as text are written `\\{` and
`\\}`.";
    BLOCK_AS_VALUE = "SM0133", "a block where a place belongs",
        "Where a value is expected, as after `=` or in parentheses, braces hold a place: a list of
tags that a node must have, or with `!` must not have.

    migrate({temperature, town, !busy}, timeout: 5s)

Steps towards a value stand in a function, or in an `if` or a `match`, which are expressions.";
    OPEN_RANGE = "SM0134", "a range without an end",
        "A range needs both of its ends: `0..n` goes up to n - 1, `0..=n` up to n.";
    NESTED_FUNCTION = "SM0135", "a function in a block",
        "Functions are declared at the top level or in an `impl`. In a block a closure can be bound
to a name; it sees the variables around it, but cannot assign them:

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
        "`pub` stands before tag, const, struct, enum, fn and import, and before the functions in an
`impl`. `pub import` gives on what it brings: whoever imports this module has it too.";
    MATCH_ARROW = "SM0139", "an arm of a `match`",
        "    match read(sensor) {
        Some(t) if t > 80.0 => alarm(t)
        Some(_) => {}
        None => return
    }

The arms end with their line or with a comma.";
    LET_WITHOUT_VALUE = "SM0140", "a variable without a value",
        "Every variable has a value from the start; there is no null. Where it comes from a
condition, `if` and `match` are expressions. A value that may be absent has the type `T?`:

    var found: Int? = None";
    ELSE_ALONE = "SM0141", "an `else` that belongs to nothing",
        "`else` follows the block of an `if`, or the value of a `let`:

    if c { a } else { b }
    let Some(x) = f() else { return }

The value of a `let .. else` cannot end with `}`; put it in parentheses then.";
    CALL_WITHOUT_PARENTHESES = "SM0142", "a call without parentheses",
        "The arguments of a call stand in parentheses: `print(\"hello\")`.";
    FOREIGN_WORD = "SM0143", "a word of another language",
        "This word begins a construct in other languages, but none here. The message says what to
write.";
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
        "In the pattern of a struct or variant `..` stands for the parts that are not named, and
comes last: `P(x: 1, ..)`.";
    SPAWN_WITHOUT_CALL = "SM0148", "`spawn` without a call",
        "`spawn f(x)` makes a new message that begins with this call; it needs one.";
    OR_WITH_LET = "SM0149", "`||` beside a `let`",
        "Conditions with a `let` among them are joined with `&&`, and all of them must hold:

    if let Some(hop) = previous() && hops() < 8 { .. }

With `||` the names of the pattern would be bound on one side only. Conditions without a `let` may
be joined in parentheses: `if let Some(x) = y && (a || b) { .. }`.";
    REST_TWICE = "SM0150", "two `..` in a list pattern",
        "`..` stands for all the elements that the pattern does not name. With two of them the
pattern could match one list in more than one way.

    [first, ..]          [first, ..rest]          [.., last]          [first, .., last]";
    COMPREHENSION = "SM0151", "a `for` in a list",
        "A loop is a statement and has no value. New lists are made by methods:

    let squares = xs.map(fn(x) { x * x })
    let long = words.filter(fn(word) { word.len() > 9 })

A map or a set is filled in a loop, `for x in xs { map[x] = f(x) }`, or made of a list:
`xs.map(fn(x) { (x, f(x)) }).to_map()`.";
    BARE_NAMES = "SM0152", "several names without parentheses",
        "Names that take a tuple apart are a pattern in parentheses: `for (key, value) in map {..}`,
`let (a, b) = pair`. An assignment is of one variable, so two change places in three steps:

    let old = a
    a = b
    b = old";
    SLICE = "SM0153", "a part of a list or text",
        "`xs[i]` is one element. A part is given by a method: `xs.slice(from, to)` goes up to and
without `to`, `xs.take(n)` is the beginning, `xs.skip(n)` the rest. Positions are counted from the
beginning: the last element is `xs.last()`, an option.";
    STRING_PREFIX = "SM0154", "a letter before a string",
        "Every string may hold expressions, `\"{x}\"`, and escapes, `\"\\n\"`, so there is nothing
to say before it. Only bytes are marked: `b\"\\xff\"`.";
    ARM_STATEMENT = "SM0155", "a statement as the result of an arm",
        "What follows `=>` is an expression or an assignment. Other statements stand in braces:

    match reply {
        Ok(count) => { assert count > 0 }
        Err(error) => panic(error)
    }";
    GUARD_LET = "SM0156", "a `let` in the condition of an arm",
        "The condition of an arm, `pattern if condition => ..`, is a `Bool` and binds nothing. Match
both values at once, `match (a, b) { (Some(x), Some(y)) => .. }`, or look at the second one in the
arm.";

    // SM02xx: names.
    UNKNOWN_NAME = "SM0201", "an unknown name",
        "Nothing of this name is known here. A name is known from its declaration to the end of the
block, or everywhere in the file if it stands at the top level. What another module declares is
known after `import`, if it is `pub` there. Each unknown name is reported once in a function.";
    DUPLICATE_NAME = "SM0202", "a name is given twice",
        "Two things of one file, two fields of one struct, or two parameters of one function have
the same name, so that a use of it could mean either. Rename one. An imported name gets another one
with `as`:

    import route/pull { migrate as move_to }";
    UNKNOWN_TYPE = "SM0203", "an unknown type",
        "Nothing of this name is a type here. The built-in types are Int, Float, Bool, Str, Unit,
Duration, Bytes, Id, Node, Hop, Name, Place, the list `[T]`, the map `[K: V]`, `Set<T>`,
the option `T?`, `Tag<T>`, tuples `(A, B)` and functions `fn(A) -> B`. Structs and enums of other
modules are imported.";
    UNKNOWN_FIELD = "SM0204", "an unknown field",
        "The type has no field of this name. What is computed is a method, and called with
parentheses.";
    UNKNOWN_METHOD = "SM0205", "an unknown method",
        "The type has no method of this name here. Methods are declared in `impl` blocks. Those of
the library and of the type's own module are always known; those that another module adds are known
after that module is imported, if they are `pub`.";
    UNKNOWN_VARIANT = "SM0206", "an unknown variant",
        "The enum has no variant of this name, or the type no function of it.";
    AMBIGUOUS_NAME = "SM0207", "a name with more than one meaning",
        "A bare variant is looked for in the enum that is wanted at its place, then among all enums
of the file. Here more than one has it: write `Shape.Dot` instead of `Dot`. Likewise for a method
that several `impl` blocks declare, when the type of the value is not known yet: write the type
down.";
    PRIVATE_NAME = "SM0208", "a private name of another module",
        "Other modules see only what is declared with `pub`.";
    NOT_A_VALUE = "SM0209", "a type or module as a value",
        "A type or a module has a name, but is no value. A struct's value is made as in `Point(x: 1,
y: 2)`, an enum's by one of its variants.";
    UNKNOWN_LABEL = "SM0210", "an unknown label",
        "`break` and `continue` can name a loop around them:

    outer: for row in rows {
        for x in row {
            if x == 0 { continue outer }
        }
    }";
    UNKNOWN_BOUND = "SM0211", "an unknown trait",
        "The traits are built in: Eq (`==`), Ord (`<`), Hash (may be a key), Show (may be written as
text) and Data (may leave the message). A type has a trait if all of its parts have it; nothing is
declared.";
    SELF_OUTSIDE = "SM0212", "`self` outside of a method",
        "`self` is the value that a method is called on. Only a function in an `impl` block can take
it, as its first parameter, and only such a function can use it. `Self`, the type of the block, is
there in its functions too.";
    NATIVE_OUTSIDE = "SM0213", "a native function outside of the library",
        "`native fn` declares a function that the machine has built in. Only the standard library
does that.";

    // SM03xx: types.
    TYPE_MISMATCH = "SM0301", "one type is wanted, another one found",
        "The place decides a type, and the expression has another. There are no implicit
conversions:

    let a: Float = 1            // wrong
    let a: Float = 1.0
    let b: Float = n.float()    // n: Int
    let c: Int? = Some(n)
    let d: Str = \"{n}\"";
    UNKNOWN_TYPE_HERE = "SM0302", "a type that is not known",
        "Types are found from how things are used, within one function. Here nothing says what the
type is, or it is needed before anything says so. Write it down:

    let seen: [Float] = []
    let double = fn(x: Int) { x * 2 }";
    MISSING_BOUND = "SM0303", "a type lacks a trait",
        "The operation needs a trait that the type does not have: `==` needs Eq, `<` Ord, a key
Hash, text Show. Types have a trait if all their parts have it. Functions have none; structs with
`var` fields have no Eq, Ord and Hash; Float, lists, maps and sets have no Hash. A generic
parameter has those that are asked for at its declaration: `fn max<T: Ord>(a: T, b: T) -> T`.";
    BAD_OPERAND = "SM0304", "an operator that does not work on its operands",
        "Arithmetic works on two Ints or two Floats; on Durations `+ - %`, `*` and `/` with an Int,
and `/` with a Duration; `+` on two Strs. Bit operations and `+% -% *%` work on Ints. Nothing is
converted by itself: `n.float() * 1.5`, `x.int()`.";
    MISSING_ARGUMENT = "SM0305", "an argument is missing",
        "Each parameter needs an argument, unless it has a default. So do the fields of a struct.";
    UNEXPECTED_ARGUMENT = "SM0306", "an argument that does not fit",
        "Arguments are given in the order of the parameters, or by name: `block(tag, timeout: 5s)`.
One without a name is for the first parameter that has none yet. Each parameter takes one. The
fields of a struct are always given by name: `Point(x: 1, y: 2)`.";
    NOT_CALLABLE = "SM0307", "a call of something that is no function",
        "Functions, methods, structs, variants with fields, and families of tags can be called.";
    NOT_ASSIGNABLE = "SM0308", "an assignment to what does not change",
        "What is declared with `var` can be assigned: variables, and fields of structs. Elements of
lists and the values of maps can be, too. `let`, parameters, tuples and other fields keep their
value.";
    ASSIGN_IN_CLOSURE = "SM0309", "an assignment to a captured variable",
        "A closure holds the values that the variables around it had when it was made; they are
read-only in it. To share something that changes, capture a collection or a struct with a `var`
field:

    struct Counter { var n: Int }
    let counter = Counter(n: 0)
    let count = fn() { counter.n += 1 }";
    ASSIGN_AFTER_CAPTURE = "SM0310", "an assignment after a closure has captured the variable",
        "A closure keeps the value that a variable had when the closure was made. If the variable
could change afterwards, the two would differ without anybody seeing it, so that is refused. Assign
before the closure is made, bind the value to another name, or share a struct with a `var` field.";
    TRY_OUTSIDE = "SM0311", "`?` that cannot return",
        "`x?` gives the value in an option or result; if there is none, it returns the `None` or
`Err` from the function. So the function's result must be an option, or a `Result` with the same
type of error.";
    NOT_OPTIONAL = "SM0312", "`?`, `!` or `??` on what is always there",
        "`?` and `!` take the value out of an option `T?` or a `Result`, `??` gives a default for
either of them.";
    NOT_ITERABLE = "SM0313", "a loop over what has no elements",
        "`for` goes over lists, sets, maps (`for (key, value) in map`) and ranges
(`for i in 0..n`).";
    RANGE_VALUE = "SM0314", "a range as a value",
        "Ranges stand in the heads of `for` loops and in patterns. They are no values.";
    WRONG_TYPE_ARGUMENTS = "SM0315", "the wrong number of type arguments",
        "A generic type takes as many type arguments as it declares parameters:
`Result<Int, Str>`.";
    TYPE_TOO_LARGE = "SM0316", "a type that is too large",
        "Types have bounds, on their parts and on their parameters. Give a part a name of its own: a
struct.";
    INFINITE_TYPE = "SM0317", "a type that contains itself",
        "To fit here, a type would have to be a part of itself without end. A struct may refer to
itself by name:

    struct Tree { children: [Tree] }";
    OUTSIDE_LOOP = "SM0318", "`break` or `continue` outside of a loop",
        "They belong to a loop of the same function; a closure is a function of its own.";
    FORMAT_SPEC = "SM0319", "a format that does not fit the value",
        "After `:` an interpolation says how to write the value: `{x:.2}` a Float with two digits,
`{n:04}` an Int with zeros in front, `{n:x}` its hexadecimal digits, `{s:>10}` anything to the
right.";
    NOT_CONSTANT = "SM0320", "a constant that is not constant",
        "The value of a `const` is known before the program runs: literals, operators on them, other
constants, and structs, variants, tuples and collections of such values. A collection is made anew
at each use. What has to be computed is a function.";
    CONSTANT_FAILS = "SM0321", "a constant that cannot be computed",
        "Computing the constant would be a trap: it is too large, or divides by zero.";
    POLYMORPHIC_RECURSION = "SM0322", "generics that grow without end",
        "There is a copy of each generic function and type for each list of types it is used with.
Here each copy needs another one, with a larger type:

    fn nest<T>(x: T, n: Int) { if n > 0 { nest([x], n - 1) } }";
    NO_IDENTITY = "SM0323", "`is` on what has no identity",
        "`a is b` asks whether two names mean one struct, list, map or set. All else is the same
where it is equal: `==`.";
    MISSING_VALUE = "SM0324", "a value is missing",
        "A block's value is that of its last expression. An `if` without `else`, a loop, an
assignment or a `let` has none. Where a value is wanted, each way through the block must end with
one, or not go on (`return`, `break`, `panic`).";
    BAD_IMPL = "SM0325", "a type that cannot have methods",
        "An `impl` block is for a struct, an enum or a built-in type other than a function.";
    BAD_MAIN = "SM0326", "`main` with type parameters",
        "A program begins in `main`. Its arguments come from the command line, and its types must be
known.";
    NOT_INDEXABLE = "SM0327", "an index into what has no elements",
        "`list[i]` and `map[key]` take an element, and trap where there is none; `.get(..)` answers
an option.";
    CIRCULAR_VALUE = "SM0328", "a constant that needs itself",
        "The values of constants and defaults may use each other, but not in a circle.";
    NO_OVERLOAD = "SM0329", "no function of this name fits the arguments",
        "Some functions of the library have several forms, as `block(tag)` and `block(tag, timeout:
d)`. The names, number and types of the arguments choose one; here they fit none.";
    TOO_MANY_FIELDS = "SM0330", "too many fields or parameters",
        "A struct, a variant or a function has at most 255 of them. Put some into a struct of their
own.";
    LOOP_VALUE = "SM0350", "a value for a loop that has none",
        "A `loop` ends only where a `break` leaves it, and then it has the value of that `break`:

    let answer = loop {
        let reply = block(replies)
        if reply.fits { break reply }
    }

`while` and `for` may also end by themselves, and then there would be no value.";
    NOT_SPREAD = "SM0351", "`..` that gives no fields",
        "`P(..old, x: 3)` makes a new struct with the fields of `old`, but for those that are named.
`..` comes first, and once, and only where a struct is made; `old` is of the same type.";

    // SM04xx: patterns.
    NOT_EXHAUSTIVE = "SM0401", "a `match` that does not cover every value",
        "Every value must be taken by some arm; the message shows values that are not. An arm with a
condition (`if`) does not count, as the condition may be false. `_ => ..` takes all that is left.";
    REFUTABLE = "SM0402", "a pattern that may not match",
        "A plain `let`, a `for` and a parameter have nothing to do when their pattern does not
match. Say what happens then:

    let Some(hop) = previous() else { return }";
    PATTERN_MISMATCH = "SM0403", "a pattern that does not fit",
        "A pattern names as many parts as there are, or ends with `..`: `Circle(r)`, `Point(x: 1,
..)`. The fields of a struct are matched by name.";
    BINDINGS_DIFFER = "SM0404", "the sides of `|` bind different names",
        "Whichever side of `a | b` matches, the same names must have values of the same types
afterwards.";
    DUPLICATE_BINDING = "SM0405", "a name is bound twice in one pattern",
        "Each name of a pattern takes one value. To ask for equal ones use a condition: `(a, b) if a
== b`.";
    EMPTY_RANGE = "SM0406", "a range that holds nothing",
        "`1..=9` are the numbers from 1 to 9, `0..10` those from 0 to 9. The first must not be the
greater.";
    MATCH_TOO_COMPLEX = "SM0407", "a `match` that is too complex",
        "Seeing whether all values are covered would take too long. With `_ => ..` as the last arm
they are.";
    ELSE_GOES_ON = "SM0408", "the `else` of a `let` goes on",
        "After `let .. else { .. }` the names of the pattern have values, so the block must not get
there: it ends with `return`, `break`, `continue` or something else that does not go on.";
    LIST_PATTERN_TOO_LONG = "SM0410", "a list pattern that is too long",
        "A list pattern names each element that it looks at, so it is for short lists, or for the
first and last elements of long ones: `[command, ..arguments]`. A loop looks at all of them.";

    // SM05xx: tags and places.
    NOT_A_TAG = "SM0501", "a place of something that is no tag",
        "A place is made of tags that must be there, and with `!` of tags that must not: `{camera,
!busy}`. A tag out of a family is named with its arguments: `{route(x)}`.";
    NOT_DATA = "SM0502", "not data",
        "What leaves a message is copied: the value of a tag, the arguments of `spawn`, those of
`main` and its result. A function inside cannot be. What names a tag of a family must be immutable
and without `Float`, since it is compared.";
    UNKNOWN_ACCESS = "SM0503", "an unknown access",
        "Who may use a tag: `any` message, those of the same `owner`, or the `code` of the declaring
module. It is given for both, `access owner`, or for each, `access (read: any, write: owner)`.
`code` is for both.";
    BAD_SPAWN = "SM0504", "`spawn` of what has no name",
        "`spawn f(x)` makes a message that begins in the function `f`. It must be a declared
function: a closure cannot leave its message.";
    BAD_LIFETIME = "SM0505", "a lifetime that is none",
        "The lifetime of a tag is a constant time greater than zero: `lifetime 60s`.";
    TAG_FAMILY = "SM0506", "a tag and a family of tags",
        "`tag route(to: Name): Hop` declares a family: one tag for each name, written `route(x)`. A
tag that is declared without parameters is written without arguments.";
    FOREIGN_CODE_TAG = "SM0507", "a tag that belongs to the code of another module",
        "A tag with `access code` belongs to the module that declares it, and only code of that
module names it; a node refuses a program in which another one does. Let the module have functions
that read and write it:

    tag lamp: Bool access code

    pub fn is_on() -> Bool { read(lamp) ?? false }";

    BAD_INJECT = "SM0510", "`inject` without a function",
        "In a test `net.node(0).inject(f, x)` starts a message at a node of a simulated network: it
begins with `f(x)`. The function must be a declared one, and what it takes and answers must be
data.";
    SIMULATION_OUTSIDE_TEST = "SM0511", "a simulated network outside of a test",
        "`simulate` and what belongs to it exist while `smc test` runs a test. A program on a node
has none of it, so nothing that `main` reaches may use it. Functions that only tests call may.";

    // SM06xx: modules.
    UNKNOWN_MODULE = "SM0601", "an unknown module",
        "`import a/b` names a module of the library; `import ./a` a file beside this one, `import
../a` one in the folder above. The ending `.sm` is left out.";
    IMPORT_CIRCLE = "SM0602", "modules that import each other",
        "A module is compiled after those it imports, so they cannot import each other in a circle.
Put functions that call each other into one module, or what both need into a third.";
    TOO_MANY_MODULES = "SM0603", "too many modules",
        "A program has a bound on its modules, and on how deep imports go.";
    UNKNOWN_IMPORT = "SM0604", "the module has no such name",
        "`import a/b { x }` takes the name `x` out of the module, which must declare it with
`pub`.";

    // SM062x: project files.
    BAD_PROJECT = "SM0620", "a mistake in a project file",
        "The file `sm.toml` makes a folder a project. It is TOML with these keys:

    name = \"town\"                    # how others import it: import town/x
    version = \"0.1.0\"
    description = \"a walk through town\"    # may be left out
    main = \"src/main.sm\"             # so if it is left out

    [dependencies]                    # other projects, by their folders
    geo = { path = \"../geo\" }

Every other key is a mistake, so that a misspelled one does not go unnoticed.";
    BAD_DEPENDENCY = "SM0621", "a dependency that cannot be used",
        "A dependency is another project, named by its folder: seen from the folder of the
`sm.toml` that names it. There has to be a `sm.toml` in it, with the same name:

    [dependencies]
    geo = { path = \"../geo\" }

Then `import geo/point` is the file `point.sm` beside the main program of `geo`. Dependencies of
dependencies belong to the program too, and a name means one project in all of it.";
    MISSING_MAIN = "SM0622", "a project without its main program",
        "`smc run`, `build`, `send`, `emit` and `cost` want the project's main program, which is
`src/main.sm` if `sm.toml` does not say otherwise with `main`. A project that only has modules for
others needs none: `smc check` checks its modules, `smc doc` documents them.";

    // SM07xx: lowering and limits.
    ENDLESS_SPECIALISATION = "SM0701", "generic code without end",
        "Generic functions and types are compiled once for every list of types that they are used
with. Here each use needs another one, with a larger type, and so without end:

    fn nest<T>(x: T, n: Int) { if n > 0 { nest([x], n - 1) } }

Let a generic function call itself with its own type parameters, and put what grows into data.";
    FUNCTION_TOO_LARGE = "SM0702", "a function that is too large",
        "The code of one function has bounds: on its values, on its length, on what it refers to.
Most often a machine has written such a function. Divide it into several.";
    MATCH_TOO_LARGE = "SM0703", "patterns that overlap in too many ways",
        "A `match` is compiled so that no part of the value is looked at twice. Where many patterns
leave open different parts of a tuple or struct, that can need very much code. Match one part after
the other, or have fewer guards.";
    UNKNOWN_NATIVE = "SM0705", "a native function that does not exist",
        "`native fn` declares a function that the machine has built in. Only the standard library
can declare one, and this one the machine does not have.";
    REFUSED_BRICK = "SM0706", "code that cannot be made into a brick",
        "What is compiled is verified as any node would do it before it runs. The verifier refused
the code of this function. If it says that something is too large, divide the function into
several. Otherwise it is a fault of the compiler.";

    // SM073x: what travels.
    STATE_TOO_LARGE = "SM0730", "more travels than allowed",
        "`smc cost --max-state-bytes N` was asked to say so. At this place the message can move,
and its state may then be larger: the frames of all functions that are under way, with the
variables that are still needed, and what these refer to.

What counts is the largest state with every text, list, map and set empty; `--elements M` counts
M elements in each. A variable that is not used afterwards does not travel: let it end earlier, or
keep less in it. `smc cost` without a bound shows what each variable takes.";
    STATE_UNBOUNDED = "SM0731", "what travels has no bound",
        "`smc cost --max-state-bytes N` was asked to say so. At this place the message can move
while a recursive function is under way. Each call that has not returned is a frame of the state,
and how many there are is known only when the program runs.

Turn the recursion into a loop, or let the function return before the message moves.";

    // SM08xx: warnings.
    LOST_DOCS = "SM0801", "a doc comment describes nothing",
        "A comment that begins with `///` describes the declaration, field or variant after it.
Here none follows. An ordinary comment begins with `//`, one about the whole file with `//!` at its
top.";
    UNUSED_RESULT = "SM0802", "a result that is not used",
        "The call answers whether it worked. What the network can do to a program is a value, and
here nobody looks at it. `f()?` returns the error from the function, `f()!` traps on it, `let _ =
f()` says that it does not matter. The result of `write` may be dropped without saying so.";
    UNUSED_VARIABLE = "SM0803", "a variable that is not used",
        "Nothing reads this variable or parameter. Remove it, or begin its name with `_` if that is
intended.";
    UNUSED_IMPORT = "SM0804", "an import that is not used",
        "Nothing uses this name. Remove it from the import.";
    UNREACHABLE_CODE = "SM0805", "code that is never reached",
        "What stands before it does not go on: it returns, leaves the loop, traps, or loops
forever.";
    UNREACHABLE_PATTERN = "SM0806", "an arm that is never reached",
        "The arms before it take all of its values. Arms are tried in order: put the special before
the general.";
    NEVER_ASSIGNED = "SM0807", "a `var` that does not change",
        "The variable is declared with `var` and never assigned. `let` says that it does not change.
Changing what a collection or struct holds needs no `var`.";
    UNUSED_VALUE = "SM0808", "a value that is not used",
        "The expression is computed and dropped, and computing it has no effect. Often `=` was
meant, or a method that answers a new value is taken for one that changes its receiver:

    name.trim()                     // wrong: a text does not change
    let name = name.trim()";
    ALWAYS_MATCHES = "SM0809", "a pattern that always matches",
        "`if let`, `while let` and `let .. else` are for patterns that may not match. This one
always does, so a plain `let` is enough.";
    UNUSED_ITEM = "SM0810", "a declaration that is not used",
        "Nothing reaches this private function, struct, enum, tag or constant: not `main`, no test,
and nothing that is declared with `pub`. Remove it, declare it with `pub` if other modules should
use it, or begin its name with `_` if it stays for later.";
    SHADOWED_TAG = "SM0811", "a variable that hides a tag",
        "A variable or parameter has the name of a tag that the same function uses. Where it is in
scope, the name is its value, and the tag cannot be named:

    tag temperature: Float

    fn rises() -> Bool {
        let temperature = read(temperature)!
        block(temperature)          // a Float is no tag
    }

Give the variable another name.";
    ENDLESS_LOOP = "SM0812", "a loop that never ends",
        "Nothing in this loop leaves it, ends the message, or lets it wait. It goes over the budget
of its turn, and that is a trap.

    loop {
        let reading = block(sensor)     // waits for the next value
        print(reading)
    }

`yield()` gives the turn away and goes on in the next one.";
    TAG_TYPES_DIFFER = "SM0813", "tags that only look the same",
        "The identity of a plain tag is its name and its types. Two modules that declare a tag of
one name with different types have two tags: what one writes, the other never reads. Give them the
same type, or different names.";
    DIVIDING_COMMENT = "SM0814", "a comment that looks like a division",
        "`//` begins a comment, so `a // b` is `a`. `/` divides, and of two `Int`s it gives the
whole part, toward zero: `7 / 2` is 3, `-7 / 2` is -3.";
    DUPLICATE_KEY = "SM0815", "a key or element that is there already",
        "A map has one value for each key, so the last one of the literal counts, and what stands
before it is lost. A set has each element once.";
    TAG_SHOWN = "SM0816", "a tag is printed, not its value",
        "A tag is only a name: `print(depth)` prints `depth`. The value is on the node, if it has
the tag: `print(read(depth) ?? 0.0)`. Where the name is meant, `print(depth.name())` says so.";
}
