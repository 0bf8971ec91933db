-- Rights of the three roles that log in: what their functions need and no more.
-- Run after the functions by every `mdmctl migrate`.

GRANT USAGE ON SCHEMA mdm, @revision@ TO mdm_device, mdm_api, mdm_job;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mdm, @revision@ FROM PUBLIC;

-- What every worker reads before it knows a tenant.
GRANT SELECT ON mdm.schema_version, mdm.secret_key, mdm.tenant, mdm.tenant_host,
                mdm.command_state, mdm.command_move
   TO mdm_device, mdm_api, mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.startup, @revision@.tenant_load,
                          @revision@.tenant_changes
   TO mdm_device, mdm_api, mdm_job;

-- Devices: no deleting of history, no tokens, no audit.
GRANT SELECT, INSERT, UPDATE ON mdm.enrollment, mdm.enrollment_seen, mdm.identity,
                                mdm.idempotency, mdm.result
   TO mdm_device;
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.queue, mdm.attribute TO mdm_device;
GRANT SELECT, INSERT ON mdm.command, mdm.secret TO mdm_device;
GRANT INSERT ON mdm.event TO mdm_device;
GRANT EXECUTE ON FUNCTION @revision@.poll, @revision@.deliver, @revision@.report,
                          @revision@.seen, @revision@.next_command,
                          @revision@.report_one, @revision@.report_many,
                          @revision@.report_late, @revision@.report_unasked,
                          @revision@.report_not_now,
                          @revision@.attributes_set, @revision@.identity_check,
                          @revision@.renewal_open, @revision@.authenticate,
                          @revision@.token_update, @revision@.generation_open,
                          @revision@.renewal_finish, @revision@.check_out,
                          @revision@.pending_drop, @revision@.pending_bind,
                          @revision@.queue_close, @revision@.queue_finish,
                          @revision@.bootstrap_token_set,
                          @revision@.bootstrap_token_get,
                          @revision@.identity_roll_back,
                          @revision@.identity_refused, @revision@.enrollment_lock,
                          @revision@.message_event
   TO mdm_device;

-- Devices: effects of reports. Deleting is what keeps a history of secrets short.
GRANT DELETE ON mdm.secret TO mdm_device;
GRANT EXECUTE ON FUNCTION @revision@.report_types, @revision@.effects_apply,
                          @revision@.effects_command, @revision@.secret_keep,
                          @revision@.report_effects
   TO mdm_device;

-- Devices: lists of what they have.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.inventory_list, mdm.inventory_item
   TO mdm_device;
GRANT EXECUTE ON FUNCTION @revision@.inventory_apply, @revision@.inventory_drop
   TO mdm_device;

-- Devices: what commands want at their delivery.
GRANT EXECUTE ON FUNCTION @revision@.wanted, @revision@.wanted_value,
                          @revision@.wanted_secret, @revision@.delivery_failed,
                          @revision@.rfc3339
   TO mdm_device;

-- The API: no device secrets, no tokens but their last use.
GRANT SELECT ON mdm.enrollment_seen, mdm.attribute TO mdm_api;
GRANT SELECT, UPDATE ON mdm.enrollment, mdm.identity TO mdm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.queue TO mdm_api;
GRANT SELECT, INSERT ON mdm.command, mdm.result, mdm.audit TO mdm_api;
GRANT SELECT, INSERT, UPDATE ON mdm.idempotency TO mdm_api;
GRANT SELECT, UPDATE (last_used_at) ON mdm.api_token TO mdm_api;
GRANT INSERT ON mdm.event TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.token_check, @revision@.enqueue,
                          @revision@.enrollments, @revision@.enrollment_queue,
                          @revision@.enrollment_history, @revision@.command_cancel,
                          @revision@.command_release, @revision@.enrollment_end,
                          @revision@.identity_revoke, @revision@.queue_close,
                          @revision@.queue_finish, @revision@.enrollment_lock,
                          @revision@.rfc3339, @revision@.is_dormant,
                          @revision@.token_refused
   TO mdm_api;

