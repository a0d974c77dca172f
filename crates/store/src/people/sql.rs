//! The statements about people, in words that SQLite and PostgreSQL share.
//!
//! Nothing is ordered by text here: the engines do not agree on the order of letters.

/// A question for users.
macro_rules! users {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, display_name, email, source, subject, \
             CAST(CASE WHEN password IS NULL THEN 0 ELSE 1 END AS BIGINT), administrator, disabled, created, seen \
             FROM users ",
            $rest
        )
    };
}

/// A question for projects.
macro_rules! projects {
    ($rest:literal) => {
        concat!(
            "SELECT name, title, created, quota_runs, quota_cpu, quota_size, share, \
             (SELECT COUNT(*) FROM members m WHERE m.project = p.name) \
             + (SELECT COUNT(*) FROM member_groups g WHERE g.project = p.name) \
             FROM projects p ",
            $rest
        )
    };
}

/// A question for applications. Versions are never removed, so the newest is as many as there are.
macro_rules! applications {
    ($rest:literal) => {
        concat!(
            "SELECT project, name, version, \
             (SELECT MAX(version) FROM applications n WHERE n.project = a.project AND n.name = a.name), \
             definition, file, description, deprecated, created, made_by FROM applications a ",
            $rest
        )
    };
}

// Users.
pub const ANY_USER: &str = "SELECT id FROM users LIMIT 1";
pub const USERS: &str = users!("");
pub const USER: &str = users!("WHERE id = $1");
pub const USER_NAMED: &str = users!("WHERE name = $1");
pub const USER_OF_SOURCE: &str = users!("WHERE source = $1 AND subject = $2");
pub const PASSWORD: &str = "SELECT password FROM users WHERE id = $1";
pub const INSERT_USER: &str = "INSERT INTO users \
     (name, display_name, email, source, subject, password, administrator, disabled, created) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT DO NOTHING RETURNING id";
pub const UPDATE_USER: &str =
    "UPDATE users SET display_name = $2, email = $3, administrator = $4, disabled = $5 WHERE id = $1";
pub const SET_PASSWORD: &str = "UPDATE users SET password = $2 WHERE id = $1";
pub const SEEN: &str = "UPDATE users SET seen = $2 WHERE id = $1";
pub const DELETE_USER: &str = "DELETE FROM users WHERE id = $1";
pub const OTHER_ADMINISTRATOR: &str =
    "SELECT id FROM users WHERE administrator = 1 AND disabled = 0 AND id <> $1 LIMIT 1";
pub const GROUPS: &str = "SELECT name FROM user_groups WHERE user_id = $1";
pub const CLEAR_GROUPS: &str = "DELETE FROM user_groups WHERE user_id = $1";
pub const INSERT_GROUP: &str = "INSERT INTO user_groups (user_id, name) VALUES ($1, $2)";

// One-time links.
pub const INSERT_LINK: &str =
    "INSERT INTO links (hash, purpose, user_id, created, expires) VALUES ($1, $2, $3, $4, $5)";
pub const CLEAR_LINKS: &str = "DELETE FROM links WHERE user_id = $1 AND used IS NULL";
pub const CLEAR_LINKS_FOR: &str = "DELETE FROM links WHERE user_id = $1 AND purpose = $2";
pub const CLEAR_FIRST_LINKS: &str = "DELETE FROM links WHERE purpose = 'first-administrator'";
pub const LINK: &str = "SELECT purpose, user_id, created, expires FROM links \
     WHERE hash = $1 AND used IS NULL AND (expires IS NULL OR expires > $2)";
pub const USE_LINK: &str = "UPDATE links SET used = $2 \
     WHERE hash = $1 AND used IS NULL AND (expires IS NULL OR expires > $2) RETURNING purpose, user_id";

// Sessions.
pub const INSERT_SESSION: &str =
    "INSERT INTO sessions (hash, user_id, created, expires, used) VALUES ($1, $2, $3, $4, $3)";
pub const SESSION: &str = "SELECT user_id, created, expires, used FROM sessions \
     WHERE hash = $1 AND (expires IS NULL OR expires > $2)";
// A session that is used lasts longer: what has gone by since it was used last is added.
pub const TOUCH_SESSION: &str =
    "UPDATE sessions SET expires = expires + $2 - used, used = $2 WHERE hash = $1 AND used < $2";
pub const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1";
pub const END_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1 AND hash <> $2";

