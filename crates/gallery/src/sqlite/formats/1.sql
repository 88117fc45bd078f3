-- A gallery's tables. An id is never used twice, so that a deleted picture's id never names another.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    patient TEXT,
    source TEXT,
    view TEXT,
    body_part TEXT,
    licence TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL
) STRICT;
CREATE INDEX records_by_patient ON records (patient) WHERE patient IS NOT NULL;

CREATE TABLE labels (
    record INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (record, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_label ON labels (label);

-- Apart from the records, so that reading all codes reads nothing else.
CREATE TABLE codes (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    code BLOB NOT NULL
) STRICT;
CREATE TABLE embeddings (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL
) STRICT;
CREATE TABLE thumbnails (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    thumbnail BLOB NOT NULL
) STRICT;
