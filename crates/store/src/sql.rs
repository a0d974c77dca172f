//! The statements, in words that SQLite and PostgreSQL share unless said otherwise.

pub const TOTALS: &str = "SELECT token, commits, runs FROM store WHERE id = 0";
pub const ADVANCE: &str =
    "UPDATE store SET commits = commits + 1, runs = runs + $1 WHERE id = 0 RETURNING token, commits, runs";

pub const CREATE: &str = "INSERT INTO studies (name, version, state, created, changed, seq, counts, definition) \
     SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3, $3, 0, $4, $5 FROM studies WHERE name = $1 RETURNING id";
pub const SUMMARIES: &str =
    "SELECT id, name, version, state, created, changed, counts FROM studies ORDER BY id";
pub const STUDIES: &str =
    "SELECT id, name, version, state, created, changed, counts, definition FROM studies ORDER BY id";
pub const STUDY: &str =
    "SELECT id, name, version, state, created, changed, counts, definition FROM studies WHERE id = $1";
pub const NEWEST: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE name = $1 ORDER BY version DESC LIMIT 1";
pub const VERSION: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE name = $1 AND version = $2";
pub const DEFINITION: &str = "SELECT definition FROM studies WHERE id = $1";
pub const SET_STATE: &str = "UPDATE studies SET state = $2, changed = $3 WHERE id = $1";
pub const REPLACE: &str = "UPDATE studies SET definition = $2, changed = $3 WHERE id = $1";
pub const DELETE: &str = "DELETE FROM studies WHERE id = $1";

pub const PROGRESS: &str = "SELECT seq, counts FROM studies WHERE id = $1";
pub const SET_PROGRESS: &str = "UPDATE studies SET seq = $2, counts = $3, changed = $4 WHERE id = $1";
pub const INSERT_BATCH: &str = "INSERT INTO batches (study, seq, kind, first, last, runs, head, data, output) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub const HEADS: &str = "SELECT seq, kind, first, last, runs, head FROM batches \
     WHERE study = $1 AND seq > $2 ORDER BY seq LIMIT $3";
pub const BATCHES: &str = "SELECT seq, kind, first, last, runs, head, data FROM batches \
     WHERE study = $1 AND seq > $2 ORDER BY seq LIMIT $3";
pub const OUTPUT: &str = "SELECT output FROM batches WHERE study = $1 AND seq = $2";

// Of SQLite alone.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
pub const COUNT_TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'";
pub const HAS_SCHEMA: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
pub const SCHEMA: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success";
pub const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
pub const INTEGRITY: &str = "PRAGMA integrity_check(20)";
