//! Enums that C programs see. One table gives the Rust type, the names of its C constants, and what the header says of them.

#![forbid(unsafe_code)]

/// An enum as the header shows it; `tests/c_api/generator.rs` writes it.
#[derive(Clone, Copy, Debug)]
pub struct CEnum {
    /// The tag in C.
    pub tag: &'static str,
    /// The lines of its comment.
    pub doc: &'static [&'static str],
    /// Its constants, in order.
    pub values: &'static [CValue],
}

/// One constant of a [`CEnum`].
#[derive(Clone, Copy, Debug)]
pub struct CValue {
    /// The name in C.
    pub name: &'static str,
    /// Its number.
    pub number: i32,
    /// The lines of its comment.
    pub doc: &'static [&'static str],
}

/// Declares an enum by its table: `Variant = number => NAME_IN_C`. The numbers are append-only once they are released.
macro_rules! c_enum {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident as $tag:ident {
            $($(#[doc = $doc:literal])+ $variant:ident = $number:expr => $c_name:ident,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant = $number,)+
        }

        impl $name {
            /// Every value, in the order of the header.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// How the header shows it.
            #[doc(hidden)]
            pub const HEADER: $crate::c_enum::CEnum = $crate::c_enum::CEnum {
                tag: stringify!($tag),
                doc: &[$($about),+],
                values: &[$($crate::c_enum::CValue {
                    name: stringify!($c_name),
                    number: Self::$variant.code(),
                    doc: &[$($doc),+],
                }),+],
            };

            /// The number in the header.
            pub const fn code(self) -> i32 {
                self as i32
            }

            /// The value with this number, if there is one.
            pub fn from_code(code: i32) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }

            /// The name of its constant in the header.
            pub const fn c_name(self) -> &'static std::ffi::CStr {
                const fn checked(name: &'static str) -> &'static std::ffi::CStr {
                    match std::ffi::CStr::from_bytes_with_nul(name.as_bytes()) {
                        Ok(name) => name,
                        Err(_) => panic!("the name of a constant has no NUL"),
                    }
                }
                match self {
                    $(Self::$variant => const { checked(concat!(stringify!($c_name), "\0")) },)+
                }
            }
        }

        /// The constants under their C names.
        #[doc(hidden)]
        pub mod $tag {
            $(pub const $c_name: i32 = super::$name::$variant.code();)+
        }
    };
}
