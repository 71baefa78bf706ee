//! Calls of functions, closures and natives, and `spawn`.

use sm_bytecode::{FuncRef, Inst, Reg, TrapKind};

use super::function::{Diverges, FnLower, Lowered, Want};
use super::natives::{self, NativeCall};
use crate::typed::{Body, Expr, ExprKind, FnId, Name, Ty, TyKind};

impl<'p> FnLower<'_, 'p> {
    pub(crate) fn calling(&mut self, expr: &'p Expr, want: Want<'_>) -> Lowered<Vec<Reg>> {
        match &expr.kind {
            ExprKind::FnValue {
                function,
                type_args,
            } => {
                let func = self.callee(*function, type_args);
                let ty = self.ty(expr.ty);
                let dst = self.dest(ty, want);
                self.emit(Inst::ClosureNew {
                    dst: dst[0],
                    func,
                    captures: [].into(),
                });
                Ok(dst)
            }
            ExprKind::Call {
                function,
                type_args,
                args,
            } => {
                let values = self.values(args)?;
                match &self.cx.program.function(*function).body {
                    Body::Native(key) => self.call_native(key, args, values, expr.ty, want),
                    Body::Typed(_) => {
                        let func = self.callee(*function, type_args);
                        let args = values.concat().into();
                        self.call_with(expr.ty, want, |dsts| Inst::Call { dsts, func, args })
                    }
                }
            }
            ExprKind::CallValue { callee, args } => {
                let mut values = self.values(std::iter::once(&**callee).chain(args))?;
                let closure = values.remove(0)[0];
                let args = values.concat().into();
                self.call_with(expr.ty, want, |dsts| Inst::CallClosure {
                    dsts,
                    closure,
                    args,
                })
            }
            ExprKind::Spawn {
                function,
                type_args,
                args,
            } => {
                let args = self.values(args)?.concat().into();
                let func = self.callee(*function, type_args);
                let dst = self.dest(Ty::ID, want);
                self.emit(Inst::Spawn {
                    dst: dst[0],
                    func,
                    args,
                });
                Ok(dst)
            }
            _ => Err(Diverges),
        }
    }

    /// Emits a call with destinations for a result of type `ty`.
    fn call_with(
        &mut self,
        ty: Ty,
        want: Want<'_>,
        make: impl FnOnce(Box<[Reg]>) -> Inst,
    ) -> Lowered<Vec<Reg>> {
        let ty = self.ty(ty);
        if ty == Ty::NEVER {
            self.emit(make([].into()));
            self.code.end(Inst::Trap {
                kind: TrapKind::Unreachable,
            });
            return Err(Diverges);
        }
        let dst = self.dest(ty, want);
        self.emit(make(dst.as_slice().into()));
        Ok(dst)
    }

    /// A function of the program, by its place among the functions that this unit calls.
    fn callee(&mut self, function: FnId, type_args: &[Ty]) -> FuncRef {
        let args = self.tys(type_args);
        let instance = self
            .cx
            .instance(function, args, self.module(), self.code.span());
        self.unit.call(instance)
    }

    fn call_native(
        &mut self,
        key: &Name,
        args: &'p [Expr],
        values: Vec<Vec<Reg>>,
        result: Ty,
        want: Want<'_>,
    ) -> Lowered<Vec<Reg>> {
        let types = args.iter().map(|arg| self.ty(arg.ty)).collect();
        let result = self.ty(result);
        natives::emit(
            self,
            key,
            NativeCall {
                args: values,
                types,
                result,
                want,
            },
        )
    }

    /// The body of a native function as a value: the instruction, applied to the parameters.
    pub(crate) fn function_body(&mut self, id: FnId) -> Lowered<Vec<Reg>> {
        let function = self.cx.program.function(id);
        let key = match &function.body {
            Body::Typed(body) => return self.value(body),
            Body::Native(key) => key,
        };
        let args = function
            .params
            .iter()
            .map(|param| self.local(*param).to_vec())
            .collect();
        let types = function
            .params
            .iter()
            .map(|param| self.local_ty(*param))
            .collect();
        let result = self.result;
        natives::emit(
            self,
            key,
            NativeCall {
                args,
                types,
                result,
                want: None,
            },
        )
    }

    /// The value type of a map.
    pub(crate) fn value_of(&self, ty: Ty) -> Ty {
        match *self.cx.layout.types.get(ty) {
            TyKind::Map(_, value) => value,
            _ => Ty::UNIT,
        }
    }
}
