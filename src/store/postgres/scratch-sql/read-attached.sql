-- The attached identifiers of a datamart, with their keys as halves.
create or replace temp table attached as
select
  ('0x' || replace(column0, '-', '')[1:16])::ubigint as key_hi,
  ('0x' || replace(column0, '-', '')[17:32])::ubigint as key_lo,
  ('0x' || replace(column1, '-', '')[1:16])::ubigint as point_hi,
  ('0x' || replace(column1, '-', '')[17:32])::ubigint as point_lo,
  column2::utinyint as point_kinds
from read_csv(FILE, header = false, columns = {'column0': 'varchar', 'column1': 'varchar', 'column2': 'varchar'})
