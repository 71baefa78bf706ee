//! What the loop looks at with every operation: the next one, and the registers of the innermost
//! frame. Neither access is checked, so there is unsafe code here.
//!
//! **Invariants**, which hold for every program that linked, since linking takes verified bricks:
//! - a register of an operation is below the number of registers of its function, or in the
//!   [`SLACK`] behind them;
//! - each block of a function ends with an operation that leaves it, and a place to jump to is the
//!   first operation of a block of the same function; a fused operation is followed by the one
//!   behind the last that it stands for, which is in the same block;
//! - a call goes to the first operation of a function, and a frame's program counter is in its
//!   function, for restored frames too.
//!
//! And of the stack: [`Stack::regs`] reaches [`SLACK`] words beyond the last register of every
//! frame. A window is made again after everything that could move it.
//!
//! With debug assertions each access is checked.

#![expect(
    unsafe_code,
    reason = "checking each register and program counter again takes a third of the loop's time"
)]

use std::marker::PhantomData;

use crate::op::{Code, Pc, R};
use crate::stack::{SLACK, Stack};

#[derive(Clone, Copy)]
pub(super) struct Window<'p> {
    /// The first operation of the program, and the next one.
    first: *const Code,
    next: *const Code,
    /// The first register of the innermost frame.
    regs: *mut u64,
    #[cfg(debug_assertions)]
    code_len: usize,
    #[cfg(debug_assertions)]
    regs_len: usize,
    program: PhantomData<&'p [Code]>,
}

impl<'p> Window<'p> {
    /// `pc` is that of the innermost frame, whose registers begin at `base`.
    pub(super) fn new(code: &'p [Code], pc: Pc, stack: &mut Stack, base: usize) -> Self {
        assert!(pc.index() < code.len());
        let mut window = Window {
            first: code.as_ptr(),
            next: code.as_ptr(),
            regs: std::ptr::null_mut(),
            #[cfg(debug_assertions)]
            code_len: code.len(),
            #[cfg(debug_assertions)]
            regs_len: 0,
            program: PhantomData,
        };
        window.enter(stack, base);
        window.jump(pc);
        window
    }

    /// Looks at the frame whose registers begin at `base`.
    #[inline(always)]
    pub(super) fn enter(&mut self, stack: &mut Stack, base: usize) {
        debug_assert!(base + SLACK <= stack.regs.len());
        #[cfg(debug_assertions)]
        {
            self.regs_len = stack.regs.len() - base;
        }
        // SAFETY: a frame's registers begin within the stack's.
        self.regs = unsafe { stack.regs.as_mut_ptr().add(base) };
    }

    /// The next operation.
    #[inline(always)]
    pub(super) fn code(&self) -> &'p Code {
        // SAFETY: the program outlives the window, and `next` is one of its operations.
        unsafe { &*self.next }
    }

    /// The operation of a frame that waits for a call.
    #[inline(always)]
    pub(super) fn code_at(&self, pc: Pc) -> &'p Code {
        // SAFETY: the program outlives the window.
        unsafe { &*self.place(pc) }
    }

    /// A pointer that may be moved on to other operations, as one made of a reference may not.
    #[inline(always)]
    fn place(&self, pc: Pc) -> *const Code {
        #[cfg(debug_assertions)]
        assert!(pc.index() < self.code_len);
        // SAFETY: a program counter is in its function.
        unsafe { self.first.add(pc.index()) }
    }

    #[inline(always)]
    pub(super) fn pc(&self) -> Pc {
        let bytes = self.next as usize - self.first as usize;
        Pc((bytes / size_of::<Code>()) as u32)
    }

    #[inline(always)]
    pub(super) fn jump(&mut self, to: Pc) {
        self.next = self.place(to);
    }

    /// Goes on behind `count` operations of the same block.
    #[inline(always)]
    pub(super) fn step(&mut self, count: usize) {
        #[cfg(debug_assertions)]
        assert!(self.pc().index() + count < self.code_len);
        // SAFETY: what ends a block is not stepped over.
        self.next = unsafe { self.next.add(count) };
    }

    #[inline(always)]
    pub(super) fn get(&self, reg: R) -> u64 {
        #[cfg(debug_assertions)]
        assert!(usize::from(reg) < self.regs_len);
        // SAFETY: a register of the frame, or of the slack behind it.
        unsafe { *self.regs.add(usize::from(reg)) }
    }

    #[inline(always)]
    pub(super) fn set(&mut self, reg: R, word: u64) {
        #[cfg(debug_assertions)]
        assert!(usize::from(reg) < self.regs_len);
        // SAFETY: as above.
        unsafe { *self.regs.add(usize::from(reg)) = word }
    }
}
