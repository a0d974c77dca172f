//! What is remembered about people, in a database.

use std::time::Duration;

use paramo_model::{Name, StudyId};

use super::once::once;
use super::{Patience, PostgresStore};
use crate::people::engine::people;
use crate::people::{bodies, *};
use crate::session::Session;
use crate::{Result, StoreError, sql};

people!(PostgresStore, ask, once);
