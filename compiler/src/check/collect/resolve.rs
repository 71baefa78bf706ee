//! The second pass over all declarations: their types.

use std::collections::HashMap;

use super::super::annotation::{Annotations, WrittenKey, generics};
use super::super::module::Parsed;
use super::super::scope::{Entity, Names, PRELUDE_ID, ValueId};
use super::super::sink::Sink;
use super::super::traits::Traits;
use super::declare::{AdtDecl, Declared, DeclaredAdt, DeclaredFn, FnSource};
use super::{
    Methods, ParamSignature, Signature, SignatureBody, TagSignature, ValueDecl, ValueKind, World,
    validate,
};
use crate::ast::{self, Expr, FileId, FnBody, GenericParam, Ident, ImplDecl, Mutability, Span};
use crate::diagnostic::{Diagnostic, code};
use crate::limits::MAX_FIELDS;
use crate::typed::{
    Access, Adt, AdtKind, Bound, Field, FnId, Generic, Lang, ModuleId, Name, Test, Ty, TyKind,
    Types, Variant,
};

pub(super) fn resolve<'a>(
    parsed: &'a [Parsed],
    entry: &str,
    declared: Declared<'a>,
    types: &mut Types,
    used: &mut [bool],
    sink: &mut Sink,
) -> World<'a> {
    let mut resolver = Resolver {
        parsed,
        names: &declared.names,
        types,
        used,
        sink,
        values: Vec::new(),
        keys: Vec::new(),
        self_ty: None,
    };
    resolver.constants(&declared);
    let (adts, field_defaults) = resolver.adts(&declared.adts);
    let owners = declared.impls.iter().map(|one| resolver.owner(*one, &adts));
    let owners: Vec<Owner> = owners.collect();
    let functions = declared.functions.iter();
    let functions: Vec<_> = functions
        .map(|one| resolver.function(one, &owners))
        .collect();
    let tags = declared.tags.iter().map(|one| resolver.tag(*one)).collect();
    let (values, keys) = (resolver.values, resolver.keys);
    let traits = Traits::derive(&adts, types);
    let mut world = World {
        parsed,
        lang: lang(&declared.names, &adts),
        tests: tests(&declared, &functions),
        main: main(&declared.names, entry, &functions),
        names: declared.names,
        adts,
        field_defaults,
        traits,
        functions,
        tags,
        values,
        methods: Methods::default(),
    };
    world.methods = validate::methods(&world, types, sink);
    name_overloaded_natives(&mut world);
    validate::world(&world, types, &keys, sink);
    world
}

struct Resolver<'r, 'a> {
    parsed: &'a [Parsed],
    names: &'r Names,
    types: &'r mut Types,
    used: &'r mut [bool],
    sink: &'r mut Sink,
    values: Vec<ValueDecl<'a>>,
    keys: Vec<WrittenKey>,
    /// The target of the `impl` that is being read.
    self_ty: Option<Ty>,
}

/// An `impl` block: its generic parameters and its target.
struct Owner {
    generics: Vec<Generic>,
    ty: Ty,
    /// The target as written, for names.
    written: String,
}

