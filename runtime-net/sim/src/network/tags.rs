//! Tags that a node begins with: their types as text, their values as TOML.

use std::fmt;

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_core::ids::Span;
use sm_core::node::TagChange;
use sm_core::tags::OpenTag;
use sm_vm::ValueError;

use crate::value::NodeTag;

/// A tag that a node begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct TagDef {
    /// Its declared name.
    pub name: String,
    /// The type of its value.
    pub ty: TagType,
    /// Its value.
    pub value: TagValue,
    /// How long it lives after each write, without end if `None`.
    pub lifetime: Option<Span>,
    /// How a driver keeps it, or `None` if programs do.
    pub driver: Option<Driver>,
}

/// How the driver of a simulated node keeps an I/O tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// The values it takes one after the other, each `every` so often; empty if it only follows
    /// what programs write.
    pub series: Vec<TagValue>,
    /// The time between two values, and the time it takes to follow a write.
    pub every: Span,
}

/// The type of a tag's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagType {
    /// `Unit`
    Unit,
    /// `Bool`
    Bool,
    /// `Int`
    Int,
    /// `Float`
    Float,
    /// `Duration`
    Duration,
    /// `Str`
    Str,
    /// `Bytes`
    Bytes,
    /// `[T]`
    List(Box<TagType>),
    /// `[K: V]`
    Map(Box<TagType>, Box<TagType>),
    /// `#{T}`
    Set(Box<TagType>),
    /// `T?`
    Option(Box<TagType>),
    /// `(A, B)`
    Tuple(Vec<TagType>),
}

/// The value of a tag. Which type it is of is known beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum TagValue {
    /// `()`
    Unit,
    /// `true`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `72.9`
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    /// `"Springfield"`
    Str(String),
    /// Any bytes.
    Bytes(Vec<u8>),
    /// The elements of a list or a set.
    List(Vec<TagValue>),
    /// The entries of a map.
    Map(Vec<(TagValue, TagValue)>),
    /// A value that is there.
    Some(Box<TagValue>),
    /// The elements of a tuple.
    Tuple(Vec<TagValue>),
}

impl TagDef {
    /// A tag that programs keep, of the type its value shows.
    ///
    /// An empty list is taken for one of integers.
    pub fn new(name: &str, value: TagValue) -> Self {
        let ty = value.evident_type();
        Self {
            name: name.to_owned(),
            ty,
            value,
            lifetime: None,
            driver: None,
        }
    }
}

impl TagDef {
    /// The tag as a real node takes it, kept by programs.
    ///
    /// # Errors
    /// If a map or set holds a key twice.
    pub fn put_up(&self) -> Result<TagChange, ValueError> {
        NodeTag::new(self).map(|tag| tag.put_up())
    }

    /// The tag and its first value, for whoever keeps it.
    ///
    /// # Errors
    /// If a map or set holds a key twice.
    pub fn open(&self) -> Result<(OpenTag, Vec<u8>), ValueError> {
        NodeTag::new(self).map(NodeTag::into_open)
    }
}

impl TagValue {
    fn evident_type(&self) -> TagType {
        let of = |values: &[TagValue]| values.first().map_or(TagType::Int, Self::evident_type);
        match self {
            Self::Unit => TagType::Unit,
            Self::Bool(_) => TagType::Bool,
            Self::Int(_) => TagType::Int,
            Self::Float(_) => TagType::Float,
            Self::Duration(_) => TagType::Duration,
            Self::Str(_) => TagType::Str,
            Self::Bytes(_) => TagType::Bytes,
            Self::List(values) => TagType::List(Box::new(of(values))),
            Self::Map(entries) => {
                let (key, value) = entries
                    .first()
                    .map_or((TagType::Str, TagType::Int), |(k, v)| {
                        (k.evident_type(), v.evident_type())
                    });
                TagType::Map(Box::new(key), Box::new(value))
            }
            Self::Some(value) => TagType::Option(Box::new(value.evident_type())),
            Self::Tuple(values) => TagType::Tuple(values.iter().map(Self::evident_type).collect()),
        }
    }
}

