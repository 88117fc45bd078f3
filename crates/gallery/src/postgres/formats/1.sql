-- A gallery's tables in PostgreSQL with pgvector. `{bits}` is the length of the codes. An id is never used twice.
--
-- Rows are spread over partitions from the beginning, so that a gallery that outgrows a disk can move some of them.
CREATE SCHEMA skiagraph;
SET LOCAL search_path = skiagraph, public;

-- What the gallery says of itself: one row. `rebuilt` counts how often all codes were replaced.
CREATE TABLE meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    format integer NOT NULL,
    gallery uuid NOT NULL DEFAULT gen_random_uuid(),
    model text NOT NULL,
    bits integer NOT NULL,
    dimensions integer,
    rebuilt bigint NOT NULL DEFAULT 1,
    next_model text,
    next_bits integer,
    next_dimensions integer
);

-- Partitions of a table by hash, named after it and `tag`.
CREATE FUNCTION partition(parent text, tag text) RETURNS void LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
                       parent || '_' || tag || '_' || lpad(i::text, 2, '0'), parent, i);
    END LOOP;
END $$;

-- A key is unique across partitions only by a table of its own.
CREATE SEQUENCE ids AS bigint;
CREATE TABLE keys (
    key text COLLATE "C" PRIMARY KEY,
    id bigint NOT NULL DEFAULT nextval('ids')
) PARTITION BY HASH (key);
SELECT partition('keys', 'p');

-- Text is compared by its bytes; `lower` then changes ASCII letters alone, as everywhere in this program.
CREATE TABLE records (
    id bigint PRIMARY KEY,
    key text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    patient text COLLATE "C",
    study text COLLATE "C",
    series text COLLATE "C",
    instance text COLLATE "C",
    modality text COLLATE "C",
    body_part text COLLATE "C",
    view text COLLATE "C",
    sex text COLLATE "C",
    age bigint,
    study_date date,
    source text COLLATE "C",
    licence text COLLATE "C",
    width bigint NOT NULL,
    height bigint NOT NULL
) PARTITION BY HASH (id);
SELECT partition('records', 'p');
CREATE INDEX records_by_patient ON records (patient) WHERE patient IS NOT NULL;

CREATE TABLE labels (
    record bigint NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    position integer NOT NULL,
    label text COLLATE "C" NOT NULL,
    PRIMARY KEY (record, position)
) PARTITION BY HASH (record);
SELECT partition('labels', 'p');
CREATE INDEX labels_by_label ON labels (lower(label));

