-- What devices list of themselves, item by item: apps, profiles, certificates.

ALTER TABLE mdm.command ADD COLUMN part boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN mdm.command.part IS
'It asks for some items of a list, or for some of what is known of them: what its
answer does not name is not gone.';

CREATE TABLE mdm.inventory_list (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    list           text COLLATE "C" NOT NULL,
    asked_at       timestamptz NOT NULL,
    whole_at       timestamptz,
    seen_at        timestamptz,
    changed_at     timestamptz NOT NULL,
    items          integer NOT NULL DEFAULT 0,
    digest         bytea,
    PRIMARY KEY (tenant_id, enrollment_id, list)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE mdm.inventory_item (
    tenant_id      bigint NOT NULL,
    enrollment_id  bigint NOT NULL,
    list           text COLLATE "C" NOT NULL,
    key            text COLLATE "C" NOT NULL
                   CHECK (octet_length(key) BETWEEN 1 AND 256),
    value          jsonb NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    gone_at        timestamptz,
    PRIMARY KEY (tenant_id, enrollment_id, list, key)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX inventory_item_key ON mdm.inventory_item (tenant_id, list, key, enrollment_id)
    WHERE gone_at IS NULL;
CREATE INDEX inventory_item_gone ON mdm.inventory_item (gone_at)
    WHERE gone_at IS NOT NULL;

DO $$
DECLARE
    v_table  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['inventory_list', 'inventory_item'] LOOP
        EXECUTE format('ALTER TABLE mdm.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE mdm.%I FORCE ROW LEVEL SECURITY', v_table);
        EXECUTE format(
            'CREATE POLICY tenant ON mdm.%I USING (tenant_id = '
            'nullif(current_setting(''mdm.tenant'', true), '''')::bigint)', v_table);
    END LOOP;
END
$$;

CREATE POLICY due ON mdm.inventory_item FOR SELECT TO mdm_job
    USING (gone_at < now() - interval '30 days');

COMMENT ON TABLE mdm.inventory_list IS
'One row per channel and list that an answer told of. An answer that changes nothing
writes this row alone: items that are there were last seen when their list was.';
COMMENT ON COLUMN mdm.inventory_list.asked_at IS
'When the newest command that was answered went out: an answer is as old as that,
whenever it comes, and what an older one says overwrites nothing.';
COMMENT ON COLUMN mdm.inventory_list.whole_at IS
'asked_at of the newest answer that was no part; null: there was none.';
COMMENT ON COLUMN mdm.inventory_list.seen_at IS
'When an answer that was no part last came; null: none did.';
COMMENT ON COLUMN mdm.inventory_list.changed_at IS
'When an item last came, changed or went.';
COMMENT ON COLUMN mdm.inventory_list.items IS 'How many items are there.';
COMMENT ON COLUMN mdm.inventory_list.digest IS
'SHA-256 of the items as the newest answer told them; null: it was a part, or older than
another. An answer that is the same has nothing to compare.';
COMMENT ON INDEX mdm.inventory_list_pkey IS
'report() writes by it; inventory_lists(), inventory_items(): those of one channel.';
COMMENT ON TABLE mdm.inventory_item IS
'Items of lists, by keys that plugins tell; nothing secret. Those that are gone stay
for 30 days, and no list has more than 20000 items with them.';
COMMENT ON COLUMN mdm.inventory_item.seen_at IS
'When the item itself was last seen; what is not gone was seen with its list, too.';
COMMENT ON COLUMN mdm.inventory_item.gone_at IS
'When an answer that was no part came without it; null: it is there.';
COMMENT ON INDEX mdm.inventory_item_pkey IS
'report() writes by it; inventory_items(): one list, in the order of keys.';
COMMENT ON INDEX mdm.inventory_item_key IS
'inventory_search(): which channels have an item, or items with a prefix.';
COMMENT ON INDEX mdm.inventory_item_gone IS
'sweep(): items that are gone for 30 days, over all tenants.';
