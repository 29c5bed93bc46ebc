//! Random bytes from the operating system, for ids that nobody may guess.

/// `N` random bytes.
///
/// # Errors
///
/// When the operating system gives none: then nothing that is to be secret can be made.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// `N` random bytes as lower-case hexadecimal digits.
///
/// # Errors
///
/// As [`bytes`].
pub(crate) fn hex<const N: usize>() -> Result<String, getrandom::Error> {
    use std::fmt::Write as _;
    let bytes = bytes::<N>()?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Digits that tell this process from others, random if the operating system gives random numbers:
/// for names that need not be secret.
pub(crate) fn suffix() -> String {
    hex::<6>().unwrap_or_else(|_| std::process::id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_two_for_each_byte_and_never_the_same() {
        let (one, two) = (hex::<16>().unwrap(), hex::<16>().unwrap());
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(one, two);
    }
}
