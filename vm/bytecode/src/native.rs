//! Native functions: leaves of the standard library that engines implement themselves.
//!
//! Declared in one table like instructions. They never call back, and what takes a callback is
//! written in the language.

use core::fmt;

use crate::codes::TrapKind;
use crate::inst::{Fuel, fuel};

/// What the table says about one native function.
#[derive(Clone, Copy, Debug)]
pub struct NativeInfo {
    /// The function.
    pub native: Native,
    /// Its name, such as `str.find`.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Parameter types.
    pub params: &'static [NativeType],
    /// Result type.
    pub result: NativeType,
    /// What it costs, on top of `CallNative`.
    pub fuel: Fuel,
    /// How it can trap.
    pub traps: &'static [TrapKind],
}

/// A type in the signature of a native function. It stands for every `TypeIx` with that shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NativeType {
    /// `Bool`.
    Bool,
    /// `Int` (or `Duration`, which has the same slot).
    Int,
    /// `Float`.
    Float,
    /// `Str`.
    Str,
    /// `Bytes`.
    Bytes,
    /// `Id`.
    Id,
    /// `Node`.
    Node,
    /// `Hop`.
    Hop,
    /// `Name`.
    Name,
    /// `Place`.
    Place,
    /// `AnyTag`.
    AnyTag,
    /// `Int?`: a `Bool` and an `Int`.
    OptInt,
    /// `Float?`: a `Bool` and a `Float`.
    OptFloat,
    /// `Str?`: a nullable reference.
    OptStr,
    /// `[Str]`.
    ListStr,
    /// `[Int]`.
    ListInt,
}

impl fmt::Display for NativeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NativeType::OptInt => f.write_str("Int?"),
            NativeType::OptFloat => f.write_str("Float?"),
            NativeType::OptStr => f.write_str("Str?"),
            NativeType::ListStr => f.write_str("[Str]"),
            NativeType::ListInt => f.write_str("[Int]"),
            plain => fmt::Debug::fmt(plain, f),
        }
    }
}

macro_rules! natives {
    ($(
        $(#[doc = $doc:literal])+
        $code:literal $variant:ident $name:literal ($($param:ident),*) -> $result:ident,
        fuel $fuel:literal $(+ 1 / $per:literal $size:literal)?
        $(, traps [$($trap:ident)*])?
        ;
    )+) => {
        /// A native function.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Native { $(
            #[doc = concat!("`", $name, "`.")]
            $(#[doc = $doc])+
            $variant = $code,
        )+ }

        impl Native {
            /// All native functions in the order of the table.
            pub const ALL: &[Native] = &[$(Native::$variant,)+];

            /// The function with this code, if there is one.
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Native::$variant),)+ _ => None }
            }

            /// What the table says about the function.
            pub fn info(self) -> &'static NativeInfo {
                match self { $(Native::$variant => {
                    const INFO: NativeInfo = NativeInfo {
                        native: Native::$variant,
                        name: $name,
                        doc: concat!($($doc, "\n"),+),
                        params: &[$(NativeType::$param),*],
                        result: NativeType::$result,
                        fuel: fuel!($fuel $(, $per, $size)?),
                        traps: &[$($(TrapKind::$trap),*)?],
                    };
                    &INFO
                })+ }
            }
        }
    };
}

