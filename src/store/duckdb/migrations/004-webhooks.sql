-- Who is told of the ends of executions, and how. `document_import_id` null: of all executions of the datamart. `events`: JSON
-- list of names. The secrets are what deliveries are signed with: they must be had in clear, and are as good as the data folder is
-- kept. `failing_since`: the first attempt that failed since one succeeded.
create sequence webhook_id;
create table webhook (
  id bigint not null,
  datamart_id bigint not null,
  document_import_id bigint,
  name text,
  url text not null,
  events text not null,
  enabled boolean not null,
  disabled_reason text,
  secret text not null,
  previous_secret text,
  previous_secret_until bigint,
  failing_since bigint,
  creation_ts bigint not null
);

-- What is sent: a row is added by the transaction that ends the execution, so that there is none without the end and no end
-- without it. `message_id` is the header webhook-id of every attempt. PENDING rows have a `next_attempt_ts`, the others none.
create sequence webhook_delivery_id;
create table webhook_delivery (
  id bigint not null,
  webhook_id bigint not null,
  message_id text not null,
  event text not null,
  execution_id bigint,
  body text not null,
  status text not null,
  attempts integer not null,
  creation_ts bigint not null,
  next_attempt_ts bigint,
  last_attempt_ts bigint,
  duration_ms bigint,
  response_status integer,
  response_body text,
  error text
);
