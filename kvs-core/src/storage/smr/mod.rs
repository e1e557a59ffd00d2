//! A key-value store for state machine replication. It knows nothing of the protocol that puts its commands in order.
//!
//! Each replica is handed the decided slots one after the other: [`begin_slot`](KVStoreSMR::begin_slot) with the time that was decided
//! along with it, then the slot's commands. **Equal slots lead to equal states**, to equal bytes of snapshots, and to equal notifications,
//! since nothing else comes in: no clock but the log's, no order but that of keys, and no room but what a formula says.
//!
//! ```
//! use kvs_core::op::{Key, Value};
//! use kvs_core::storage::smr::{Delivery, KVData, KVOperation, KVResult, KVStoreConfig, KVStoreSMR, StateMachine};
//! use kvs_core::time::{Span, Time};
//!
//! let mut store = KVStoreSMR::new_with_notifications(KVStoreConfig::default());
//! let changes = store.subscribe_to_changes(None).expect("there are notifications");
//! let (key, value) = (Key::new("k")?, Value::new("x")?);
//!
//! store.begin_slot(1, Time::from_us(10), Time::ZERO);
//! let set = KVOperation::Set { key: key.clone(), value: value.clone(), ttl: Some(Span::from_secs(2)) };
//! let results = store.apply_commands(&[set, KVOperation::Get(key.clone())]);
//! assert_eq!(results, [KVResult::DONE, KVResult::success(value)]);
//! assert!(matches!(store.take_notification(changes), Some(Delivery::Change(_))));
//!
//! // Its time is up, but only when a slot says so.
//! store.begin_slot(2, Time::from_us(3_000_000), Time::ZERO);
//! assert_eq!(store.apply_command(&KVOperation::Size), KVResult::success(0));
//! # Ok::<(), kvs_core::op::TooLong>(())
//! ```

mod limits;
mod notifications;
mod operations;
mod smr_impl;
mod snapshot;
mod store;

pub use self::limits::{Batches, Dates, ENTRY_OVERHEAD, Eviction, Expiry, KVStoreConfig, Touch, room};
pub use self::notifications::{
    Cause, ChangeNotification, Delivery, Envelope, NotificationBus, Position, SubscriptionId,
};
pub use self::operations::execute;
pub use self::smr_impl::StateMachine;
pub use self::snapshot::{Snapshot, SnapshotError};
pub use self::store::{Entry, KVStoreSMR, KVStoreState, Metrics};
pub use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
