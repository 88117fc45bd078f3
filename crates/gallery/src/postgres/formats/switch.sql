-- The next model's codes take the places of the ones in use. `{bits}` is their length.
LOCK TABLE meta IN ACCESS EXCLUSIVE MODE;
DROP VIEW radiographs;
DROP TABLE codes, embeddings;
ALTER TABLE next_codes RENAME TO codes;
ALTER TABLE next_embeddings RENAME TO embeddings;
UPDATE meta SET model = next_model, bits = next_bits, dimensions = next_dimensions, rebuilt = rebuilt + 1,
                next_model = NULL, next_bits = NULL, next_dimensions = NULL;
SELECT make_codes('next_', {bits}, (rebuilt + 1)::text) FROM meta;
SELECT make_view(), grant_rights();