-- Words are runs of letters and digits, in small letters; the program takes those of a filter in the same way.
CREATE FUNCTION report_words(report text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple', regexp_replace(lower(report), '[^[:alnum:]]+', ' ', 'g'))
$$;
CREATE TABLE reports (
    record bigint PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    report text NOT NULL,
    words tsvector GENERATED ALWAYS AS (skiagraph.report_words(report)) STORED
) PARTITION BY HASH (record);
SELECT partition('reports', 'p');
CREATE INDEX reports_by_word ON reports USING gin (words);

-- Codes and embeddings of a model; those of the next one are in tables of the same form.
CREATE FUNCTION make_codes(prefix text, bits integer, tag text) RETURNS void
LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (record bigint PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
                    code bit(%s) NOT NULL) PARTITION BY HASH (record)', prefix || 'codes', bits);
    EXECUTE format('CREATE TABLE %I (record bigint PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
                    embedding halfvec NOT NULL) PARTITION BY HASH (record)', prefix || 'embeddings');
    PERFORM partition(prefix || 'codes', tag), partition(prefix || 'embeddings', tag);
END $$;
SELECT make_codes('', {bits}, '1');

-- JPEG files are compressed already.
CREATE TABLE thumbnails (
    record bigint PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    thumbnail bytea NOT NULL
) PARTITION BY HASH (record);
ALTER TABLE thumbnails ALTER COLUMN thumbnail SET STORAGE EXTERNAL;
SELECT partition('thumbnails', 'p');

-- Which transaction last inserted or deleted a record. Transactions end in another order than they begin: whoever follows has
-- to read again from the oldest one that was still running, which `pg_snapshot_xmin` names. Writers so need no common lock.
CREATE TABLE changes (
    record bigint PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY HASH (record);
SELECT partition('changes', 'p');
CREATE INDEX changes_by_transaction ON changes (xid);

CREATE FUNCTION record_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    INSERT INTO changes (record) VALUES (new.id)
        ON CONFLICT (record) DO UPDATE SET xid = pg_current_xact_id();
    RETURN NULL;
END $$;
CREATE FUNCTION record_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    DELETE FROM keys WHERE key = old.key;
    INSERT INTO changes (record) VALUES (old.id)
        ON CONFLICT (record) DO UPDATE SET xid = pg_current_xact_id();
    RETURN NULL;
END $$;
CREATE TRIGGER record_inserted AFTER INSERT ON records FOR EACH ROW EXECUTE FUNCTION record_inserted();
CREATE TRIGGER record_deleted AFTER DELETE ON records FOR EACH ROW EXECUTE FUNCTION record_deleted();

-- Wakes who follows: one notification a transaction, however many changes it has.
CREATE FUNCTION notify_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY skiagraph;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_inserted AFTER INSERT ON records FOR EACH STATEMENT EXECUTE FUNCTION notify_changes();
CREATE TRIGGER notify_deleted AFTER DELETE ON records FOR EACH STATEMENT EXECUTE FUNCTION notify_changes();
CREATE TRIGGER notify_meta AFTER UPDATE ON meta FOR EACH STATEMENT EXECUTE FUNCTION notify_changes();

-- Adds a record, given as the program's JSON, or finds its key.
CREATE FUNCTION add(entry jsonb, new_code bit, new_embedding halfvec, new_thumbnail bytea,
                    OUT new_id bigint, OUT is_new boolean)
LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    LOOP
        SELECT id INTO new_id FROM keys WHERE key = entry ->> 'key';
        is_new := new_id IS NULL;
        EXIT WHEN NOT is_new;
        -- Waits for a transaction that is inserting the same key.
        INSERT INTO keys (key) VALUES (entry ->> 'key') ON CONFLICT DO NOTHING RETURNING id INTO new_id;
        EXIT WHEN new_id IS NOT NULL;
    END LOOP;
    IF NOT is_new THEN RETURN; END IF;
    INSERT INTO records
        SELECT (jsonb_populate_record(NULL::records, entry || jsonb_build_object('id', new_id))).*;
    INSERT INTO labels (record, position, label)
        SELECT new_id, position - 1, label
        FROM jsonb_array_elements_text(entry -> 'labels') WITH ORDINALITY AS l (label, position);
    IF entry ->> 'report' IS NOT NULL THEN
        INSERT INTO reports (record, report) VALUES (new_id, entry ->> 'report');
    END IF;
    INSERT INTO codes VALUES (new_id, new_code);
    INSERT INTO embeddings VALUES (new_id, new_embedding);
    INSERT INTO thumbnails VALUES (new_id, new_thumbnail);
END $$;

-- Pictures that wait for a worker to encode them. Of those that a worker has claimed, `lease` says until when; one whose lease
-- has ended is claimed anew. What failed too often stays, with its reason, until somebody looks at it.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,
    record jsonb NOT NULL,
    picture bytea NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT now(),
    claim uuid,
    worker text,
    failure text,
    set_aside boolean NOT NULL DEFAULT false
);
ALTER TABLE jobs ALTER COLUMN picture SET STORAGE EXTERNAL;
CREATE INDEX jobs_by_due ON jobs (due, id) WHERE NOT set_aside;

-- For those who ask in SQL: every radiograph with its labels and its code.
CREATE FUNCTION make_view() RETURNS void LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    CREATE VIEW radiographs AS
        SELECT records.*, ARRAY(SELECT label FROM labels WHERE record = id ORDER BY position) AS labels, code
        FROM records JOIN codes ON codes.record = id;
END $$;
SELECT make_view();

-- The nearest codes by Hamming distance, exactly; of equal distance the lower id first. `among` limits who may answer.
CREATE FUNCTION nearest(query bit, k integer, among bigint[] DEFAULT NULL)
RETURNS TABLE (id bigint, distance integer) LANGUAGE sql STABLE SET search_path = skiagraph, public AS $$
    SELECT record, (code <~> query)::integer AS distance FROM codes
    WHERE among IS NULL OR record = ANY (among)
    ORDER BY code <~> query, record LIMIT k
$$;

-- Who may do what. Roles are the whole server's: whoever may not make them asks who may. Members of `skiagraph_reader` search,
-- those of `skiagraph_writer` insert and delete too; to re-index to another model takes the owner of the schema.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'skiagraph_reader') THEN
        CREATE ROLE skiagraph_reader NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'skiagraph_writer') THEN
        CREATE ROLE skiagraph_writer NOLOGIN IN ROLE skiagraph_reader;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the roles skiagraph_reader and skiagraph_writer are missing';
END $$;
CREATE FUNCTION grant_rights() RETURNS void LANGUAGE plpgsql SET search_path = skiagraph, public AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skiagraph_reader') THEN
        GRANT USAGE ON SCHEMA skiagraph TO skiagraph_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA skiagraph TO skiagraph_reader;
        REVOKE SELECT ON jobs FROM skiagraph_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'skiagraph_writer') THEN
        GRANT USAGE ON SEQUENCE ids TO skiagraph_writer;
        GRANT UPDATE (dimensions) ON meta TO skiagraph_writer;
        GRANT INSERT, DELETE ON keys, records, labels, reports, codes, embeddings, thumbnails TO skiagraph_writer;
        GRANT INSERT, UPDATE ON changes TO skiagraph_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO skiagraph_writer;
    END IF;
END $$;
SELECT make_codes('next_', {bits}, '2');
SELECT grant_rights();
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA skiagraph FROM PUBLIC;
DO $$
BEGIN
    GRANT EXECUTE ON FUNCTION nearest, report_words TO skiagraph_reader;
    GRANT EXECUTE ON FUNCTION add TO skiagraph_writer;
EXCEPTION WHEN undefined_object THEN NULL;
END $$;
