-- The runs that answer look-ups (docs/internals/serving-runs.md): which there are, and what changes
-- they have. A transaction that changes memberships adds its own. first_step 0: the base, from
-- which on the others count. `content`: all of a small one; the others are files. They say nothing
-- that the tables do not, and are made of them when there is none.
create table serving_run (
  id varchar not null,
  first_step bigint not null,
  last_step bigint not null,
  bytes bigint not null,
  records bigint not null,
  creation_ts bigint not null,
  content blob
);