impl<'a> Resolver<'_, 'a> {
    fn file(&self, module: ModuleId) -> FileId {
        self.parsed[module.index()].file
    }

    fn annotations<'s>(&'s mut self, module: ModuleId, generics: &'s [Generic]) -> Annotations<'s> {
        Annotations {
            file: self.parsed[module.index()].file,
            names: self.names,
            types: self.types,
            sink: self.sink,
            used: self.used,
            module,
            generics,
            self_ty: self.self_ty,
            keys: &mut self.keys,
        }
    }

    fn ty(&mut self, module: ModuleId, generics: &[Generic], written: &ast::Type) -> Ty {
        self.annotations(module, generics).ty(written)
    }

    fn generics(
        &mut self,
        module: ModuleId,
        params: &[GenericParam],
        outer: &[Generic],
    ) -> Vec<Generic> {
        generics(params, outer, self.file(module), self.sink)
    }

    fn constants(&mut self, declared: &Declared<'a>) {
        for (module, decl, public) in &declared.constants {
            let ty = self.ty(*module, &[], &decl.ty);
            self.values.push(ValueDecl {
                module: *module,
                name: decl.name.name.clone(),
                kind: ValueKind::Constant,
                generics: Vec::new(),
                owner: None,
                ty,
                expr: &decl.value,
                public: *public,
                span: decl.name.span,
            });
        }
    }

    fn default(
        &mut self,
        module: ModuleId,
        name: String,
        generics: &[Generic],
        ty: Ty,
        expr: &'a Expr,
    ) -> ValueId {
        let id = ValueId(u32::try_from(self.values.len()).expect("bounded by the source's size"));
        self.values.push(ValueDecl {
            module,
            name: name.into(),
            kind: ValueKind::Default,
            generics: generics.to_vec(),
            owner: self.self_ty,
            ty,
            expr,
            public: false,
            span: expr.span,
        });
        id
    }

    fn adts(&mut self, declared: &[DeclaredAdt<'a>]) -> (Vec<Adt>, Vec<Vec<Option<ValueId>>>) {
        let mut all = (Vec::new(), Vec::new());
        for one in declared {
            let (adt, defaults) = self.adt(one);
            all.0.push(adt);
            all.1.push(defaults);
        }
        all
    }

    fn adt(&mut self, one: &DeclaredAdt<'a>) -> (Adt, Vec<Option<ValueId>>) {
        let (name, params) = match one.decl {
            AdtDecl::Struct(decl) => (&decl.name, &decl.generics),
            AdtDecl::Enum(decl) => (&decl.name, &decl.generics),
        };
        let generics = self.generics(one.module, params, &[]);
        let mut defaults = Vec::new();
        let kind = match one.decl {
            AdtDecl::Struct(decl) => {
                let fields;
                (fields, defaults) = self.fields(one.module, decl, &generics);
                AdtKind::Struct { fields }
            }
            AdtDecl::Enum(decl) => AdtKind::Enum {
                variants: self.variants(one.module, decl, &generics),
            },
        };
        let adt = Adt {
            module: one.module,
            name: name.name.clone(),
            generics,
            kind,
            public: one.public,
            span: name.span,
        };
        (adt, defaults)
    }

    fn fields(
        &mut self,
        module: ModuleId,
        decl: &'a ast::StructDecl,
        generics: &[Generic],
    ) -> (Vec<Field>, Vec<Option<ValueId>>) {
        self.distinct(
            module,
            decl.fields.iter().map(|field| &field.name),
            "fields",
        );
        let mut fields = Vec::new();
        let mut defaults = Vec::new();
        for field in &decl.fields {
            let ty = self.ty(module, generics, &field.ty);
            defaults.push(field.default.as_ref().map(|expr| {
                let name = format!("{}({})", decl.name, field.name);
                self.default(module, name, generics, ty, expr)
            }));
            fields.push(Field {
                name: Some(field.name.name.clone()),
                ty,
                mutability: field.mutability,
                span: field.span,
            });
        }
        (fields, defaults)
    }

    fn variants(
        &mut self,
        module: ModuleId,
        decl: &ast::EnumDecl,
        generics: &[Generic],
    ) -> Vec<Variant> {
        let mut variants = Vec::new();
        for variant in &decl.variants {
            let names = variant
                .fields
                .iter()
                .filter_map(|field| field.name.as_ref());
            self.distinct(module, names, "fields");
            let fields = variant.fields.iter().map(|field| Field {
                name: field.name.as_ref().map(|name| name.name.clone()),
                ty: self.ty(module, generics, &field.ty),
                mutability: Mutability::Let,
                span: field.span,
            });
            variants.push(Variant {
                name: variant.name.name.clone(),
                fields: fields.collect(),
                span: variant.name.span,
            });
        }
        variants
    }

    /// Reports names that occur twice in one list.
    fn distinct<'n>(
        &mut self,
        module: ModuleId,
        names: impl Iterator<Item = &'n Ident>,
        what: &str,
    ) {
        let mut first: HashMap<&str, Span> = HashMap::new();
        let mut count = 0;
        for name in names {
            count += 1;
            if count == MAX_FIELDS + 1 {
                let message = format!("there are more than {MAX_FIELDS} {what}");
                let file = self.file(module);
                let error = Diagnostic::error(code::TOO_MANY_FIELDS, file, name.span, message);
                self.sink
                    .push(error.help("put some of them into a struct of their own"));
            }
            if name.is_wildcard() {
                continue;
            }
            if let Some(before) = first.insert(&name.name, name.span) {
                let message = format!("two {what} are named `{name}`");
                let file = self.file(module);
                let error = Diagnostic::error(code::DUPLICATE_NAME, file, name.span, message);
                self.sink.push(error.label(before, "the first"));
            }
        }
    }

    fn owner(&mut self, (module, decl): (ModuleId, &'a ImplDecl), adts: &[Adt]) -> Owner {
        let mut generics = self.generics(module, &decl.generics, &[]);
        let ty = self.ty(module, &generics, &decl.target);
        self.imply_hash(&mut generics, ty);
        let written = self.types.show(ty, adts, &generics);
        Owner {
            generics,
            ty,
            written,
        }
    }

    /// Keys of maps and elements of sets have `Hash`, or the type could not be there.
    fn imply_hash(&mut self, generics: &mut [Generic], ty: Ty) {
        let types = &*self.types;
        types.for_each_within(ty, &mut |kind| {
            let (TyKind::Map(key, _) | TyKind::Set(key)) = kind else {
                return;
            };
            types.for_each_within(*key, &mut |kind| {
                if let TyKind::Param(index) = kind
                    && let Some(generic) = generics.get_mut(*index as usize)
                {
                    generic.bounds = generic.bounds.with(Bound::Hash);
                }
            });
        });
    }

    fn function(&mut self, one: &DeclaredFn<'a>, owners: &[Owner]) -> Signature<'a> {
        let decl = match one.decl {
            FnSource::Fn(decl) => decl,
            FnSource::Test(decl) => return test(one.module, decl),
        };
        let owner = one.owner.map(|at| &owners[at]);
        self.self_ty = owner.map(|owner| owner.ty);
        let outer = owner.map_or(&[][..], |owner| &owner.generics);
        let mut generics = self.generics(one.module, &decl.generics, outer);
        let name = &decl.name;
        let display = match owner {
            Some(owner) => format!("{}.{name}", owner.written),
            None => name.to_string(),
        };
        self.distinct(
            one.module,
            decl.params.iter().map(|param| &param.name),
            "parameters",
        );
        let params = self.params(one, decl, owner, &generics, &display);
        for param in &params {
            self.imply_hash(&mut generics, param.ty);
        }
        let result = self
            .annotations(one.module, &generics)
            .result(decl.result.as_ref());
        self.self_ty = None;
        Signature {
            module: one.module,
            name: name.name.clone(),
            display: display.into(),
            owner: owner.map(|owner| owner.ty),
            takes_self: owner.is_some() && decl.self_param.is_some(),
            params,
            result,
            result_span: decl.result.as_ref().map(|result| result.span),
            generics,
            body: self.body(one.module, &decl.body),
            public: one.public,
            span: name.span,
        }
    }

    fn body(&mut self, module: ModuleId, body: &'a FnBody) -> SignatureBody<'a> {
        match body {
            FnBody::Block(block) => SignatureBody::Block(block),
            FnBody::Native(span) => {
                if !self.parsed[module.index()].library {
                    let message = "only the standard library declares native functions";
                    let file = self.file(module);
                    let error = Diagnostic::error(code::NATIVE_OUTSIDE, file, *span, message);
                    self.sink
                        .push(error.help("write the function's body in `{ .. }`"));
                }
                SignatureBody::Native
            }
        }
    }

    fn params(
        &mut self,
        one: &DeclaredFn<'a>,
        decl: &'a ast::FnDecl,
        owner: Option<&Owner>,
        generics: &[Generic],
        display: &str,
    ) -> Vec<ParamSignature> {
        let mut params = Vec::new();
        if let Some(span) = decl.self_param {
            if let Some(owner) = owner {
                params.push(ParamSignature {
                    name: "self".into(),
                    ty: owner.ty,
                    default: None,
                    span,
                });
            } else {
                let message = "only a function in an `impl` block takes `self`";
                let file = self.file(one.module);
                self.sink
                    .push(Diagnostic::error(code::SELF_OUTSIDE, file, span, message));
            }
        }
        for param in &decl.params {
            let ty = self.ty(one.module, generics, &param.ty);
            let default = param.default.as_ref().map(|expr| {
                let name = format!("{display}({})", param.name);
                self.default(one.module, name, generics, ty, expr)
            });
            params.push(ParamSignature {
                name: param.name.name.clone(),
                ty,
                default,
                span: param.name.span,
            });
        }
        params
    }

    fn tag(&mut self, one: (ModuleId, &'a ast::TagDecl, bool)) -> TagSignature<'a> {
        let (module, decl, public) = one;
        self.distinct(
            module,
            decl.params.iter().map(|param| &param.name),
            "parameters",
        );
        let params = decl.params.iter().map(|param| {
            let ty = self.ty(module, &[], &param.ty);
            (param.name.name.clone(), ty, param.span)
        });
        let params = params.collect();
        let value = decl
            .ty
            .as_ref()
            .map_or(Ty::UNIT, |ty| self.ty(module, &[], ty));
        let (read, write) = self.access(module, decl.access.as_ref());
        TagSignature {
            module,
            name: decl.name.name.clone(),
            params,
            value,
            lifetime: decl.lifetime.as_ref(),
            read,
            write,
            public,
            span: decl.name.span,
        }
    }

    fn access(&mut self, module: ModuleId, written: Option<&ast::AccessDecl>) -> (Access, Access) {
        let Some(written) = written else {
            return (Access::Any, Access::Any);
        };
        let read = self.level(module, written.read.as_ref());
        let same =
            written.read.as_ref().map(|one| one.span) == written.write.as_ref().map(|one| one.span);
        let write = if same {
            read
        } else {
            self.level(module, written.write.as_ref())
        };
        if (read == Access::Code) != (write == Access::Code) {
            let message =
                "a tag belongs to its module's code for reading and writing, or for neither";
            let file = self.file(module);
            let error = Diagnostic::error(code::UNKNOWN_ACCESS, file, written.span, message)
                .note("`access code` makes the module a part of the tag's identity")
                .help("write `access code`");
            self.sink.push(error);
        }
        (read, write)
    }

    fn level(&mut self, module: ModuleId, written: Option<&Ident>) -> Access {
        let Some(written) = written else {
            return Access::Any;
        };
        match &*written.name {
            "any" => Access::Any,
            "owner" => Access::Owner,
            "code" => Access::Code,
            _ => {
                let message = format!("there is no access level `{written}`");
                let file = self.file(module);
                let error = Diagnostic::error(code::UNKNOWN_ACCESS, file, written.span, message)
                    .help("write `any`, `owner` (the same author) or `code` (this module)");
                self.sink.push(error);
                Access::Any
            }
        }
    }
}

fn test(module: ModuleId, decl: &ast::TestDecl) -> Signature<'_> {
    Signature {
        module,
        name: decl.name.clone(),
        display: format!("{} \"{}\"", decl.kind.word(), decl.name).into(),
        generics: Vec::new(),
        owner: None,
        takes_self: false,
        params: Vec::new(),
        result: Ty::UNIT,
        result_span: None,
        body: SignatureBody::Block(&decl.body),
        public: false,
        span: decl.name_span,
    }
}

fn tests(declared: &Declared<'_>, functions: &[Signature<'_>]) -> Vec<Test> {
    let all = declared.functions.iter().zip(functions).enumerate();
    let tests = all.filter_map(|(at, (one, signature))| match one.decl {
        FnSource::Test(decl) => Some(Test {
            kind: decl.kind,
            name: signature.name.clone(),
            function: FnId::new(at),
            span: signature.span,
        }),
        FnSource::Fn(_) => None,
    });
    tests.collect()
}

fn main(names: &Names, entry: &str, functions: &[Signature<'_>]) -> Option<FnId> {
    let binding = names.scopes.last()?.items.get(entry)?;
    match binding.entity {
        Entity::Fn(id) if binding.import.is_none() && !functions.is_empty() => Some(id),
        _ => None,
    }
}

fn lang(names: &Names, adts: &[Adt]) -> Lang {
    let scope = names.scope(PRELUDE_ID);
    let result = scope
        .items
        .get("Result")
        .and_then(|binding| match binding.entity {
            Entity::Adt(id) => Some(id),
            _ => None,
        });
    let shape = |adt: &Adt| {
        let variants = adt.variants();
        adt.generics.len() == 2
            && variants.len() == 2
            && variants[0].name == "Ok"
            && variants[1].name == "Err"
            && variants.iter().all(|variant| variant.fields.len() == 1)
    };
    Lang {
        result: result.filter(|id| shape(&adts[id.index()])),
    }
}

/// Natives of one name are told apart by the names of their parameters.
fn name_overloaded_natives(world: &mut World<'_>) {
    for id in world.names.overloads.iter().flatten() {
        let function = &mut world.functions[id.index()];
        if matches!(function.body, SignatureBody::Native) {
            let params: Vec<&str> = function.params.iter().map(|param| &*param.name).collect();
            let key: Name = format!("{}({})", function.name, params.join(", ")).into();
            function.display = key;
        }
    }
}
