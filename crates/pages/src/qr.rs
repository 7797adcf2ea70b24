//! QR codes (ISO/IEC 18004) drawn on the server: no script, no image file, nothing to fetch.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, without which readers do not find it.
const QUIET_ZONE: usize = 4;
/// Pixels of a module where no style sheet says otherwise.
const PIXELS: usize = 4;

/// More text than a QR code can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// `text` as an SVG image that reads as `label` aloud; error correction M. Dark on white in every
/// colour scheme, because many readers take no inverted codes. It holds a secret if `text` does.
///
/// # Errors
/// [`TooLong`] above 2331 bytes.
pub fn svg(text: &str, label: &str) -> Result<String, TooLong> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooLong)?;
    let side = code.width() + 2 * QUIET_ZONE;
    let pixels = side * PIXELS;
    Ok(format!(
        r##"<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{pixels}" height="{pixels}" role="img" aria-label="{label}" shape-rendering="crispEdges"><rect class="qr-light" width="{side}" height="{side}" fill="#fff"/><path class="qr-dark" fill="#000" d="{path}"/></svg>"##,
        label = escaped(label),
        path = path(&code.to_colors(), code.width()),
    ))
}

/// Each run of dark modules in a row as one rectangle.
fn path(modules: &[Color], width: usize) -> String {
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|left, right| left == right) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, length) = (x + QUIET_ZONE, y + QUIET_ZONE, run.len());
                // Writing to a String cannot fail.
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    path
}

/// For an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "otpauth://totp/Example%20ID:ana%40example.org\
        ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20ID&algorithm=SHA1&digits=6&period=30";

    /// What an attribute of the first element named `element` says.
    fn attribute<'a>(svg: &'a str, element: &str, name: &str) -> &'a str {
        let (_, tag) = svg.split_once(&format!("<{element} ")).unwrap();
        let (_, value) = tag.split_once(&format!(" {name}=\"")).unwrap();
        value.split_once('"').unwrap().0
    }

    /// The picture as a reader sees it: rows of dark or light, quiet zone included.
    fn rasterised(svg: &str) -> Vec<Vec<bool>> {
        let side: usize = attribute(svg, "rect", "width").parse().unwrap();
        let mut picture = vec![vec![false; side]; side];
        for run in attribute(svg, "path", "d").split_terminator('z') {
            let numbers: Vec<usize> = run
                .split(['M', ' ', 'h', 'v', '-'])
                .filter_map(|number| number.parse().ok())
                .collect();
            let [x, y, length, 1, back] = numbers[..] else { panic!("{run}") };
            assert_eq!(length, back);
            for module in &mut picture[y][x..x + length] {
                assert!(!*module, "drawn twice");
                *module = true;
            }
        }
        picture
    }

    #[test]
    fn the_picture_is_the_code_with_four_light_modules_around_it() {
        let code = QrCode::with_error_correction_level(URI, EcLevel::M).unwrap();
        let picture = rasterised(&svg(URI, "QR code").unwrap());
        assert_eq!(picture.len(), code.width() + 8);
        for (y, row) in picture.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside =
                    (4..code.width() + 4).contains(&x) && (4..code.width() + 4).contains(&y);
                let expected = inside
                    && code[(x - 4 * usize::from(inside), y - 4 * usize::from(inside))]
                        == Color::Dark;
                assert_eq!(*dark, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_finder_patterns_stand_in_three_corners() {
        let picture = rasterised(&svg(URI, "QR code").unwrap());
        let far = picture.len() - 11;
        let finder = |left: usize, top: usize| {
            (0..7).all(|y: usize| {
                (0..7).all(|x: usize| {
                    let ring = x.abs_diff(3).max(y.abs_diff(3));
                    picture[top + y][left + x] == (ring != 2)
                })
            })
        };
        assert!(finder(4, 4) && finder(far, 4) && finder(4, far));
        assert!(!finder(far, far));
    }

    #[test]
    fn it_is_an_image_with_a_name_and_needs_no_style() {
        let svg = svg("x", "Scan \"me\" <b>&").unwrap();
        assert_eq!(attribute(&svg, "svg", "role"), "img");
        assert_eq!(attribute(&svg, "svg", "aria-label"), "Scan &quot;me&quot; &lt;b&gt;&amp;");
        assert_eq!(attribute(&svg, "rect", "fill"), "#fff");
        assert_eq!(attribute(&svg, "path", "fill"), "#000");
        assert_eq!(attribute(&svg, "svg", "viewBox"), "0 0 29 29");
        assert_eq!(attribute(&svg, "svg", "width"), "116");
        assert!(!svg.contains("style"), "{svg}");
    }

    #[test]
    fn the_text_itself_is_not_in_the_markup() {
        assert!(!svg(URI, "QR code").unwrap().contains("GEZDGNBV"));
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        assert!(svg(&"x".repeat(2331), "QR code").is_ok());
        assert_eq!(svg(&"x".repeat(2332), "QR code"), Err(TooLong));
        assert!(svg("", "QR code").is_ok());
    }
}
