//! The only function that the header does not declare.

/// Makes the library panic at the place of this number, see `crate::injection`.
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_inject_fault(place: i32) {
    crate::injection::arm(place);
}
