-- The next model's codes take the places of the ones in use.
DROP TABLE codes;
DROP TABLE embeddings;
ALTER TABLE next_codes RENAME TO codes;
ALTER TABLE next_embeddings RENAME TO embeddings;
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
