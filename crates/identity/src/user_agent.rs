//! Which browser on which system, in two words that a person recognises in a list.
//!
//! The header is whatever the other side chose to send. Nothing of it comes out of here: each name
//! is one of ours.

use woothee::parser::Parser;

/// Longer headers are cut: what tells the browser stands in front of that.
const MAX_CHARS: usize = 512;

/// What sent a request, as far as it told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Such as `Firefox`.
    pub browser: Option<&'static str>,
    /// Such as `Linux`.
    pub system: Option<&'static str>,
}

/// Reads a `User-Agent` header (RFC 9110 §10.1.5).
pub fn describe(user_agent: &str) -> Device {
    let header: String = user_agent.chars().take(MAX_CHARS).collect();
    // ChromeOS and Android call themselves Linux too; the parser knows.
    let parsed = Parser::new().parse(&header).unwrap_or_default();
    Device { browser: browser(parsed.name), system: system(parsed.os) }
}

fn browser(name: &str) -> Option<&'static str> {
    Some(match name {
        "Chrome" => "Chrome",
        "Edge" => "Edge",
        "Firefox" => "Firefox",
        "Internet Explorer" => "Internet Explorer",
        "Opera" => "Opera",
        "Safari" => "Safari",
        "SamsungBrowser" => "Samsung Internet",
        "Vivaldi" => "Vivaldi",
        "Yandex Browser" => "Yandex Browser",
        _ => return None,
    })
}

fn system(os: &str) -> Option<&'static str> {
    Some(match os {
        "Android" => "Android",
        "BSD" => "BSD",
        "ChromeOS" => "ChromeOS",
        "Linux" => "Linux",
        "Mac OSX" => "macOS",
        "iPad" => "iPad",
        "iPhone" => "iPhone",
        "iPod" => "iPod",
        // Browsers say "Windows NT 10.0" on Windows 11 too: the number would mislead.
        windows if windows.starts_with("Windows") => "Windows",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
    const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
    const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0";

    fn assert_is(header: &str, browser: Option<&str>, system: Option<&str>) {
        let device = describe(header);
        assert_eq!((device.browser, device.system), (browser, system), "{header}");
    }

    #[test]
    fn todays_browsers_are_known() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)";
        let safari = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let android = "Mozilla/5.0 (Linux; Android 10; K)";
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0".to_owned(),
                "Firefox",
                "Linux",
            ),
            (
                "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0".to_owned(),
                "Firefox",
                "Android",
            ),
            (format!("{WINDOWS} {CHROME} Safari/537.36"), "Chrome", "Windows"),
            (format!("{WINDOWS} {CHROME} Safari/537.36 Edg/149.0.0.0"), "Edge", "Windows"),
            (format!("{WINDOWS} {CHROME} Safari/537.36 OPR/130.0.0.0"), "Opera", "Windows"),
            (format!("{MAC} {CHROME} Safari/537.36"), "Chrome", "macOS"),
            (format!("{MAC} {safari} Version/26.0 Safari/605.1.15"), "Safari", "macOS"),
            (
                format!("{iphone} {safari} Version/26.0 Mobile/15E148 Safari/604.1"),
                "Safari",
                "iPhone",
            ),
            (
                format!("{iphone} {safari} CriOS/149.0.0.0 Mobile/15E148 Safari/604.1"),
                "Chrome",
                "iPhone",
            ),
            (
                format!("{iphone} {safari} FxiOS/150.0 Mobile/15E148 Safari/605.1.15"),
                "Firefox",
                "iPhone",
            ),
            (format!("{android} {CHROME} Mobile Safari/537.36"), "Chrome", "Android"),
            (
                format!(
                    "{android} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 \
                Chrome/136.0.0.0 Mobile Safari/537.36"
                ),
                "Samsung Internet",
                "Android",
            ),
            (
                format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36"),
                "Chrome",
                "ChromeOS",
            ),
            (
                format!("Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 Vivaldi/7.5"),
                "Vivaldi",
                "Linux",
            ),
        ];
        for (header, browser, system) in cases {
            assert_is(&header, Some(browser), Some(system));
        }
    }

    #[test]
    fn what_is_no_browser_has_no_name() {
        for header in ["", "-", "curl/8.14.1", "Googlebot/2.1", "Java/21", "\u{0}\u{1}"] {
            assert_is(header, None, None);
        }
    }

    #[test]
    fn nothing_of_a_hostile_header_comes_out() {
        assert_is("<script>alert(1)</script> Firefox/1.0", Some("Firefox"), None);
        assert_is("DoCoMo/2.0 <b>x</b>(c100)", None, None);
        assert_is("Mozilla/5.0 (Windows <b>; x)", None, Some("Windows"));
    }

    #[test]
    fn a_long_header_is_cut_and_not_between_bytes() {
        let long = format!("{WINDOWS} {CHROME} Safari/537.36 {}", "é".repeat(100_000));
        assert_is(&long, Some("Chrome"), Some("Windows"));
        assert_is(&format!("{} Firefox/150.0", "x".repeat(512)), None, None);
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(
            header in ".{0,80}",
            token in "(Firefox|Chrome|Version|MSIE|Trident|Windows|Android|DoCoMo)?",
        ) {
            let _ = describe(&format!("{header}{token}/{header}"));
        }
    }
}
