//! The files of an engine: those of a simulated disk, or those of a real directory.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use super::StorageFault;
use crate::disk::Disk;

/// Named files in one folder. A write is only surely there after a crash when it was synced: the content of a file by
/// [`sync`](Self::sync), its name by [`sync_directory`](Self::sync_directory).
pub trait Files {
    /// The names of all files, in order.
    fn list(&self) -> Result<Vec<String>, StorageFault>;

    /// The content of a file, if there is one.
    fn read(&self, file: &str) -> Result<Option<Cow<'_, [u8]>>, StorageFault>;

    /// How many bytes a file has; None if there is no such file.
    fn length(&self, file: &str) -> Result<Option<u64>, StorageFault>;

    /// As much of `length` bytes from `position` on as the file has; None if there is no such file.
    fn read_at(&self, file: &str, position: u64, length: u32) -> Result<Option<Cow<'_, [u8]>>, StorageFault>;

    /// Adds bytes at the end of a file, which is made if there is none.
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), StorageFault>;

    /// Leaves nothing in a file, which is made if there is none.
    fn truncate(&mut self, file: &str) -> Result<(), StorageFault>;

    /// Gives a file another name. What had that name is gone.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), StorageFault>;

    /// Removes a file, if there is one.
    fn remove(&mut self, file: &str) -> Result<(), StorageFault>;

    /// What goes on from here happens after the content of the file is on the medium.
    fn sync(&mut self, file: &str) -> Result<(), StorageFault>;

    /// What goes on from here happens after the names of all files are on the medium: those that were made, given and removed.
    fn sync_directory(&mut self) -> Result<(), StorageFault>;
}

/// No step waits: the disk keeps to the order that syncs ask for, and the letters of
/// [`when_synced`](crate::process::Context::when_synced) wait for what they have asked for.
impl Files for Disk {
    fn list(&self) -> Result<Vec<String>, StorageFault> {
        Ok(self.files().map(ToOwned::to_owned).collect())
    }

    fn read(&self, file: &str) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        Ok(Self::read(self, file).map(Cow::Borrowed))
    }

    fn length(&self, file: &str) -> Result<Option<u64>, StorageFault> {
        Ok(Self::read(self, file).map(|content| content.len() as u64))
    }

    fn read_at(&self, file: &str, position: u64, length: u32) -> Result<Option<Cow<'_, [u8]>>, StorageFault> {
        let Some(content) = Self::read(self, file) else { return Ok(None) };
        let rest = usize::try_from(position).ok().and_then(|position| content.get(position..)).unwrap_or_default();
        Ok(Some(Cow::Borrowed(&rest[..rest.len().min(length as usize)])))
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), StorageFault> {
        Self::append(self, file, bytes);
        Ok(())
    }

    fn truncate(&mut self, file: &str) -> Result<(), StorageFault> {
        Self::truncate(self, file);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StorageFault> {
        Self::rename(self, from, to);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), StorageFault> {
        Self::remove(self, file);
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), StorageFault> {
        Self::sync(self, file);
        Ok(())
    }

    fn sync_directory(&mut self) -> Result<(), StorageFault> {
        Self::sync_directory(self);
        Ok(())
    }
}
