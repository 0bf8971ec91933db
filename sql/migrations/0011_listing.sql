-- Indexes of the API's listings: each gives its rows in the order in which they
-- are shown, so that a page never sorts what the filter leaves.

DROP INDEX mdm.attribute_text;
CREATE INDEX attribute_text ON mdm.attribute (tenant_id, name, value_text, enrollment_id)
    WHERE value_text IS NOT NULL AND octet_length(value_text) <= 512;
CREATE INDEX enrollment_user ON mdm.enrollment
    (tenant_id, user_short_name COLLATE "C", device_id, user_id)
    WHERE user_short_name IS NOT NULL;
CREATE INDEX event_refused ON mdm.event (tenant_id, enrollment_id, at)
    WHERE type IN ('identity_refused', 'identity_clone');

COMMENT ON INDEX mdm.attribute_text IS
'enrollments(): the channels whose text attribute has a value or a prefix, in the
order of value and channel.';
COMMENT ON INDEX mdm.enrollment_user IS
'enrollments(): the channels of a user''s short name or of a prefix of it.';
COMMENT ON INDEX mdm.event_refused IS
'enrollment_why(): was this channel refused for its certificate of late?';
