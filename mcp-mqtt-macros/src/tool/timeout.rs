//! `timeout = "30s"`.

use syn::{Lit, LitStr};

use crate::errors::Errors;
use crate::keys::Key;

/// The duration in milliseconds.
pub(super) fn millis(key: &Key, errors: &mut Errors) -> Option<u64> {
    const WHAT: &str = "`timeout` must be a duration such as `\"30s\"` or `\"500ms\"`";
    let Some(value) = &key.value else {
        key.text(errors); // says that it needs a value
        return None;
    };
    match syn::parse2::<LitStr>(value.clone()) {
        Ok(text) => {
            let millis = parse(&text.value());
            if millis.is_none() {
                errors.at(&text, format_args!("{WHAT}{}", help(&text.value())));
            }
            millis
        }
        // `30s` is a number with a suffix to the compiler.
        Err(_) => {
            match syn::parse2::<Lit>(value.clone()) {
                Ok(number) => {
                    let text = quote::ToTokens::to_token_stream(&number).to_string();
                    errors.at(&number, format_args!("{WHAT}{}", help(&text)));
                }
                Err(_) => drop(key.text(errors)),
            }
            None
        }
    }
}

fn help(text: &str) -> String {
    let text = text.trim();
    if parse(text).is_some() {
        format!("\nhelp: write `\"{text}\"`")
    } else if text.parse::<u64>().is_ok_and(|n| n > 0) {
        format!("\nhelp: write `\"{text}s\"` for seconds or `\"{text}ms\"` for milliseconds")
    } else {
        "\nnote: units are `ms`, `s`, `m` and `h`; the shortest is `\"1ms\"`".to_owned()
    }
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)
        .filter(|millis| *millis > 0)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_number_and_a_unit_is_a_duration() {
        assert_eq!(parse("500ms"), Some(500));
        assert_eq!(parse("30s"), Some(30_000));
        assert_eq!(parse("2m"), Some(120_000));
        assert_eq!(parse("1h"), Some(3_600_000));
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "s",
            "30",
            "0s",
            "-1s",
            "1.5s",
            "1 s",
            "1d",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