// Tokens.
pub const INSERT_TOKEN: &str = "INSERT INTO tokens (hash, user_id, name, scopes, project, created, expires) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
pub const TOKENS: &str = "SELECT id, user_id, name, scopes, project, created, expires, used FROM tokens \
     WHERE user_id = $1 ORDER BY id";
pub const TOKEN: &str = "SELECT id, user_id, name, scopes, project, created, expires, used FROM tokens \
     WHERE hash = $1 AND (expires IS NULL OR expires > $2)";
pub const TOUCH_TOKEN: &str = "UPDATE tokens SET used = $2 WHERE id = $1";
pub const DELETE_TOKEN: &str = "DELETE FROM tokens WHERE user_id = $1 AND id = $2";

// What was good once, of whatever kind.
pub const LAPSED: &str = "SELECT count(*) FROM (SELECT hash, expires FROM tokens UNION ALL \
     SELECT hash, expires FROM sessions UNION ALL SELECT hash, expires FROM shares UNION ALL \
     SELECT hash, expires FROM worker_tokens) AS given \
     WHERE hash = $1 AND expires <= $2";
// Workers elsewhere.
pub const INSERT_WORKER_TOKEN: &str = "INSERT INTO worker_tokens (hash, name, project, made_by, created, expires) \
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
pub const WORKER_TOKENS: &str =
    "SELECT id, name, project, made_by, created, expires, used FROM worker_tokens ORDER BY id";
pub const WORKER_TOKEN: &str = "SELECT id, name, project, made_by, created, expires, used FROM worker_tokens \
     WHERE hash = $1 AND (expires IS NULL OR expires > $2)";
pub const TOUCH_WORKER_TOKEN: &str = "UPDATE worker_tokens SET used = $2 WHERE id = $1";
pub const DELETE_WORKER_TOKEN: &str = "DELETE FROM worker_tokens WHERE id = $1";
pub const IDENTITY: &str = "SELECT name FROM identity ORDER BY name LIMIT 1";
pub const WORKERS: &str = "SELECT name, studies, seen FROM workers ORDER BY name";
pub const SET_WORKER: &str = "INSERT INTO workers (name, studies, seen) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET studies = excluded.studies, seen = excluded.seen";
pub const DELETE_WORKER: &str = "DELETE FROM workers WHERE name = $1";

// Allocations.
pub const PUT_ALLOCATION: &str = "INSERT INTO allocations (name, site, pool, token, job, state, detail, asked, began, ended, seat, study, at_once, cpu, memory) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
     ON CONFLICT (name) DO UPDATE SET job = excluded.job, state = excluded.state, detail = excluded.detail, \
     began = excluded.began, ended = excluded.ended, seat = excluded.seat, cpu = excluded.cpu, memory = excluded.memory";
pub const ALLOCATIONS: &str = "SELECT name, site, pool, token, job, state, detail, asked, began, ended, seat, study, at_once, cpu, memory FROM allocations \
     WHERE state <> 'ended' OR name IN (SELECT name FROM allocations WHERE state = 'ended' ORDER BY ended DESC LIMIT $1) \
     ORDER BY asked, token";

// Device logins.
pub const CLEAR_DEVICE: &str =
    "DELETE FROM devices WHERE user_code = $1 AND (expires <= $2 OR state IN ('taken', 'refused'))";
pub const INSERT_DEVICE: &str = "INSERT INTO devices (hash, user_code, name, created, expires, state) \
     VALUES ($1, $2, $3, $4, $5, 'waiting') ON CONFLICT DO NOTHING";
pub const DEVICE: &str = "SELECT name, user_code, created, expires, state FROM devices \
     WHERE user_code = $1 AND (expires IS NULL OR expires > $2)";
pub const ANSWER_DEVICE: &str = "UPDATE devices SET state = $3, user_id = $4 \
     WHERE user_code = $1 AND state = 'waiting' AND (expires IS NULL OR expires > $2)";
pub const TAKE_DEVICE: &str = "UPDATE devices SET state = 'taken' \
     WHERE hash = $1 AND state = 'approved' AND (expires IS NULL OR expires > $2) RETURNING user_id, name";
pub const DEVICE_STATE: &str =
    "SELECT state FROM devices WHERE hash = $1 AND (expires IS NULL OR expires > $2)";

// Shares.
pub const INSERT_SHARE: &str =
    "INSERT INTO shares (hash, study, made_by, created, expires) VALUES ($1, $2, $3, $4, $5) RETURNING id";
