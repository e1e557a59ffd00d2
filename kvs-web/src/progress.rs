//! What a reader has done so far, remembered by the browser where it may: which lessons were read, which levels broken.

use web_sys::Storage;

/// How far a lesson was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LessonMark {
    /// How many of its words were seen; a question when it is answered.
    pub seen: u32,
    /// How many there are.
    pub of: u32,
    /// How many questions were answered rightly.
    pub right: u32,
}

impl LessonMark {
    /// Whether it was read to its end.
    pub fn is_done(self) -> bool {
        self.of > 0 && self.seen >= self.of
    }

    /// The further of two; what was seen once stays so.
    pub fn or_further(self, other: Self) -> Self {
        if (other.seen, other.right) > (self.seen, self.right) { other } else { self }
    }
}

/// How a level was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelMark {
    /// With how few faults.
    pub faults: u32,
    /// Whether the missing rule was named.
    pub named: bool,
}

impl LevelMark {
    /// The better of two.
    pub fn or_better(self, other: Self) -> Self {
        Self { faults: self.faults.min(other.faults), named: self.named || other.named }
    }
}

/// Something that is remembered as a few numbers.
pub trait Remembered: Copy {
    /// The beginning of its name in the browser's memory.
    const SHELF: &'static str;
    /// As numbers.
    fn numbers(self) -> Vec<u32>;
    /// From numbers, which may be anything.
    fn from_numbers(numbers: &[u32]) -> Option<Self>;
}

impl Remembered for LessonMark {
    const SHELF: &'static str = "kvs-zoo/lesson/";

    fn numbers(self) -> Vec<u32> {
        vec![self.seen, self.of, self.right]
    }

    fn from_numbers(numbers: &[u32]) -> Option<Self> {
        match *numbers {
            [seen, of, right] if seen <= of && right <= of => Some(Self { seen, of, right }),
            _ => None,
        }
    }
}

impl Remembered for LevelMark {
    const SHELF: &'static str = "kvs-zoo/level/";

    fn numbers(self) -> Vec<u32> {
        vec![self.faults, u32::from(self.named)]
    }

    fn from_numbers(numbers: &[u32]) -> Option<Self> {
        match *numbers {
            [faults, named @ (0 | 1)] => Some(Self { faults, named: named == 1 }),
            _ => None,
        }
    }
}

fn written(mark: impl Remembered) -> String {
    mark.numbers().iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

/// What the browser remembers may have been written by anybody.
fn parsed<Mark: Remembered>(text: &str) -> Option<Mark> {
    let numbers: Result<Vec<u32>, _> = text.split(' ').map(str::parse).collect();
    Mark::from_numbers(&numbers.ok()?)
}

/// The browser's memory, where it has one and lets us use it.
fn memory() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What is remembered under a name.
pub fn recall<Mark: Remembered>(name: &str) -> Option<Mark> {
    let text = memory()?.get_item(&format!("{}{name}", Mark::SHELF)).ok()??;
    parsed(&text)
}

/// Remembers something under a name; where that is refused, the page goes on without.
pub fn remember(name: &str, mark: impl Remembered) {
    fn set<Mark: Remembered>(name: &str, mark: Mark) {
        if let Some(memory) = memory() {
            let _refused = memory.set_item(&format!("{}{name}", Mark::SHELF), &written(mark));
        }
    }
    set(name, mark);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nonsense_is_nothing() {
        let lesson = LessonMark { seen: 2, of: 5, right: 1 };
        assert_eq!((written(lesson).as_str(), parsed(&written(lesson))), ("2 5 1", Some(lesson)));
        let level = LevelMark { faults: 3, named: true };
        assert_eq!((written(level).as_str(), parsed(&written(level))), ("3 1", Some(level)));
        for nonsense in ["", "2", "6 5 1", "2 5 6", "1 2 3 4", "-1 2 0", "a b c", "99999999999 1 0"] {
            assert_eq!(parsed::<LessonMark>(nonsense), None, "{nonsense}");
        }
        assert_eq!(parsed::<LevelMark>("3 2"), None);
    }

    #[test]
    fn nothing_is_forgotten_when_a_lesson_is_read_again() {
        let (half, whole) = (LessonMark { seen: 2, of: 5, right: 1 }, LessonMark { seen: 5, of: 5, right: 1 });
        assert_eq!((half.or_further(whole), whole.or_further(half)), (whole, whole));
        assert!(whole.is_done() && !half.is_done() && !LessonMark::default().is_done());
        let best = LevelMark { faults: 3, named: true }.or_better(LevelMark { faults: 1, named: false });
        assert_eq!(best, LevelMark { faults: 1, named: true });
    }
}
