//! Functions, one after the other.

use super::body::{Body, Cx, Want, Why};
use super::collect::{ParamSignature, Signature, SignatureBody};
use super::frame::{FrameKind, LocalKind};
use super::lints::Item;
use super::scope::{PRELUDE_ID, ValueId};
use super::value::{ValueState, compute};
use crate::ast::{Block, Ident, Mutability};
use crate::typed::{self, FnId, Function, Local, LocalId, Name};

/// Computes all constants and defaults, also those that nobody uses.
pub(super) fn values(cx: &mut Cx<'_>) {
    for at in 0..cx.values.len() {
        if matches!(cx.values[at], ValueState::Unknown) {
            compute(cx, ValueId(u32::try_from(at).unwrap_or(u32::MAX)), 0);
        }
    }
}

/// Checks all functions. Those that hold the values of constants and defaults come last.
pub(super) fn functions(cx: &mut Cx<'_>) -> Vec<Function> {
    let world = cx.world;
    let mut functions = Vec::with_capacity(world.functions.len() + cx.hidden.len());
    for (at, signature) in world.functions.iter().enumerate() {
        let (locals, body) = match signature.body {
            SignatureBody::Native => {
                let key = native_key(cx, signature);
                (param_locals(&signature.params), typed::Body::Native(key))
            }
            SignatureBody::Block(block) => function(cx, FnId::new(at), signature, block),
        };
        functions.push(Function {
            module: signature.module,
            name: signature.display.clone(),
            generics: signature.generics.clone(),
            params: (0..signature.params.len()).map(LocalId::new).collect(),
            locals,
            result: signature.result,
            body,
            public: signature.public,
            span: signature.span,
        });
    }
    functions.append(&mut cx.hidden);
    functions
}

fn param_locals(params: &[ParamSignature]) -> Vec<Local> {
    let locals = params.iter().map(|param| Local {
        name: param.name.clone(),
        ty: param.ty,
        mutability: Mutability::Let,
        span: param.span,
    });
    locals.collect()
}

/// The name under which lowering knows a native function.
fn native_key(cx: &Cx<'_>, signature: &Signature<'_>) -> Name {
    if signature.module == PRELUDE_ID {
        return signature.display.clone();
    }
    let path = &cx.world.parsed[signature.module.index()].path;
    format!("{path}.{}", signature.display).into()
}

fn function(
    cx: &mut Cx<'_>,
    id: FnId,
    signature: &Signature<'_>,
    block: &Block,
) -> (Vec<Local>, typed::Body) {
    let mut body = Body::new(cx, signature.module, signature.generics.clone());
    body.function = Some(id);
    body.user = Some(Item::Fn(id));
    body.self_ty = signature.owner;
    let (declared, text) = match signature.result_span {
        Some(span) => (span, "the result type is declared here"),
        None => (
            signature.span,
            "no result type is declared: `-> ..` says it",
        ),
    };
    body.open_frame(
        FrameKind::Function,
        signature.result,
        Some((declared, text)),
    );
    let mark = body.open_scope();
    for param in &signature.params {
        let kind = match &*param.name {
            "self" => LocalKind::Receiver,
            _ => LocalKind::Param,
        };
        let name = Ident::new(param.name.clone(), param.span);
        let local = body.local(&name, param.ty, Mutability::Let, kind);
        body.bring_into_scope(&name.name, local);
    }
    let why = Why::At(body.file, declared, text);
    let mut expr = body.block(block, Want::Type(signature.result, why));
    expr = body.coerce(expr, signature.result, why);
    body.close_scope(mark);
    let (locals, _) = body.finish(&mut expr);
    (locals, typed::Body::Typed(expr))
}
