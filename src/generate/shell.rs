//! Texts in a shell command. A variable in a text is written with a mark of its own, so that it is
//! told from a dollar sign that belongs to the text.

/// Stands for the dollar sign of a variable.
const MARK: char = '\u{e000}';
/// Stands on both sides of a command whose output is a number.
const NUMBER: char = '\u{e001}';

/// A variable, to be put into a text.
pub fn variable(name: &str) -> String {
    format!("{MARK}{{{name}}}")
}

/// The time in so many seconds as a number, to be put into a request.
pub fn date(seconds: u64) -> String {
    format!("{NUMBER}(date -d '+{seconds} seconds' +%s){NUMBER}")
}

/// One word of a command.
pub fn quoted(text: &str) -> String {
    // In JSON a number has no quotes.
    let text = text.replace(&format!("\"{NUMBER}("), &format!("{MARK}(")).replace(&format!("){NUMBER}\""), ")");
    let text = text.replace(&format!("{NUMBER}("), &format!("{MARK}(")).replace(&format!("){NUMBER}"), ")");
    if text.contains(MARK) {
        let mut out = String::from("\"");
        for c in text.chars() {
            if matches!(c, '\\' | '"' | '$' | '`') {
                out.push('\\');
            }
            out.push(if c == MARK { '$' } else { c });
        }
        return out + "\"";
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.:@+=,-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_and_only_variables_are_filled_in() {
        assert_eq!(quoted("us-east-1"), "us-east-1");
        assert_eq!(quoted("it's $5"), r"'it'\''s $5'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted(&format!("$5 \"{}\"", variable("k_id"))), r#""\$5 \"${k_id}\"""#);
        assert_eq!(
            quoted(&format!("{{\"ValidTo\":\"{}\"}}", date(60))),
            r#""{\"ValidTo\":$(date -d '+60 seconds' +%s)}""#
        );
        assert_eq!(quoted(&date(60)), "\"$(date -d '+60 seconds' +%s)\"");
    }
}
