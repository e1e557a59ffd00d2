//! Collects the lessons in one text: every file of `lessons/` and `lessons/levels/`, in the order in which `order.txt` there names them,
//! each below a line with its name.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../lessons").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut text, mut counts) = (String::new(), String::new());
    for (shelf, folder) in [("lessons", root.clone()), ("levels", root.join("levels"))] {
        let files = in_order(&folder)?;
        writeln!(
            counts,
            "/// How many files there are.\npub const {}: usize = {};",
            shelf.to_uppercase(),
            files.len()
        )?;
        for (file, path) in files {
            write!(text, "\n=== {shelf}/{file}\n{}", fs::read_to_string(path)?.trim_end())?;
        }
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("lessons.txt"), text)?;
    fs::write(out.join("counts.rs"), counts)?;
    Ok(())
}

/// The lessons of a folder, by the names of their files without the ending. What is not in the list comes last, by its name.
fn in_order(folder: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let list = fs::read_to_string(folder.join("order.txt"))?;
    let names: Vec<&str> =
        list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "kvs") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, path));
        }
    }
    if let Some(name) = names.iter().find(|name| files.iter().all(|(file, _)| file != *name)) {
        return Err(format!("{}/order.txt names `{name}`, and there is no {name}.kvs", folder.display()).into());
    }
    files.sort_by_key(|(file, _)| {
        let place = names.iter().position(|name| name == file).unwrap_or(names.len());
        (place, file.clone())
    });
    Ok(files)
}
