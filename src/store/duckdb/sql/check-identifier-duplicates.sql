-- Keys that stand in the table more than once.
select 'key ' || format('{:016x}{:016x}', key_hi, key_lo)::uuid || ': ' || count(*) || ' rows' as example
from user_identifier
where key_hi between $first and $last
group by key_hi, key_lo
having count(*) > 1
