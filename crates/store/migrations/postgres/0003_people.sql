-- As for SQLite; the types and the triggers differ. Secrets are not kept: `hash` is a SHA-256 of something
-- drawn at random, `password` a text in the PHC format, `sealed` was encrypted before it came here. Times are in microseconds, and
-- whether something holds is 0 or 1, in both engines.
CREATE TABLE users (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    email         TEXT,
    source        TEXT NOT NULL,
    subject       TEXT,
    password      TEXT,
    administrator BIGINT NOT NULL,
    disabled      BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    seen          BIGINT,
    UNIQUE (source, subject)
);

-- The groups of a user as the source named them at the last login.
CREATE TABLE user_groups (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (user_id, name)
);

-- One-time links. The one for the first administrator is of no user.
CREATE TABLE links (
    hash    BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT,
    used    BIGINT
);

CREATE TABLE sessions (
    hash    BYTEA NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT,
    used    BIGINT NOT NULL
);
CREATE INDEX sessions_of_users ON sessions (user_id);

-- A project is named by its studies as well, see below.
CREATE TABLE projects (
    name       TEXT NOT NULL PRIMARY KEY,
    title      TEXT NOT NULL,
    created    BIGINT NOT NULL,
    quota_runs BIGINT,
    quota_cpu  BIGINT,
    quota_size BIGINT,
    share      BIGINT NOT NULL
);
INSERT INTO projects (name, title, created, share) VALUES ('default', 'Default', (extract(epoch FROM now()) * 1000000)::bigint, 1);

CREATE TABLE members (
    project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    PRIMARY KEY (project, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE member_groups (
    project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    PRIMARY KEY (project, name)
);

-- `scopes` are words with blanks between them.
CREATE TABLE tokens (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash    BYTEA NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    scopes  TEXT NOT NULL,
    project TEXT REFERENCES projects (name) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT,
    used    BIGINT
);
CREATE INDEX tokens_of_users ON tokens (user_id);

-- Logins of devices. `user_id` is who answered.
CREATE TABLE devices (
    hash      BYTEA NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT,
    state     TEXT NOT NULL,
    user_id   BIGINT REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE shares (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash    BYTEA NOT NULL UNIQUE,
    study   BIGINT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    made_by TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT
);
CREATE INDEX shares_of_studies ON shares (study);

CREATE TABLE secrets (
    project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    sealed  BYTEA NOT NULL,
    created BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    PRIMARY KEY (project, name)
);

CREATE TABLE applications (
    project     TEXT NOT NULL REFERENCES projects (name),
    name        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    definition  TEXT NOT NULL,
    file        TEXT NOT NULL,
    description TEXT,
    deprecated  TEXT,
    created     BIGINT NOT NULL,
    made_by     TEXT NOT NULL,
    PRIMARY KEY (project, name, version)
);

-- Answers to requests that may come twice; without an answer while one is being carried out.
CREATE TABLE requests (
    caller TEXT NOT NULL,
    key    TEXT NOT NULL,
    hash   BYTEA NOT NULL,
    at     BIGINT NOT NULL,
    status BIGINT,
    body   BYTEA,
    PRIMARY KEY (caller, key)
);

-- Only added to: the database itself refuses everything else.
CREATE TABLE audit (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        BIGINT NOT NULL,
    user_name TEXT,
    via       TEXT NOT NULL,
    action    TEXT NOT NULL,
    project   TEXT,
    target    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    detail    TEXT NOT NULL
);
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is only added to'; END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();

-- The name of a study of a project other than `default` is `project/name` from here on, so that names and versions are of their
-- projects. What a study uses is kept beside its counts, so that a project can be added up.
ALTER TABLE studies ADD COLUMN cpu BIGINT NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
UPDATE studies SET
    cpu = COALESCE(substring(counts FROM '"cpu":([0-9]{1,18})[^0-9]')::bigint, 0),
    size = COALESCE((
        SELECT SUM(length(head) + length(data) + COALESCE(length(output), 0)) FROM batches WHERE study = studies.id
    ), 0);
