//! What people type of themselves, made uniform: e-mail addresses, mobile numbers, names, languages. Pure.

use super::IdentityError;

const EMAIL_MAX: usize = 254;
const LOCAL_MAX: usize = 64;
const TEXT_MAX: usize = 100;
const TAG_MAX: usize = 35;

/// The address as it is stored and compared: in lower case, without space around it.
///
/// # Errors
/// It is none that a message could be sent to.
pub fn email(text: &str) -> Result<String, IdentityError> {
    let text = text.trim().to_ascii_lowercase();
    let (local, host) = text.split_once('@').ok_or(IdentityError::EmailInvalid)?;
    let atom = |c: u8| c.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&c);
    let name = (1..=LOCAL_MAX).contains(&local.len())
        && local.bytes().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let named = host.contains('.') && host.split('.').all(label);
    if name && named && text.len() <= EMAIL_MAX { Ok(text) } else { Err(IdentityError::EmailInvalid) }
}

/// The number in the form of E.164; ten digits are one of India.
///
/// # Errors
/// It is none.
pub fn phone(text: &str) -> Result<String, IdentityError> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let (international, digits) = match plain.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, plain.as_str()),
    };
    if text.len() > 40 || digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(IdentityError::PhoneInvalid);
    }
    let mobile_of_india = |number: &str| number.len() == 10 && number.starts_with(['6', '7', '8', '9']);
    match (international, digits.strip_prefix("91")) {
        (true, Some(number)) if mobile_of_india(number) => Ok(format!("+{digits}")),
        (true, None) if (8..=15).contains(&digits.len()) && !digits.starts_with('0') => {
            Ok(format!("+{digits}"))
        }
        (false, _) if mobile_of_india(digits) => Ok(format!("+91{digits}")),
        _ => Err(IdentityError::PhoneInvalid),
    }
}

/// What a person is called.
///
/// # Errors
/// Nothing, or too much.
pub fn name(text: &str) -> Result<String, IdentityError> {
    line(text).ok_or(IdentityError::NameInvalid)
}

/// What a person calls a device or a token; nothing at all is allowed of a device.
///
/// # Errors
/// Too much.
pub fn device(text: &str) -> Result<String, IdentityError> {
    if text.trim().is_empty() { Ok(String::new()) } else { line(text).ok_or(IdentityError::DeviceInvalid) }
}

/// A tag of BCP 47, by its form.
///
/// # Errors
/// Another form.
pub fn language(text: &str) -> Result<String, IdentityError> {
    let mut parts = text.split('-');
    let primary = parts
        .next()
        .is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphabetic()));
    let rest =
        parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric()));
    if primary && rest && text.len() <= TAG_MAX {
        Ok(text.to_owned())
    } else {
        Err(IdentityError::LanguageInvalid)
    }
}

/// A virtual payment address of UPI, by its form.
///
/// # Errors
/// Another form.
pub fn payment_address(text: &str) -> Result<String, IdentityError> {
    let text = text.trim();
    let fits = |part: &str, more: &[u8]| {
        (2..=64).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
    };
    match text.split_once('@') {
        Some((name, bank)) if fits(name, b".-_") && fits(bank, b".-") => Ok(text.to_owned()),
        _ => Err(IdentityError::PayoutInvalid),
    }
}

fn line(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=TEXT_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_uniform() {
        assert_eq!(email(" Asha.Rao+solar@Example.CO.in ").unwrap(), "asha.rao+solar@example.co.in");
        let long = format!("{}@example.com", "a".repeat(65));
        for wrong in [
            "",
            "asha",
            "@example.com",
            "asha@",
            "asha@example",
            "a b@example.com",
            "a@b@example.com",
            ".a@example.com",
            "a..b@example.com",
            "asha@-x.com",
            "asha@example..com",
            "asha@exa_mple.com",
            "asha\r\nBcc: x@example.com",
            "\"a\"@example.com",
            "आशा@example.com",
            "a,b@example.com",
            "<a@example.com>",
            &long,
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_made_uniform() {
        for same in ["98100 12345", "+91 98100-12345", "+919810012345", "(98100)12345"] {
            assert_eq!(phone(same).unwrap(), "+919810012345", "{same}");
        }
        assert_eq!(phone("+4915112345678").unwrap(), "+4915112345678");
        for wrong in [
            "",
            "+",
            "12345",
            "1234567890",
            "+911234567890",
            "+91981001234",
            "+0123456789",
            "98100 1234x",
            "+1234567890123456",
            "９８１００１２３４５",
            "98100\n12345",
        ] {
            assert!(phone(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_languages_and_payment_addresses() {
        assert_eq!(name("  Asha Rao ").unwrap(), "Asha Rao");
        assert!(name(" ").is_err() && name("a\u{7}").is_err() && name(&"x".repeat(101)).is_err());
        assert_eq!(device(" ").unwrap(), "");
        assert!(["en", "hi-IN", "sr-Latn-RS"].iter().all(|tag| language(tag).is_ok()));
        assert!(["", "e", "english", "en_IN", "en-", "en-\u{e9}"].iter().all(|tag| language(tag).is_err()));
        assert!(payment_address("asha.rao@okbank").is_ok());
        assert!(["asha", "a@b", "asha@ok bank", "@bank"].iter().all(|text| payment_address(text).is_err()));
    }
}