natives! {
    /// Number of bytes.
    0 StrByteLen "str.byte_len" (Str) -> Int, fuel 1;
    /// Number of characters.
    1 StrLen "str.len" (Str) -> Int, fuel 2 + 1 / 16 "bytes";
    /// The character position of the first occurrence of the second text.
    2 StrFind "str.find" (Str, Str) -> OptInt, fuel 4 + 1 / 8 "bytes of both";
    /// The characters `from..to`.
    3 StrSlice "str.slice" (Str, Int, Int) -> Str, fuel 4 + 1 / 16 "bytes",
        traps [IndexOutOfRange];
    /// Each character as a text.
    4 StrChars "str.chars" (Str) -> ListStr, fuel 4 + 1 / 1 "characters";
    /// The lines, without `\n` and `\r\n`.
    5 StrLines "str.lines" (Str) -> ListStr, fuel 4 + 1 / 4 "bytes";
    /// The parts between occurrences of the second text; an empty one separates nothing.
    6 StrSplit "str.split" (Str, Str) -> ListStr, fuel 4 + 1 / 4 "bytes of both";
    /// The texts with the second argument between them.
    7 StrJoin "str.join" (ListStr, Str) -> Str, fuel 4 + 1 / 16 "bytes and elements";
    /// Without white space at both ends.
    8 StrTrim "str.trim" (Str) -> Str, fuel 4 + 1 / 16 "bytes";
    /// In lower case.
    9 StrLower "str.lower" (Str) -> Str, fuel 4 + 1 / 8 "bytes";
    /// In upper case.
    10 StrUpper "str.upper" (Str) -> Str, fuel 4 + 1 / 8 "bytes";
    /// Whether the second text begins the first.
    11 StrStartsWith "str.starts_with" (Str, Str) -> Bool, fuel 2 + 1 / 16 "bytes of the second";
    /// Whether the second text ends the first.
    12 StrEndsWith "str.ends_with" (Str, Str) -> Bool, fuel 2 + 1 / 16 "bytes of the second";
    /// Whether the second text occurs in the first.
    13 StrContains "str.contains" (Str, Str) -> Bool, fuel 4 + 1 / 8 "bytes of both";
    /// The first text with each occurrence of the second replaced by the third.
    14 StrReplace "str.replace" (Str, Str, Str) -> Str, fuel 4 + 1 / 4 "bytes of all and dst";
    /// The text so many times; a negative count is `IndexOutOfRange`.
    15 StrRepeat "str.repeat" (Str, Int) -> Str, fuel 4 + 1 / 16 "bytes of dst",
        traps [IndexOutOfRange];
    /// The UTF-8 bytes.
    16 StrToBytes "str.to_bytes" (Str) -> Bytes, fuel 4 + 1 / 16 "bytes";
    /// The text, if the bytes are UTF-8.
    17 BytesToStr "bytes.to_str" (Bytes) -> OptStr, fuel 4 + 1 / 16 "bytes";
    /// The number, if the text is a decimal one and fits.
    18 StrToInt "str.to_int" (Str) -> OptInt, fuel 4 + 1 / 8 "bytes";
    /// The number, if the text is one; rounded to the nearest.
    19 StrToFloat "str.to_float" (Str) -> OptFloat, fuel 8 + 1 / 4 "bytes";
    /// The code point of the first character, if there is one.
    20 StrCode "str.code" (Str) -> OptInt, fuel 2;
    /// The character with this code point, if there is one.
    21 StrFromCode "str.from_code" (Int) -> OptStr, fuel 4;
    /// The character position of the last occurrence of the second text.
    22 StrFindLast "str.find_last" (Str, Str) -> OptInt, fuel 4 + 1 / 8 "bytes of both";
    /// The parts between white space, without empty ones.
    23 StrWords "str.words" (Str) -> ListStr, fuel 4 + 1 / 4 "bytes";
    /// Without white space at the beginning.
    24 StrTrimStart "str.trim_start" (Str) -> Str, fuel 4 + 1 / 16 "bytes";
    /// Without white space at the end.
    25 StrTrimEnd "str.trim_end" (Str) -> Str, fuel 4 + 1 / 16 "bytes";
    /// What follows the second text, if that begins the first.
    26 StrStripPrefix "str.strip_prefix" (Str, Str) -> OptStr, fuel 4 + 1 / 16 "bytes of both";
    /// What precedes the second text, if that ends the first.
    27 StrStripSuffix "str.strip_suffix" (Str, Str) -> OptStr, fuel 4 + 1 / 16 "bytes of both";
    /// The first text, lengthened at its beginning to so many characters by the third one, over and
    /// over; an empty one adds nothing.
    28 StrPadStart "str.pad_start" (Str, Int, Str) -> Str, fuel 4 + 1 / 8 "bytes of all and dst";
    /// The same at its end.
    29 StrPadEnd "str.pad_end" (Str, Int, Str) -> Str, fuel 4 + 1 / 8 "bytes of all and dst";

    /// Number of bytes.
    32 BytesLen "bytes.len" (Bytes) -> Int, fuel 1;
    /// The byte at a position.
    33 BytesGet "bytes.get" (Bytes, Int) -> Int, fuel 1, traps [IndexOutOfRange];
    /// The bytes `from..to`.
    34 BytesSlice "bytes.slice" (Bytes, Int, Int) -> Bytes, fuel 4 + 1 / 16 "bytes of dst",
        traps [IndexOutOfRange];
    /// One after the other.
    35 BytesConcat "bytes.concat" (Bytes, Bytes) -> Bytes, fuel 4 + 1 / 16 "bytes of dst";
    /// The bytes with these values; traps if one is not in 0..256.
    36 BytesFromList "bytes.from_list" (ListInt) -> Bytes, fuel 4 + 1 / 4 "elements",
        traps [IndexOutOfRange];
    /// The values of the bytes.
    37 BytesToList "bytes.to_list" (Bytes) -> ListInt, fuel 4 + 1 / 4 "bytes";

    /// The integer by a format specification `[[fill]align][+][#][0][width][,][x|X|b|o]`.
    48 FmtInt "fmt.int" (Int, Str) -> Str, fuel 8 + 1 / 4 "bytes of dst", traps [BadText];
    /// The number by a format specification `[[fill]align][+][0][width][,][.precision][e]`.
    49 FmtFloat "fmt.float" (Float, Str) -> Str, fuel 16 + 1 / 4 "bytes of dst", traps [BadText];
    /// The text by a format specification `[[fill]align][width][.precision]`.
    50 FmtStr "fmt.str" (Str, Str) -> Str, fuel 8 + 1 / 4 "bytes of dst", traps [BadText];

    /// The absolute value.
    64 FloatAbs "float.abs" (Float) -> Float, fuel 1;
    /// The largest integral number that is not larger.
    65 FloatFloor "float.floor" (Float) -> Float, fuel 2;
    /// The smallest integral number that is not smaller.
    66 FloatCeil "float.ceil" (Float) -> Float, fuel 2;
    /// The nearest integral number, halves away from zero.
    67 FloatRound "float.round" (Float) -> Float, fuel 2;
    /// The integral part.
    68 FloatTrunc "float.trunc" (Float) -> Float, fuel 2;
    /// The square root.
    69 FloatSqrt "float.sqrt" (Float) -> Float, fuel 4;
    /// The sine of radians.
    70 FloatSin "float.sin" (Float) -> Float, fuel 16;
    /// The cosine of radians.
    71 FloatCos "float.cos" (Float) -> Float, fuel 16;
    /// The tangent of radians.
    72 FloatTan "float.tan" (Float) -> Float, fuel 16;
    /// The arc sine in radians.
    73 FloatAsin "float.asin" (Float) -> Float, fuel 16;
    /// The arc cosine in radians.
    74 FloatAcos "float.acos" (Float) -> Float, fuel 16;
    /// The arc tangent in radians.
    75 FloatAtan "float.atan" (Float) -> Float, fuel 16;
    /// The hyperbolic sine.
    76 FloatSinh "float.sinh" (Float) -> Float, fuel 16;
    /// The hyperbolic cosine.
    77 FloatCosh "float.cosh" (Float) -> Float, fuel 16;
    /// The hyperbolic tangent.
    78 FloatTanh "float.tanh" (Float) -> Float, fuel 16;
    /// e to the power of the number.
    79 FloatExp "float.exp" (Float) -> Float, fuel 16;
    /// The natural logarithm.
    80 FloatLn "float.ln" (Float) -> Float, fuel 16;
    /// The logarithm to base 2.
    81 FloatLog2 "float.log2" (Float) -> Float, fuel 16;
    /// The logarithm to base 10.
    82 FloatLog10 "float.log10" (Float) -> Float, fuel 16;
    /// The cube root.
    83 FloatCbrt "float.cbrt" (Float) -> Float, fuel 16;
    /// The first to the power of the second.
    84 FloatPow "float.pow" (Float, Float) -> Float, fuel 32;
    /// The angle of the point (second, first) in radians.
    85 FloatAtan2 "float.atan2" (Float, Float) -> Float, fuel 16;
    /// The length of the hypotenuse.
    86 FloatHypot "float.hypot" (Float, Float) -> Float, fuel 16;
    /// The smaller one; the other one if one is NaN.
    87 FloatMin "float.min" (Float, Float) -> Float, fuel 1;
    /// The larger one; the other one if one is NaN.
    88 FloatMax "float.max" (Float, Float) -> Float, fuel 1;
    /// Whether it is no number.
    89 FloatIsNan "float.is_nan" (Float) -> Bool, fuel 1;

    /// The node at the other end of a hop.
    96 HopNode "hop.node" (Hop) -> Node, fuel 4;
    /// The node as a hop; whether it is a neighbor shows when it is used.
    97 NodeHop "node.hop" (Node) -> Hop, fuel 4;
    /// The declared name of a tag.
    98 TagName "tag.name" (AnyTag) -> Str, fuel 4 + 1 / 16 "bytes of dst";
    /// The place as the language writes it.
    99 PlaceShow "place.show" (Place) -> Str, fuel 8 + 1 / 4 "bytes of dst";
    /// The name as text.
    100 NameShow "name.show" (Name) -> Str, fuel 4 + 1 / 16 "bytes of dst";
    /// The first eight hexadecimal digits of an identity.
    101 IdShow "id.show" (Id) -> Str, fuel 4;
    /// The first eight hexadecimal digits of a node's identity.
    102 NodeShow "node.show" (Node) -> Str, fuel 4;
    /// The node's full identity as a name: what tags that lead to it are keyed by.
    103 NodeName "node.name" (Node) -> Name, fuel 4;
}

impl Native {
    /// The number that stands for the function in bytecode.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Its name, such as `str.find`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The function with this name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|native| native.name() == name)
    }
}

impl fmt::Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
