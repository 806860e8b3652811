-- What calls of commands with an Idempotency-Key were answered, for a day; the key by its hash.
-- `messages` says what was wrong with the commands that failed, as JSON, and goes when a user of
-- the datamart is erased. Without an index: rows come with merges and go with sweeps, and those
-- that the two touch must not meet.
create table command_answer (
  datamart_id bigint not null,
  key_value varchar not null,
  fingerprint varchar not null,
  answer varchar not null,
  messages varchar,
  creation_date bigint not null
);

-- Commands at once by the hour of UTC in which they were applied. A row for each hour with any:
-- that many are never removed.
create table command_hour (
  datamart_id bigint not null,
  hour_start bigint not null,
  applied bigint not null,
  failed bigint not null
);
