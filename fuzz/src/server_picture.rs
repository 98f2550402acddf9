//! Pictures: what is stored of a file can be rendered again, and is small; what is removed from a file is removed at once.

use fbchatd::fuzzing;

pub fn run(data: &[u8]) {
    if let Some(picture) = fuzzing::picture(data) {
        assert!(picture.len() <= 1 << 20);
        assert!(fuzzing::picture(&picture).is_some());
    }
    if let Some(cleaned) = fuzzing::cleaned_picture(data) {
        assert_eq!(fuzzing::cleaned_picture(&cleaned), Some(cleaned));
    }
}
