-- Attributes are found by numbers, booleans and times, too. Under row-level security
-- no index serves a comparison of numeric, which may raise.

ALTER TABLE mdm.attribute ADD COLUMN value_float double precision
    GENERATED ALWAYS AS (CASE WHEN value_number = 0
                                OR abs(value_number) BETWEEN 1e-300 AND 1e300
                              THEN value_number::double precision END) STORED;
CREATE INDEX attribute_float ON mdm.attribute (tenant_id, name, value_float, enrollment_id)
    WHERE value_float IS NOT NULL;
CREATE INDEX attribute_boolean ON mdm.attribute (tenant_id, name, value_boolean, enrollment_id)
    WHERE value_boolean IS NOT NULL;
CREATE INDEX attribute_time ON mdm.attribute (tenant_id, name, value_time, enrollment_id)
    WHERE value_time IS NOT NULL;

COMMENT ON COLUMN mdm.attribute.value_float IS
'value_number as it is sought and compared; null when it is out of range.';
COMMENT ON INDEX mdm.attribute_float IS
'enrollments(): the channels whose attribute is this number. target_facts(): is there
an attribute of this name?';
COMMENT ON INDEX mdm.attribute_boolean IS
'enrollments(): the channels whose attribute is true, or false. target_facts(): is
there an attribute of this name?';
COMMENT ON INDEX mdm.attribute_time IS
'enrollments(): the channels whose attribute is this time. target_facts(): is there an
attribute of this name?';
