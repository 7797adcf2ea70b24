//! Writes every view in every state and language, with its assets, to a folder to look at:
//! `cargo run -p vestibule-pages --example gallery -- target/gallery`, then serve the folder.

use std::{env, error::Error, fmt::Write as _, fs, io::Write as _, path::PathBuf};

use vestibule_pages::{Mail, MailFrame, assets, samples};
use vestibule_text::Lang;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(|| "target/gallery".into(), PathBuf::from);
    fs::create_dir_all(folder.join("static"))?;
    for asset in assets::all() {
        fs::write(folder.join("static").join(asset.name), asset.bytes)?;
    }
    let mut list = String::from("<!doctype html><title>Gallery</title><ul>\n");
    for sample in samples::all()? {
        writeln!(list, "<li>{}", sample.name)?;
        for lang in Lang::ALL {
            writeln!(
                list,
                "<a href=\"{}.{lang}.html\">{lang}</a>",
                sample.name,
                lang = lang.tag()
            )?;
        }
    }
    for lang in Lang::ALL {
        for sample in samples::all_in(lang)? {
            let file = format!("{}.{}.html", sample.name, lang.tag());
            fs::write(folder.join(file), &sample.html)?;
        }
    }
    let mails = Mail::samples().into_iter().enumerate();
    for ((number, mail), lang) in mails.flat_map(|mail| Lang::ALL.map(|lang| (mail, lang))) {
        let frame = MailFrame { lang, site: "Example ID", home: "https://id.example" };
        let name = format!("mail-{number:02}-{}-{}", mail.kind(), lang.tag());
        let words = mail.render(&frame)?;
        fs::write(folder.join(&name).with_extension("html"), words.html)?;
        fs::write(folder.join(&name).with_extension("txt"), words.text)?;
        writeln!(list, "<li><a href=\"{name}.html\">{}</a>", words.subject)?;
        writeln!(list, "<a href=\"{name}.txt\">text</a></li>")?;
    }
    fs::write(folder.join("index.html"), list + "</ul>\n")?;
    writeln!(std::io::stdout(), "{}", folder.display())?;
    Ok(())
}