pub const SHARES: &str =
    "SELECT id, study, created, made_by, expires FROM shares WHERE study = $1 ORDER BY id";
pub const SHARE: &str = "SELECT id, study, created, made_by, expires FROM shares \
     WHERE hash = $1 AND (expires IS NULL OR expires > $2)";
pub const DELETE_SHARE: &str = "DELETE FROM shares WHERE study = $1 AND id = $2";

// Projects.
pub const INSERT_PROJECT: &str =
    "INSERT INTO projects (name, title, created, share) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING";
pub const PROJECTS: &str = projects!("");
pub const PROJECT: &str = projects!("WHERE name = $1");
pub const SET_TITLE: &str = "UPDATE projects SET title = $2 WHERE name = $1";
pub const SET_QUOTA: &str =
    "UPDATE projects SET quota_runs = $2, quota_cpu = $3, quota_size = $4, share = $5 WHERE name = $1";
pub const DELETE_PROJECT: &str = "DELETE FROM projects WHERE name = $1";
/// `$1` is the name of the project and a slash.
pub const ANY_STUDY_OF: &str = "SELECT id FROM studies WHERE substr(name, 1, length($1)) = $1 LIMIT 1";
pub const ANY_APPLICATION_OF: &str = "SELECT version FROM applications WHERE project = $1 LIMIT 1";
pub const ANY_JOB_OF: &str = "SELECT number FROM jobs WHERE project = $1 LIMIT 1";
pub const ANY_SCHEDULE_OF: &str = "SELECT next FROM schedules WHERE project = $1 LIMIT 1";
pub const USAGES: &str = "SELECT name, COUNT(*), CAST(SUM(cpu) AS BIGINT), CAST(SUM(size) AS BIGINT) \
     FROM studies WHERE moving IS DISTINCT FROM 'arriving' GROUP BY name";
/// As above.
pub const USAGE: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(cpu), 0) AS BIGINT), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM studies \
     WHERE moving IS DISTINCT FROM 'arriving' AND substr(name, 1, length($1)) = $1";
pub const USAGE_OF_DEFAULT: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(cpu), 0) AS BIGINT), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM studies \
     WHERE moving IS DISTINCT FROM 'arriving' AND name NOT LIKE '%/%'";
pub const MEMBERS: &str = "SELECT u.name, u.display_name, m.role FROM members m JOIN users u ON u.id = m.user_id \
     WHERE m.project = $1";
pub const MEMBER_GROUPS: &str = "SELECT name, role FROM member_groups WHERE project = $1";
pub const SET_MEMBER: &str = "INSERT INTO members (project, user_id, role) VALUES ($1, $2, $3) \
     ON CONFLICT (project, user_id) DO UPDATE SET role = excluded.role";
pub const REMOVE_MEMBER: &str = "DELETE FROM members WHERE project = $1 AND user_id = $2";
pub const SET_MEMBER_GROUP: &str = "INSERT INTO member_groups (project, name, role) VALUES ($1, $2, $3) \
     ON CONFLICT (project, name) DO UPDATE SET role = excluded.role";
pub const REMOVE_MEMBER_GROUP: &str = "DELETE FROM member_groups WHERE project = $1 AND name = $2";
pub const ROLES: &str = "SELECT project, role FROM members WHERE user_id = $1 \
     UNION ALL SELECT m.project, m.role FROM member_groups m JOIN user_groups g ON g.name = m.name WHERE g.user_id = $1";

// The audit trail.
pub const INSERT_AUDIT: &str = "INSERT INTO audit (at, user_name, via, action, project, target, outcome, detail) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
pub const AUDIT: &str = "SELECT id, at, user_name, via, action, project, target, outcome, detail FROM audit WHERE id < $1 \
     AND ($2 IS NULL OR project = $2) AND ($3 IS NULL OR user_name = $3) AND ($4 IS NULL OR action = $4) \
     ORDER BY id DESC LIMIT $5";

// Secrets.
pub const SET_SECRET: &str = "INSERT INTO secrets (project, name, sealed, created, made_by) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (project, name) DO UPDATE SET sealed = excluded.sealed, created = excluded.created, \
     made_by = excluded.made_by";
