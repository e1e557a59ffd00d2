//! Collects the lessons: every file of `lessons/` and `lessons/levels/`, in the order in which `order.txt` there names them.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../lessons").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut code = String::new();
    for (name, folder) in [("LESSONS", root.clone()), ("LEVELS", root.join("levels"))] {
        writeln!(code, "const {name}: &[(&str, &str)] = &[")?;
        for (file, path) in in_order(&folder)? {
            writeln!(code, "    ({file:?}, include_str!({path:?})),")?;
        }
        writeln!(code, "];")?;
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("lessons.rs"), code)?;
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
