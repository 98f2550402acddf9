//! The live clients and configurations. Handles are table keys cast to pointers: they are never dereferenced and never reused,
//! so a stale or foreign one is merely unknown.
//!
//! After fork the child starts with an empty table of its own, because a thread of the parent may hold the parent's locks.

use crate::client;
use crate::status::{Problem, Status};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A type that C programs hold by handle.
pub(super) trait Object: Sized + Send + Sync + 'static {
    /// The opaque type of the header.
    type Opaque;
    /// Its name in error messages.
    const NAME: &'static str;
    /// What a call with a dead handle returns.
    const DEAD: Status;

    fn table(tables: &Tables) -> &Table<Self>;
}

/// The live objects of one type. An empty tree holds no memory, so leak checkers find nothing after the last free.
pub(super) type Table<T> = RwLock<BTreeMap<usize, Arc<T>>>;

/// All live objects of one process.
pub(super) struct Tables {
    generation: u32,
    /// Handles below this one belong to the parent process.
    first: usize,
    /// The parent's table; kept only so that leak checkers can reach it.
    _inherited: *const Tables,
    pub(super) clients: Table<crate::client::Client>,
    pub(super) configs: Table<super::config::Config>,
}

static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());
/// A multiple of 16, as addresses of objects are.
static NEXT: AtomicUsize = AtomicUsize::new(STEP);
const STEP: usize = 16;

fn tables() -> &'static Tables {
    let generation = client::generation();
    let current = TABLES.load(Ordering::Acquire);
    // SAFETY: TABLES is null or points to a table that is never freed.
    if let Some(tables) = unsafe { current.as_ref() }
        && tables.generation == generation
    {
        return tables;
    }
    let fresh = Box::into_raw(Box::new(Tables {
        generation,
        first: if current.is_null() {
            0
        } else {
            NEXT.load(Ordering::Relaxed)
        },
        _inherited: current,
        clients: RwLock::default(),
        configs: RwLock::default(),
    }));
    match TABLES.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: just made, and never freed from now on.
        Ok(_) => unsafe { &*fresh },
        Err(other) => {
            // SAFETY: no other thread has seen `fresh`; `other` is another thread's table, never freed.
            unsafe {
                drop(Box::from_raw(fresh));
                &*other
            }
        }
    }
}

/// Adds an object and gives its handle.
pub(super) fn insert<T: Object>(object: T) -> *mut T::Opaque {
    // The table first: a new one takes all earlier numbers for its parent's.
    let tables = tables();
    let handle = NEXT.fetch_add(STEP, Ordering::Relaxed);
    let mut table = T::table(tables)
        .write()
        .unwrap_or_else(PoisonError::into_inner);
    table.insert(handle, Arc::new(object));
    std::ptr::without_provenance_mut(handle)
}

/// The object of a handle.
pub(super) fn find<T: Object>(handle: *const T::Opaque) -> Result<Arc<T>, Problem> {
    let tables = tables();
    let found = {
        let table = T::table(tables)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        table.get(&handle.addr()).cloned()
    };
    found.ok_or_else(|| missing::<T>(tables, handle.addr()))
}

/// Removes a handle; the object lives on while another thread is in a call on it.
pub(super) fn remove<T: Object>(handle: *const T::Opaque) -> Result<Arc<T>, Problem> {
    let tables = tables();
    let found = {
        let mut table = T::table(tables)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        table.remove(&handle.addr())
    };
    found.ok_or_else(|| missing::<T>(tables, handle.addr()))
}

fn missing<T: Object>(tables: &Tables, handle: usize) -> Problem {
    let name = T::NAME;
    if handle == 0 {
        return Problem::new(Status::Null, format!("The {name} is NULL"));
    }
    if handle < tables.first {
        let text = format!(
            "The process was forked after this {name} was made; make a new one in the child"
        );
        return Problem::new(Status::Forked, text);
    }
    Problem::new(T::DEAD, format!("This {name} was freed, or never existed"))
}
