//! Writes every view in every state, with its assets, to a folder to look at:
//! `cargo run -p vestibule-pages --example gallery -- target/gallery`, then serve the folder.

use std::{env, error::Error, fmt::Write as _, fs, io::Write as _, path::PathBuf};

use vestibule_pages::{assets, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(|| "target/gallery".into(), PathBuf::from);
    fs::create_dir_all(folder.join("static"))?;
    for asset in assets::all() {
        fs::write(folder.join("static").join(asset.name), asset.bytes)?;
    }
    let mut list = String::from("<!doctype html><title>Gallery</title><ul>\n");
    for sample in samples::all()? {
        fs::write(folder.join(sample.name).with_extension("html"), &sample.html)?;
        writeln!(list, "<li><a href=\"{0}.html\">{0}</a></li>", sample.name)?;
    }
    fs::write(folder.join("index.html"), list + "</ul>\n")?;
    writeln!(std::io::stdout(), "{}", folder.display())?;
    Ok(())
}
