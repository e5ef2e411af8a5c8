//! What calls and keys cost on AWS, by its list prices (F-141).

/// USD a month for each key and each replica.
const KEY_A_MONTH: f64 = 1.0;
/// Hours of a month, as AWS counts them.
const HOURS: f64 = 730.0;
/// USD for a request: 0.03 for 10,000.
const REQUEST: f64 = 0.03 / 10_000.0;

/// The list price in USD of keys that live for some begun hours (a key that is pending deletion costs nothing), and of requests.
pub fn list_price(keys: u64, hours: u64, requests: u64) -> f64 {
    (keys * hours) as f64 * KEY_A_MONTH / HOURS + requests as f64 * REQUEST
}

#[cfg(test)]
mod tests {
    use super::list_price;

    #[test]
    fn a_key_for_a_month_and_ten_thousand_requests() {
        assert!((list_price(1, 730, 0) - 1.0).abs() < 1e-9);
        assert!((list_price(0, 1, 10_000) - 0.03).abs() < 1e-9);
    }
}
