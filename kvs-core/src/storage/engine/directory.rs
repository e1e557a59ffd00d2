//! A real directory, for those who use an engine natively.
//!
//! ```no_run
//! use kvs_core::op::{Key, Value};
//! use kvs_core::storage::engine::{Database, EmbeddedDbOptions, EngineOptions, Expected, StorageError};
//!
//! let options = EngineOptions::Embedded(EmbeddedDbOptions::default());
//! let mut database = Database::open("data", options)?;
//! let (key, value) = (Key::new("k").expect("short"), Value::new("x").expect("short"));
//! // When this returns, the value survives a power failure.
//! let version = database.put(&key, &value, Expected::ABSENT)?;
//! assert_eq!(database.get(&key)?.map(|kept| kept.version), Some(version));
//! # Ok::<(), StorageError>(())
//! ```

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{
    Batch, Engine, EngineOptions, Expected, Files, Generation, KeyRange, Life, Storage, StorageError, StorageFault,
    Version, Versioned,
};
use crate::op::{Key, Value};

/// Keeps others out for as long as it is locked. It is no file of an engine.
const LOCK: &str = "lock";
/// How often this directory has been opened. It is no file of an engine either.
const LIVES: &str = "lives";

/// The files in a directory that nobody else uses.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    life: u32,
    /// Locked until it is dropped.
    _lock: File,
    /// Files that are open, for reading and for adding to them.
    open: RefCell<BTreeMap<String, File>>,
}

impl Directory {
    /// Opens a directory, which is made if there is none. Refused while another process, or another part of this one, has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageFault> {
        let path = path.as_ref().to_owned();
        fs::create_dir_all(&path).map_err(|error| io(&path.to_string_lossy(), &error))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| io(LOCK, &error))?;
        lock.try_lock().map_err(|error| StorageFault::Io { file: LOCK.into(), why: error.to_string() })?;
        let mut directory = Self { path, life: 0, _lock: lock, open: RefCell::default() };
        directory.begin_life()?;
        Ok(directory)
    }

    /// How often it has been opened before.
    pub fn life(&self) -> u32 {
        self.life
    }

    /// Counts this opening: one byte more in a file.
    fn begin_life(&mut self) -> Result<(), StorageFault> {
        self.life = u32::try_from(self.length(LIVES)?.unwrap_or(0)).unwrap_or(u32::MAX);
        self.append(LIVES, b".")?;
        self.sync(LIVES)?;
        self.sync_directory()
    }

    /// Does something with a file, which is opened if it is not open yet; None if there is none and none is to be made.
    fn with<T>(
        &self,
        file: &str,
        make: bool,
        act: impl FnOnce(&mut File) -> std::io::Result<T>,
    ) -> Result<Option<T>, StorageFault> {
        let mut open = self.open.borrow_mut();
        if !open.contains_key(file) {
            match OpenOptions::new().read(true).append(true).create(make).open(self.path.join(file)) {
                Ok(opened) => {
                    open.insert(file.to_owned(), opened);
                }
                Err(error) if error.kind() == ErrorKind::NotFound && !make => return Ok(None),
                Err(error) => return Err(io(file, &error)),
            }
        }
        open.get_mut(file).map(act).transpose().map_err(|error| io(file, &error))
    }
}

fn io(file: &str, error: &std::io::Error) -> StorageFault {
    StorageFault::Io { file: file.to_owned(), why: error.to_string() }
}

fn read_from(file: &mut File, position: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(position))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Files for Directory {
    fn list(&self) -> Result<Vec<String>, StorageFault> {
        let here = self.path.to_string_lossy();
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| io(&here, &error))? {
            let name = entry.map_err(|error| io(&here, &error))?.file_name();
            // Engines give names of letters and figures; other files are none of theirs.
            names.extend(name.into_string().ok().filter(|name| name != LOCK && name != LIVES));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, file: &str) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        Ok(self.with(file, false, |file| read_from(file, 0, u64::MAX))?.map(Cow::Owned))
    }

    fn length(&self, file: &str) -> Result<Option<u64>, StorageFault> {
        self.with(file, false, |file| Ok(file.metadata()?.len()))
    }

    fn read_at(&self, file: &str, position: u64, length: u32) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        Ok(self.with(file, false, |file| read_from(file, position, length.into()))?.map(Cow::Owned))
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), StorageFault> {
        self.with(file, true, |file| file.write_all(bytes)).map(drop)
    }

    fn truncate(&mut self, file: &str) -> Result<(), StorageFault> {
        self.with(file, true, |file| file.set_len(0)).map(drop)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StorageFault> {
        let open = self.open.get_mut();
        open.remove(from);
        open.remove(to);
        fs::rename(self.path.join(from), self.path.join(to)).map_err(|error| io(from, &error))
    }

    fn remove(&mut self, file: &str) -> Result<(), StorageFault> {
        self.open.get_mut().remove(file);
        match fs::remove_file(self.path.join(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io(file, &error)),
            _ => Ok(()),
        }
    }

    fn sync(&mut self, file: &str) -> Result<(), StorageFault> {
        self.with(file, false, |file| file.sync_data()).map(drop)
    }

    fn sync_directory(&mut self) -> Result<(), StorageFault> {
        // Elsewhere a directory cannot be opened, and names are written along with the files.
        if cfg!(unix) {
            File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(|error| io(".", &error))?;
        }
        Ok(())
    }
}

/// An engine in a directory.
#[derive(Debug)]
pub struct Database {
    directory: Directory,
    engine: Engine,
}

impl Database {
    /// Opens the store in a directory, which is made if there is none.
    pub fn open(path: impl AsRef<Path>, options: EngineOptions) -> Result<Self, StorageFault> {
        let mut directory = Directory::open(path)?;
        let life = Life::counted(directory.life());
        let engine = Engine::open(options, &mut directory, life)?;
        Ok(Self { directory, engine })
    }

    /// See [`Storage::get`].
    pub fn get(&self, key: &Key) -> Result<Option<Versioned>, StorageError> {
        self.engine.get(&self.directory, key)
    }

    /// See [`Storage::put`].
    pub fn put(&mut self, key: &Key, value: &Value, expected: Expected) -> Result<Version, StorageError> {
        self.engine.put(&mut self.directory, key, value, expected)
    }

    /// See [`Storage::delete`].
    pub fn delete(&mut self, key: &Key, expected: Expected) -> Result<Version, StorageError> {
        self.engine.delete(&mut self.directory, key, expected)
    }

    /// See [`Storage::scan`].
    pub fn scan(&self, range: &KeyRange) -> Result<Vec<(Key, Versioned)>, StorageError> {
        self.engine.scan(&self.directory, range)
    }

    /// See [`Storage::batch`].
    pub fn batch(&mut self, batch: &Batch) -> Result<Vec<Version>, StorageError> {
        self.engine.batch(&mut self.directory, batch)
    }

    /// See [`Storage::print_all`].
    pub fn print_all(&self) -> Result<String, StorageError> {
        self.engine.print_all(&self.directory)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The generation of a store that begins empty in this life.
    pub fn life(&self) -> Generation {
        Generation::of_life(self.directory.life())
    }
}