-- The API: commands.
GRANT UPDATE (targets) ON mdm.command TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.commands_cancel, @revision@.queue_cancel,
                          @revision@.command_release_all, @revision@.command_show,
                          @revision@.command_targets, @revision@.command_payload
   TO mdm_api;

-- The API: enrolments.
GRANT SELECT ON mdm.secret, mdm.event TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.enrollment_items, @revision@.enrollment_known,
                          @revision@.enrollment_show, @revision@.enrollment_why,
                          @revision@.enrollment_secret, @revision@.enrollment_secrets,
                          @revision@.enrollment_report,
                          @revision@.written_id, @revision@.micros
   TO mdm_api;

-- The API: effects of a report that is kept.
GRANT INSERT, UPDATE, DELETE ON mdm.attribute TO mdm_api;
GRANT INSERT, DELETE ON mdm.secret TO mdm_api;
GRANT UPDATE (effects_at, effects_failed) ON mdm.result TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.effects_open, @revision@.effects_again,
                          @revision@.effects_apply, @revision@.effects_command,
                          @revision@.secret_keep, @revision@.attributes_set
   TO mdm_api;

-- The API: lists of what devices have, also from a report that is kept.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.inventory_list, mdm.inventory_item
   TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.inventory_apply, @revision@.inventory_lists,
                          @revision@.inventory_items, @revision@.inventory_search
   TO mdm_api;

-- The API: what is known of enrolments, for typed commands, and given by operators.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.attribute TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.target_facts, @revision@.attribute_known,
                          @revision@.enrollment_attributes,
                          @revision@.attributes_json, @revision@.attributes_set
   TO mdm_api;

-- The API: events and audit.
GRANT SELECT ON mdm.event, mdm.audit TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.events, @revision@.audit_list,
                          @revision@.written_id, @revision@.micros
   TO mdm_api;

-- The API: push certificates; it stores keys and never reads one.
GRANT INSERT, UPDATE ON mdm.push_certificate TO mdm_api;
GRANT SELECT (tenant_id, topic, version, certificate, not_before, not_after, subject,
              issuer, serial, fingerprint, stored_at, public_key, development,
              apple_account, note, warned_days)
   ON mdm.push_certificate TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.push_certificate_store,
                          @revision@.push_certificate_key,
                          @revision@.push_certificate_get,
                          @revision@.push_certificate_list,
                          @revision@.rfc3339_seconds
   TO mdm_api;

-- The API: requests for push certificates, whose keys it reads to seal them anew.
GRANT SELECT, INSERT, DELETE ON mdm.push_request TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.push_request_create,
                          @revision@.push_request_list,
                          @revision@.push_request_delete
   TO mdm_api;

-- The API: profiles; it opens them, and signs with the tenant's key.
GRANT SELECT, INSERT, DELETE ON mdm.profile TO mdm_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.signing_certificate TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.profile_store, @revision@.profile_list,
                          @revision@.profile_get, @revision@.profile_delete,
                          @revision@.signing_certificate_store,
                          @revision@.signing_certificate_get,
                          @revision@.signing_certificate_delete
   TO mdm_api;

-- The API: webhooks.
GRANT SELECT ON mdm.webhook, mdm.webhook_failure, mdm.event TO mdm_api;
GRANT SELECT, INSERT, DELETE ON mdm.webhook_replay TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.webhooks, @revision@.webhook_failures,
                          @revision@.webhook_replay
   TO mdm_api;

-- The sender of webhooks.
GRANT SELECT, INSERT, UPDATE ON mdm.webhook, mdm.webhook_failure TO mdm_job;
GRANT DELETE ON mdm.webhook_failure TO mdm_job;
GRANT SELECT, UPDATE, DELETE ON mdm.webhook_replay TO mdm_job;
GRANT SELECT ON mdm.event, mdm.result TO mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.webhook_open, @revision@.webhook_next,
                          @revision@.webhook_done, @revision@.webhook_state,
                          @revision@.webhook_set_aside, @revision@.rfc3339,
                          @revision@.micros
   TO mdm_job;

