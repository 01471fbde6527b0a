-- A stand-in for Citus, for machines without it. It moves nothing: it holds the tables to the rules that Citus states
-- for distributed and reference tables, and remembers what was asked.

CREATE TABLE citus_asked (
    asked serial, name regclass PRIMARY KEY, kind text NOT NULL, by_column text, beside text, shards int
);

CREATE VIEW citus_tables AS
    SELECT name AS table_name, kind AS citus_table_type, coalesce(by_column, '<none>') AS distribution_column
    FROM citus_asked;

-- Where a column stands in a list of columns of a table; null if it does not.
CREATE FUNCTION place_of(of_table regclass, named text, in_columns int2[]) RETURNS int LANGUAGE sql AS $$
    SELECT array_position(in_columns, attnum) FROM pg_attribute WHERE attrelid = of_table AND attname = named
$$;

CREATE FUNCTION check_foreign_keys(of_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE rule record; target citus_asked;
BEGIN
    FOR rule IN SELECT * FROM pg_constraint WHERE conrelid = of_table AND contype = 'f' LOOP
        SELECT * INTO target FROM citus_asked WHERE name = rule.confrelid;
        IF target IS NULL THEN
            RAISE EXCEPTION '% refers to %, which is not distributed yet', of_table, rule.confrelid::regclass;
        END IF;
        CONTINUE WHEN target.kind = 'reference';
        IF (SELECT kind FROM citus_asked WHERE name = of_table) = 'reference' THEN
            RAISE EXCEPTION 'the reference table % refers to the distributed table %', of_table, target.name;
        END IF;
        IF place_of(of_table, 'handle', rule.conkey) IS DISTINCT FROM place_of(rule.confrelid, 'handle', rule.confkey)
            OR place_of(of_table, 'handle', rule.conkey) IS NULL
        THEN
            RAISE EXCEPTION 'the foreign key % does not hold the distribution column on both sides', rule.conname;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE bad regclass;
BEGIN
    SELECT indexrelid INTO bad FROM pg_index
    WHERE indrelid = table_name AND indisunique AND place_of(table_name, distribution_column, indkey::int2[]) IS NULL;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the unique index % does not hold the distribution column', bad;
    END IF;
    IF colocate_with NOT IN ('none', 'default') THEN
        IF shard_count IS NOT NULL THEN
            RAISE EXCEPTION 'shard_count cannot be given together with colocate_with';
        END IF;
        IF NOT EXISTS (SELECT FROM citus_asked WHERE name = colocate_with::regclass AND kind = 'distributed') THEN
            RAISE EXCEPTION 'relation % is not distributed', colocate_with;
        END IF;
    END IF;
    INSERT INTO citus_asked (name, kind, by_column, beside, shards)
    VALUES (table_name, 'distributed', distribution_column, colocate_with, shard_count);
    PERFORM check_foreign_keys(table_name);
END $$;

CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO citus_asked (name, kind) VALUES (table_name, 'reference');
    PERFORM check_foreign_keys(table_name);
END $$;
