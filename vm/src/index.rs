//! Indices into the tables of a linked program, aligned to two bytes so that an operation of the
//! interpreter has room for them.

macro_rules! indices {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(Rust, packed(2))]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            #[inline]
            pub(crate) const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

indices! {
    /// A type of the program, whatever groups it appears in.
    TypeId;
    /// A function of the program.
    FuncId;
    /// Text or bytes of the program.
    ConstId;
    /// A tag declaration of the program.
    TagId;
}
