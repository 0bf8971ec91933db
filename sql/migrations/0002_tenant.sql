-- Tenants, how they are found, who may speak for them, and what workers share.

CREATE TABLE mdm.tenant (
    tenant_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL
                 CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    device_ca    text NOT NULL DEFAULT '',
    settings     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    version      bigint NOT NULL DEFAULT 1,
    changed_xid  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX tenant_name ON mdm.tenant (name);
CREATE INDEX tenant_changed ON mdm.tenant (changed_xid);

COMMENT ON TABLE mdm.tenant IS
'One customer. device_ca holds, as PEM, every CA whose certificates its devices
may show. version and changed_xid rise with every change of what workers cache.
Readable without a tenant being set, because this is where one is found.';
COMMENT ON INDEX mdm.tenant_pkey IS 'Everything that names a tenant.';
COMMENT ON INDEX mdm.tenant_name IS 'tenant_load() by name; names are unique.';
COMMENT ON INDEX mdm.tenant_changed IS 'tenant_changes(): rows since a transaction.';

CREATE TABLE mdm.tenant_host (
    host       text PRIMARY KEY CHECK (host = lower(host) AND host <> ''),
    tenant_id  bigint NOT NULL REFERENCES mdm.tenant
);

CREATE INDEX tenant_host_tenant ON mdm.tenant_host (tenant_id);

COMMENT ON TABLE mdm.tenant_host IS
'Host names, in lower case and without port, that lead to a tenant.';
COMMENT ON INDEX mdm.tenant_host_pkey IS 'tenant_load() by host; one tenant per host.';
COMMENT ON INDEX mdm.tenant_host_tenant IS 'tenant_list(): the hosts of one tenant.';

CREATE TABLE mdm.api_token (
    tenant_id     bigint NOT NULL REFERENCES mdm.tenant,
    token_id      bigint GENERATED ALWAYS AS IDENTITY,
    name          text NOT NULL CHECK (name <> ''),
    token_hash    bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    scopes        text[] NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    PRIMARY KEY (tenant_id, token_id)
);

CREATE UNIQUE INDEX api_token_hash ON mdm.api_token (token_hash);

COMMENT ON TABLE mdm.api_token IS
'API tokens as SHA-256, never in clear. last_used_at is exact to an hour.';
COMMENT ON INDEX mdm.api_token_pkey IS 'token_list(), token_revoke().';
COMMENT ON INDEX mdm.api_token_hash IS 'token_check(): one token by its hash.';

CREATE TABLE mdm.secret_key (
    key_id       bytea PRIMARY KEY,
    check_value  bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz
);

COMMENT ON TABLE mdm.secret_key IS
'Ids of the keys that seal values, never the keys. A worker proves that it holds
the right key by opening check_value; one that cannot must not write.';
COMMENT ON INDEX mdm.secret_key_pkey IS 'secret_key_register(), secret_key_retire().';

CREATE TABLE mdm.lease (
    name   text PRIMARY KEY,
    owner  text NOT NULL,
    until  timestamptz NOT NULL
);

COMMENT ON TABLE mdm.lease IS
'Who does a piece of background work now. A lease is free once until has passed,
so a dead worker holds nothing.';
COMMENT ON INDEX mdm.lease_pkey IS 'lease_take(): one lease by name.';
