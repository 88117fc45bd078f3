-- Format 2: studies and reports, checksums, a log of changes, and room for another model's codes.
ALTER TABLE records ADD COLUMN study TEXT;
ALTER TABLE records ADD COLUMN series TEXT;
ALTER TABLE records ADD COLUMN instance TEXT;
ALTER TABLE records ADD COLUMN modality TEXT;
ALTER TABLE records ADD COLUMN sex TEXT;
ALTER TABLE records ADD COLUMN age INTEGER;
ALTER TABLE records ADD COLUMN study_date TEXT;
-- A key of digits and dots is the SOP Instance UID; any other is the hash of a file.
UPDATE records SET instance = key WHERE key LIKE '%.%' AND key NOT GLOB '*[^0-9.]*';

-- SQLite has no checksums of its own: these are CRC-32, of a record's fields with its labels and report, and of each part.
ALTER TABLE records ADD COLUMN crc INTEGER;
ALTER TABLE codes ADD COLUMN crc INTEGER;
ALTER TABLE embeddings ADD COLUMN crc INTEGER;
ALTER TABLE thumbnails ADD COLUMN crc INTEGER;

-- Labels are compared without regard to case.
DROP INDEX labels_by_label;
CREATE INDEX labels_by_label ON labels (label COLLATE NOCASE);

CREATE TABLE reports (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    report TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE report_words USING fts5 (report, content = 'reports', content_rowid = 'record');
-- Else the words of a deleted report would stay until their part of the index is merged.
INSERT INTO report_words (report_words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER report_inserted AFTER INSERT ON reports BEGIN
    INSERT INTO report_words (rowid, report) VALUES (new.record, new.report);
END;
CREATE TRIGGER report_deleted AFTER DELETE ON reports BEGIN
    INSERT INTO report_words (report_words, rowid, report) VALUES ('delete', old.record, old.report);
END;

-- Every transaction has a generation of its own. A record that was inserted or deleted in one later than an index
-- was built from is what that index lacks; before the generation `rebuilt` it lacks everything.
INSERT INTO meta VALUES ('generation', '1'), ('rebuilt', '1');
CREATE TABLE changes (record INTEGER PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
CREATE INDEX changes_by_generation ON changes (generation);
CREATE TRIGGER record_inserted AFTER INSERT ON records BEGIN
    INSERT INTO changes SELECT new.id, value FROM meta WHERE name = 'generation';
END;
CREATE TRIGGER record_deleted AFTER DELETE ON records BEGIN
    INSERT INTO changes SELECT old.id, value FROM meta WHERE name = 'generation'
        ON CONFLICT (record) DO UPDATE SET generation = excluded.generation;
END;

-- What a re-indexing has made so far of another model's codes. They take the places of the tables without `next_`.
CREATE TABLE next_codes (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    code BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;
CREATE TABLE next_embeddings (
    record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;