pub const SECRETS: &str = "SELECT name, created, made_by FROM secrets WHERE project = $1";
pub const SECRET: &str = "SELECT sealed FROM secrets WHERE project = $1 AND name = $2";
pub const DELETE_SECRET: &str = "DELETE FROM secrets WHERE project = $1 AND name = $2";

// Applications.
pub const PUBLISH: &str = "INSERT INTO applications (project, name, version, definition, file, description, created, made_by) \
     SELECT $1, $2, COALESCE(MAX(version), 0) + 1, $3, $4, $5, $6, $7 FROM applications \
     WHERE project = $1 AND name = $2 RETURNING version";
pub const APPLICATIONS: &str = applications!(
    "WHERE ($1 IS NULL OR project = $1) \
     AND version = (SELECT MAX(version) FROM applications n WHERE n.project = a.project AND n.name = a.name)"
);
pub const APPLICATION_VERSIONS: &str =
    applications!("WHERE project = $1 AND name = $2 ORDER BY version DESC");
pub const APPLICATION: &str = applications!("WHERE project = $1 AND name = $2 AND version = $3");
pub const NEWEST_APPLICATION: &str =
    applications!("WHERE project = $1 AND name = $2 ORDER BY version DESC LIMIT 1");
pub const DEPRECATE: &str =
    "UPDATE applications SET deprecated = $4 WHERE project = $1 AND name = $2 AND version = $3";

// Requests that may come twice.
/// In one statement, so that of two at once one finds it there. `$5` is when an answer is forgotten, `$6` when a request was cut off.
pub const BEGIN_REQUEST: &str = "INSERT INTO requests (caller, key, hash, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (caller, key) DO UPDATE SET hash = excluded.hash, at = excluded.at, status = NULL, body = NULL \
     WHERE requests.at <= $5 OR (requests.status IS NULL AND requests.at <= $6) RETURNING at";
pub const REQUEST: &str = "SELECT hash, status, body FROM requests WHERE caller = $1 AND key = $2";
pub const FINISH_REQUEST: &str =
    "UPDATE requests SET status = $3, body = $4 WHERE caller = $1 AND key = $2 AND status IS NULL";
pub const FORGET_REQUEST: &str = "DELETE FROM requests WHERE caller = $1 AND key = $2 AND status IS NULL";

// What has expired.
pub const TIDY: [&str; 3] = [
    "DELETE FROM sessions WHERE expires <= $1",
    "DELETE FROM links WHERE expires <= $1 OR used IS NOT NULL",
    "DELETE FROM devices WHERE expires <= $1",
];
pub const TIDY_KEPT: [&str; 4] = [
    "DELETE FROM allocations WHERE ended <= $1",
    "DELETE FROM tokens WHERE expires <= $1",
    "DELETE FROM shares WHERE expires <= $1",
    "DELETE FROM worker_tokens WHERE expires <= $1",
];
pub const TIDY_REQUESTS: &str = "DELETE FROM requests WHERE at <= $1";

// Jobs.
pub const NEXT_JOB: &str = "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM jobs";
pub const PUT_JOB: &str = "INSERT INTO jobs (number, name, title, site, job, state, detail, outcome, terms, asked, began, ended, project, made_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
     ON CONFLICT (number) DO UPDATE SET job = excluded.job, state = excluded.state, detail = excluded.detail, \
     outcome = excluded.outcome, began = excluded.began, ended = excluded.ended";
pub const JOBS: &str = "SELECT number, name, title, site, job, state, detail, outcome, terms, asked, began, ended, project, made_by FROM jobs \
     ORDER BY number";
pub const DELETE_JOB: &str = "DELETE FROM jobs WHERE number = $1";

// Schedules.
pub const PUT_SCHEDULE: &str = "INSERT INTO schedules (name, cron, site, terms, next, job, told, project, made_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (project, name) DO UPDATE SET made_by = excluded.made_by, cron = excluded.cron, site = excluded.site, terms = excluded.terms, next = excluded.next";
pub const SCHEDULES: &str =
    "SELECT name, cron, site, terms, next, job, told, project, made_by FROM schedules";
pub const TAKE_TURN: &str = "UPDATE schedules SET next = $3 WHERE name = $1 AND next = $2 AND project = $4";
pub const NOTE_TURN: &str =
    "UPDATE schedules SET job = COALESCE($2, job), told = $3 WHERE name = $1 AND project = $4";
pub const DELETE_SCHEDULE: &str = "DELETE FROM schedules WHERE name = $1 AND project = $2";
