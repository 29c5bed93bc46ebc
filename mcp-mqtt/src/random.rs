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
    Ok(digits(&bytes::<N>()?))
}

/// Bytes as lower-case hexadecimal digits. Without the machinery of formatting, which would take most of the time that an id takes.
pub(crate) fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    text
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
    fn digits_are_those_of_the_bytes_in_their_order() {
        assert_eq!(digits(&[0x00, 0x09, 0xaf, 0xff]), "0009afff");
    }

    #[test]
    fn hexadecimal_digits_are_two_for_each_byte_and_never_the_same() {
        let (one, two) = (hex::<16>().unwrap(), hex::<16>().unwrap());
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(one, two);
    }
}
