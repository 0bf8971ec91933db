-- Events carry the message that they tell of, and are read over all tenants by
-- the sender of webhooks.

ALTER TABLE mdm.event ADD COLUMN payload bytea;
ALTER TABLE mdm.event ALTER COLUMN payload SET STORAGE EXTERNAL;

-- One index in place of two: what is read is read in commit order.
ALTER TABLE mdm.event DROP CONSTRAINT event_pkey;
DROP INDEX mdm.event_order;
ALTER TABLE mdm.event ADD PRIMARY KEY (tenant_id, xid, event_id, at);
CREATE INDEX event_outbox ON mdm.event (xid, event_id);

COMMENT ON COLUMN mdm.event.payload IS
'The raw message of the device, sealed; null when there is none or when it is the
report that mdm.result keeps.';
COMMENT ON INDEX mdm.event_pkey IS
'events(): reading on from a cursor, in commit order.';
COMMENT ON INDEX mdm.event_outbox IS
'The sender of webhooks: reading on in commit order, over all tenants.';

ALTER TABLE mdm.enrollment ADD COLUMN token_update_count integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN mdm.enrollment.token_update_count IS
'TokenUpdates since the generation was opened, the one that made it live included.';
