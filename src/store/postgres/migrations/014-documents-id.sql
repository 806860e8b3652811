-- compatible with nodes of version 13
-- Which documents the nodes of this store have: one row once a node has started.
create table documents_id (is_only boolean primary key default true check (is_only), id text not null);
