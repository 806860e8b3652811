-- What calls of commands with an Idempotency-Key were answered, for a day; the key by its hash.
-- `messages` says what was wrong with the commands that failed, as JSON, and goes when a user of
-- the datamart is erased. The lock of the datamart sees to it that a key is there once.
create table command_answer (
  datamart_id bigint not null,
  key_value text not null,
  fingerprint text not null,
  answer text not null,
  messages text,
  creation_date bigint not null
);
create index command_answer_key on command_answer (datamart_id, key_value);
create index command_answer_date on command_answer (creation_date);

-- Commands at once by the hour of UTC in which they were applied. A row for each hour with any:
-- that many are never removed.
create table command_hour (
  datamart_id bigint not null,
  hour_start bigint not null,
  applied bigint not null,
  failed bigint not null
);
create index command_hour_datamart on command_hour (datamart_id, hour_start);