/// As the language writes it.
impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("Unit"),
            Self::Bool => f.write_str("Bool"),
            Self::Int => f.write_str("Int"),
            Self::Float => f.write_str("Float"),
            Self::Duration => f.write_str("Duration"),
            Self::Str => f.write_str("Str"),
            Self::Bytes => f.write_str("Bytes"),
            Self::List(of) => write!(f, "[{of}]"),
            Self::Map(key, value) => write!(f, "[{key}: {value}]"),
            Self::Set(of) => write!(f, "#{{{of}}}"),
            Self::Option(of) => write!(f, "{of}?"),
            Self::Tuple(of) => {
                let of: Vec<String> = of.iter().map(TagType::to_string).collect();
                write!(f, "({})", of.join(", "))
            }
        }
    }
}

/// The names of the types that have one.
pub(crate) const TYPE_NAMES: &[&str] =
    &["Unit", "Bool", "Int", "Float", "Duration", "Str", "Bytes"];

impl TagType {
    /// Reads a type as the language writes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = TypeReader { rest: text };
        let ty = reader.ty(0)?;
        match reader.rest.trim_start() {
            "" => Ok(ty),
            rest => Err(format!("`{rest}` after the type `{ty}`")),
        }
    }

    /// Puts the type, and those it is made of, into a table.
    pub fn intern(&self, types: &mut TypeTable) -> TypeIx {
        let ty = match self {
            Self::Unit => Type::Unit,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::Duration => Type::Duration,
            Self::Str => Type::Str,
            Self::Bytes => Type::Bytes,
            Self::List(of) => Type::List(of.intern(types)),
            Self::Set(of) => Type::Set(of.intern(types)),
            Self::Option(of) => Type::Option(of.intern(types)),
            Self::Map(key, of) => {
                let key = key.intern(types);
                Type::Map(key, of.intern(types))
            }
            Self::Tuple(of) => Type::Tuple(of.iter().map(|of| of.intern(types)).collect()),
        };
        types.intern(ty)
    }
}

struct TypeReader<'a> {
    rest: &'a str,
}

impl TypeReader<'_> {
    fn ty(&mut self, depth: usize) -> Result<TagType, String> {
        if depth > crate::limits::TYPE_DEPTH {
            return Err("the type is nested too deeply".to_owned());
        }
        let mut ty = if self.eat("[") {
            self.list_or_map(depth)?
        } else if self.eat("#{") {
            let of = self.key(depth)?;
            self.expect("}")?;
            TagType::Set(Box::new(of))
        } else if self.eat("(") {
            self.tuple(depth)?
        } else {
            self.name()?
        };
        while self.eat("?") {
            if matches!(ty, TagType::Option(_)) {
                return Err("an option of an option cannot be written here".to_owned());
            }
            ty = TagType::Option(Box::new(ty));
        }
        Ok(ty)
    }

    fn list_or_map(&mut self, depth: usize) -> Result<TagType, String> {
        let of = self.ty(depth + 1)?;
        if !self.eat(":") {
            self.expect("]")?;
            return Ok(TagType::List(Box::new(of)));
        }
        let key = is_key(of)?;
        let value = self.ty(depth + 1)?;
        self.expect("]")?;
        Ok(TagType::Map(Box::new(key), Box::new(value)))
    }

    fn tuple(&mut self, depth: usize) -> Result<TagType, String> {
        if self.eat(")") {
            return Ok(TagType::Unit);
        }
        let mut of = vec![self.ty(depth + 1)?];
        while self.eat(",") {
            of.push(self.ty(depth + 1)?);
        }
        self.expect(")")?;
        if of.len() < 2 {
            Err("a tuple has two or more elements".to_owned())
        } else {
            Ok(TagType::Tuple(of))
        }
    }

    fn key(&mut self, depth: usize) -> Result<TagType, String> {
        is_key(self.ty(depth + 1)?)
    }

    fn name(&mut self) -> Result<TagType, String> {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        Ok(match name {
            "Unit" => TagType::Unit,
            "Bool" => TagType::Bool,
            "Int" => TagType::Int,
            "Float" => TagType::Float,
            "Duration" => TagType::Duration,
            "Str" => TagType::Str,
            "Bytes" => TagType::Bytes,
            "" => return Err("a type is missing".to_owned()),
            name => return Err(format!("there is no type `{name}`")),
        })
    }

    fn eat(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(token) else {
            return false;
        };
        self.rest = rest;
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(format!("expected `{token}` in the type"))
        }
    }
}

fn is_key(ty: TagType) -> Result<TagType, String> {
    match ty {
        TagType::Unit
        | TagType::Bool
        | TagType::Int
        | TagType::Duration
        | TagType::Str
        | TagType::Bytes => Ok(ty),
        other => Err(format!("`{other}` cannot be a key here")),
    }
}
