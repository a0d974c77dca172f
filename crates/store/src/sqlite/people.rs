//! What is remembered about people, in a directory.

use std::time::Duration;

use paramo_model::{Name, StudyId};
use sqlx::Connection;

use super::{SqliteStore, advance};
use crate::people::engine::people;
use crate::people::{bodies, *};
use crate::session::Session;
use crate::{Result, StoreError, sql};

people!(SqliteStore, ask, once);
