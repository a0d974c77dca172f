//! The statements, in words that SQLite and PostgreSQL share unless said otherwise.

// The store.
pub const TOTALS: &str = "SELECT token, commits, runs FROM store WHERE id = 0";
pub const ADVANCE: &str =
    "UPDATE store SET commits = commits + 1, runs = runs + $1 WHERE id = 0 RETURNING token, commits, runs";

// Studies. One that is still arriving from another store is not there yet.
pub const CREATE: &str = "INSERT INTO studies (name, version, state, created, changed, seq, counts, definition) \
     SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3, $3, 0, $4, $5 FROM studies WHERE name = $1 RETURNING id";
pub const SUMMARIES: &str = "SELECT id, name, version, state, created, changed, counts FROM studies \
     WHERE moving IS DISTINCT FROM 'arriving' ORDER BY id";
pub const STUDIES: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE moving IS DISTINCT FROM 'arriving' ORDER BY id";
pub const STUDY: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE id = $1 AND moving IS DISTINCT FROM 'arriving'";
pub const NEWEST: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE name = $1 AND moving IS DISTINCT FROM 'arriving' ORDER BY version DESC LIMIT 1";
pub const VERSION: &str = "SELECT id, name, version, state, created, changed, counts, definition FROM studies \
     WHERE name = $1 AND version = $2 AND moving IS DISTINCT FROM 'arriving'";
pub const DEFINITION: &str = "SELECT definition FROM studies WHERE id = $1";
pub const SET_STATE: &str = "UPDATE studies SET state = $2, changed = $3 WHERE id = $1 AND moving IS NULL";
pub const REPLACE: &str = "UPDATE studies SET definition = $2, changed = $3 WHERE id = $1 AND moving IS NULL";
pub const PROJECT_EXISTS: &str = "SELECT created FROM projects WHERE name = $1";
pub const DELETE: &str = "DELETE FROM studies WHERE id = $1";

// Results.
pub const PROGRESS: &str = "SELECT seq, counts FROM studies WHERE id = $1";
pub const SET_PROGRESS: &str = "UPDATE studies SET seq = $2, counts = $3, changed = $4, cpu = $5, size = size + $6 WHERE id = $1 AND moving IS NULL";
pub const INSERT_BATCH: &str = "INSERT INTO batches (study, seq, kind, first, last, runs, head, data, output) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub const HEADS: &str = "SELECT seq, kind, first, last, runs, head FROM batches \
     WHERE study = $1 AND seq > $2 ORDER BY seq LIMIT $3";
pub const BATCHES: &str = "SELECT seq, kind, first, last, runs, head, data FROM batches \
     WHERE study = $1 AND seq > $2 ORDER BY seq LIMIT $3";
pub const OUTPUT: &str = "SELECT output FROM batches WHERE study = $1 AND seq = $2";

// Moving between stores.
pub const MOVING: &str = "SELECT moving FROM studies WHERE id = $1";
pub const LABEL: &str =
    "SELECT state, created, changed, seq, counts, definition, moving FROM studies WHERE id = $1";
pub const ARRIVING: &str = "SELECT id, seq FROM studies WHERE origin = $1 AND moving = 'arriving'";
pub const ARRIVAL: &str = "SELECT id, seq, moving, origin FROM studies WHERE name = $1 AND version = $2";
pub const ARRIVE: &str = "INSERT INTO studies \
     (name, version, state, created, changed, seq, counts, definition, moving, origin) \
     VALUES ($1, $2, $3, $4, $5, 0, $6, $7, 'arriving', $8) RETURNING id";
pub const ARRIVED_TO: &str =
    "UPDATE studies SET seq = $2, size = size + $3 WHERE id = $1 AND moving = 'arriving'";
pub const SET_ARRIVAL: &str = "UPDATE studies SET state = $2, changed = $3, counts = $4, definition = $5, cpu = $6 \
     WHERE id = $1 AND moving = 'arriving'";
pub const LEAVE: &str = "UPDATE studies SET moving = $2 WHERE id = $1 AND moving IS NULL \
     AND state = $3 AND changed = $4 AND seq = $5 AND counts = $6 AND definition = $7";
pub const SETTLE: &str = "UPDATE studies SET moving = NULL WHERE id = $1 AND moving = 'arriving'";
pub const UNDO_ARRIVAL: &str = "DELETE FROM studies WHERE id = $1 AND moving = 'arriving'";
pub const CRATES: &str = "SELECT seq, kind, first, last, runs, head, data, output FROM batches \
     WHERE study = $1 AND seq > $2 ORDER BY seq LIMIT $3";
pub const BETWEEN: &str =
    "SELECT name, version, moving FROM studies WHERE moving IS NOT NULL ORDER BY name, version";

// Of SQLite alone.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
pub const COUNT_TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'";
pub const HAS_SCHEMA: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
pub const SCHEMA: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success";
pub const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
pub const INTEGRITY: &str = "PRAGMA integrity_check(20)";

// Of PostgreSQL alone.
/// A snapshot for reading, so that counts and batches belong together.
pub const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Holds the study's row until the change ends: commits of a study follow one another.
pub const CLAIM: &str = "SELECT seq, fence FROM studies WHERE id = $1 FOR UPDATE";
/// Two that claim the same wait for one another.
pub const CLAIM_NAME: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 20130401)) IS NULL";
pub const NAMED: &str =
    "SELECT id, created, definition FROM studies WHERE name = $1 ORDER BY version DESC LIMIT 1";
pub const NOTIFY: &str = "SELECT pg_notify('paramo', $1) IS NULL";
/// The number of a transaction that has changed something, and what became of it.
pub const TRANSACTION: &str = "SELECT CAST(pg_current_xact_id_if_assigned() AS TEXT)";
pub const FATE: &str = "SELECT pg_xact_status(CAST($1 AS xid8))";
pub const HAS_SCHEMA_POSTGRES: &str = "SELECT to_regclass('paramo._sqlx_migrations') IS NOT NULL";
/// The key of a study's lock: a constant, so as not to meet the locks of others, and its number.
pub const LOCK: &str = "SELECT pg_try_advisory_lock(5787215960297439232 + $1)";
pub const UNLOCK: &str = "SELECT pg_advisory_unlock_all() IS NULL";
pub const RAISE_FENCE: &str = "UPDATE studies SET fence = fence + 1 WHERE id = $1 RETURNING fence";
pub const FENCE: &str = "SELECT fence FROM studies WHERE id = $1";
pub const HOLDERS: &str = "SELECT (l.classid::bigint << 32 | l.objid::bigint) - 5787215960297439232, a.application_name \
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND l.classid::bigint = 1347441217";
