//! Which known word was meant by an unknown one.

/// The known word nearest to `unknown`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = unknown.to_ascii_lowercase();
    let allowed = (unknown.chars().count() / 3).max(1);
    let by_distance = known
        .iter()
        .map(|word| (distance(&unknown, word), *word))
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

/// How many letters must be added, dropped, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
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

    #[test]
    fn a_swap_counts_once() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
