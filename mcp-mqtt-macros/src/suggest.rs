//! Which known word was meant by an unknown one.

/// The known word nearest to `unknown`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = unknown.to_ascii_lowercase();
    let allowed = (unknown.chars().count() / 3).max(1);
    let by_distance = known
        .iter()
        .map(|word| (strsim::osa_distance(&unknown, word), *word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word);
    // `callers` for `allowed_callers`, `desc` for `description`
    let by_part = || {
        known
            .iter()
            .copied()
            .find(|word| unknown.len() > 3 && word.contains(&unknown))
    };
    by_distance.or_else(by_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name", "description", "allowed_callers", "read_only"];

    #[test]
    fn a_slip_finds_its_word() {
        for (slip, word) in [
            ("nmae", "name"),
            ("Name", "name"),
            ("descripton", "description"),
            ("readonly", "read_only"),
            ("alowed_caller", "allowed_callers"),
        ] {
            assert_eq!(nearest(slip, KNOWN), Some(word), "{slip}");
        }
    }

    #[test]
    fn a_part_of_four_letters_finds_its_word() {
        assert_eq!(nearest("callers", KNOWN), Some("allowed_callers"));
        assert_eq!(nearest("desc", KNOWN), Some("description"));
    }

    #[test]
    fn other_words_find_nothing() {
        for other in ["password", "x", "retry", "ed", ""] {
            assert_eq!(nearest(other, KNOWN), None, "{other}");
        }
    }
}
