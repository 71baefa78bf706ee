//! Choosing one of several functions of a name, as the prelude may declare them.

use super::arguments::Given;
use super::body::{Body, Want};
use super::collect::ParamSignature;
use super::unify::Cause;
use crate::ast::{Arg, Ident, Span};
use crate::diagnostic::code;
use crate::typed::{Expr, FnId, Ty};

impl Body<'_, '_> {
    /// Calls the one of several functions that the arguments fit.
    pub(super) fn choose(
        &mut self,
        candidates: &[FnId],
        name: &Ident,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> Expr {
        let mut fitting = candidates.to_vec();
        fitting.retain(|id| self.fits_shape(*id, args));
        if fitting.is_empty() {
            self.none_fits(candidates, name, "with arguments of these names and number");
            self.infer_all(args);
            return self.error_expr(span);
        }
        // The first arguments choose, so that the others know what is wanted of them.
        let mut values = Vec::new();
        for arg in args {
            if fitting.len() == 1 {
                break;
            }
            values.push(Some(self.infer(&arg.value, Want::Anything)));
            fitting.retain(|id| self.fits_types(*id, args, &values));
        }
        let Some(one) = fitting.first() else {
            self.none_fits(candidates, name, "with arguments of these types");
            return self.error_expr(span);
        };
        let given = Given {
            receiver: None,
            args,
            values,
        };
        self.call_function(*one, given, name.span, span, want)
    }

    fn fits_shape(&self, function: FnId, args: &[Arg]) -> bool {
        let params = &self.world.function(function).params;
        let Some(slots) = slots_of(params, args) else {
            return false;
        };
        params
            .iter()
            .enumerate()
            .all(|(at, param)| param.default.is_some() || slots.contains(&at))
    }

    fn fits_types(&mut self, function: FnId, args: &[Arg], values: &[Option<Expr>]) -> bool {
        let signature = self.world.function(function);
        let mark = self.infer.mark();
        let generics = signature.generics.iter();
        let unknown = generics.map(|generic| Cause::Generic {
            name: generic.name.clone(),
            of: signature.name.clone(),
        });
        let unknown: Vec<Ty> = unknown
            .map(|cause| self.fresh(signature.span, cause))
            .collect();
        let mut fits = true;
        let slots = slots_of(&signature.params, args).unwrap_or_default();
        for (slot, value) in slots.into_iter().zip(values) {
            let Some(value) = value else {
                continue;
            };
            let ty = self.substitute(signature.params[slot].ty, &unknown);
            fits &= value.ty == Ty::NEVER || self.infer.unify(self.cx.types, ty, value.ty).is_ok();
        }
        self.infer.roll_back(mark);
        fits
    }

    fn none_fits(&mut self, candidates: &[FnId], name: &Ident, how: &str) {
        let message = format!("no `{name}` can be called {how}");
        let mut error = self.error(code::NO_OVERLOAD, name.span, message);
        for id in candidates {
            let text = self.header(*id);
            error = error.note(format!("there is `{text}`"));
        }
        self.report(error);
    }

    /// A function's parameters and result as declared.
    fn header(&self, function: FnId) -> String {
        let signature = self.world.function(function);
        let show = |ty| {
            self.cx
                .types
                .show(ty, &self.world.adts, &signature.generics)
        };
        let params = signature.params.iter().map(|param| {
            let default = if param.default.is_some() { " = .." } else { "" };
            format!("{}: {}{default}", param.name, show(param.ty))
        });
        let params: Vec<String> = params.collect();
        let result = match signature.result {
            Ty::UNIT => String::new(),
            result => format!(" -> {}", show(result)),
        };
        format!("{}({}){result}", signature.name, params.join(", "))
    }
}

/// For each argument the parameter it is for; `None`: for some there is none.
fn slots_of(params: &[ParamSignature], args: &[Arg]) -> Option<Vec<usize>> {
    let mut slots = Vec::with_capacity(args.len());
    for arg in args {
        let slot = match &arg.name {
            Some(name) => params.iter().position(|param| param.name == name.name)?,
            None => (0..params.len()).find(|slot| !slots.contains(slot))?,
        };
        if slots.contains(&slot) {
            return None;
        }
        slots.push(slot);
    }
    Some(slots)
}
