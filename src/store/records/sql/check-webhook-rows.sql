-- Webhooks of datamarts or imports that there are not, deliveries of no webhook, and deliveries
-- that are due although they have ended, or the other way round.
select 'webhook ' || w.id || ': its datamart or document import is not there' as example
from webhook w
where w.datamart_id not in (select id from datamart)
  or (
    w.document_import_id is not null
    and not exists (
      select 1 from document_import i where i.id = w.document_import_id and i.datamart_id = w.datamart_id
    )
  )
union all
select 'webhook delivery ' || d.id || ': ' || case
    when d.webhook_id not in (select id from webhook) then 'its webhook is not there'
    else d.status || ', and its next attempt is ' || coalesce('at ' || d.next_attempt_ts, 'never')
  end
from webhook_delivery d
where d.webhook_id not in (select id from webhook)
  or (d.status = 'PENDING') <> (d.next_attempt_ts is not null)