-- Devices: a token that ends a stop, commands that follow, and enrolments that end.
GRANT SELECT (tenant_id, enrollment_id, topic, wanted_at, due_at, claimed_at, failures,
              stopped),
      INSERT (tenant_id, enrollment_id, topic, wanted_at, due_at),
      UPDATE (topic, wanted_at, due_at, stopped, step, failures), DELETE
   ON mdm.push TO mdm_device;
GRANT SELECT (tenant_id, enrollment_id), DELETE ON mdm.push_stop TO mdm_device;
GRANT EXECUTE ON FUNCTION @revision@.push_follow, @revision@.push_forget,
                          @revision@.push_notnow, @revision@.push_begin,
                          @revision@.push_token
   TO mdm_device;

-- The API: pushes.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.push TO mdm_api;
GRANT SELECT, INSERT, UPDATE ON mdm.push_topic TO mdm_api;
GRANT SELECT, DELETE ON mdm.push_stop TO mdm_api;
GRANT SELECT (name, until) ON mdm.lease TO mdm_api;
GRANT EXECUTE ON FUNCTION @revision@.push_wish, @revision@.push_follow,
                          @revision@.push_begin,
                          @revision@.push_forget, @revision@.push_unstop, @revision@.push_stop_end,
                          @revision@.push_topic_ready,
                          @revision@.push_ask, @revision@.push_results,
                          @revision@.push_topics, @revision@.push_stops,
                          @revision@.push_resume, @revision@.push_present
   TO mdm_api;

-- The sender of pushes.
GRANT SELECT, UPDATE ON mdm.push_topic TO mdm_job;
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.push_stop TO mdm_job;
GRANT SELECT, UPDATE, DELETE ON mdm.push TO mdm_job;
GRANT SELECT (tenant_id, topic, version, not_after, certificate, private_key, development)
   ON mdm.push_certificate TO mdm_job;
GRANT SELECT ON mdm.enrollment_seen TO mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.push_lease, @revision@.push_due,
                          @revision@.push_renew,
                          @revision@.push_release, @revision@.push_leave,
                          @revision@.push_open,
                          @revision@.push_claim, @revision@.push_record,
                          @revision@.push_unclaim, @revision@.push_judged,
                          @revision@.push_stopped, @revision@.push_sent,
                          @revision@.push_topic_count, @revision@.push_unstop,
                          @revision@.push_stop_end, @revision@.tenant_name,
                          @revision@.is_dormant, @revision@.rfc3339
   TO mdm_job;

-- Background work.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.lease TO mdm_job;
GRANT SELECT, UPDATE, DELETE ON mdm.queue TO mdm_job;
GRANT SELECT, DELETE ON mdm.idempotency TO mdm_job;
GRANT SELECT, UPDATE, DELETE ON mdm.inventory_item TO mdm_job;
GRANT SELECT, UPDATE ON mdm.enrollment, mdm.identity TO mdm_job;
GRANT INSERT ON mdm.result, mdm.event TO mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.sweep, @revision@.lease_take,
                          @revision@.partition_ahead,
                          @revision@.pending_drop, @revision@.queue_finish
   TO mdm_job;
GRANT EXECUTE ON FUNCTION mdm.partition_ahead TO mdm_job;

-- Background work: the life of push certificates.
GRANT SELECT (tenant_id, topic, not_after, warned_days, apple_account),
      UPDATE (warned_days)
   ON mdm.push_certificate TO mdm_job;
GRANT SELECT (tenant_id, public_key, created_at), DELETE ON mdm.push_request TO mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.push_certificate_watch,
                          @revision@.push_certificate_bound
   TO mdm_job;

-- Metrics.
GRANT SELECT, INSERT, UPDATE, DELETE ON mdm.metric TO mdm_job;
GRANT SELECT (tenant_id, not_after) ON mdm.push_certificate TO mdm_job;
GRANT SELECT (tenant_id, not_after) ON mdm.signing_certificate TO mdm_job;
GRANT EXECUTE ON FUNCTION @revision@.metric_read, @revision@.metric_measure,
                          @revision@.metric_put, @revision@.metric_share,
                          @revision@.metric_webhook_lag
   TO mdm_job;
