-- Which identities may have belonged to these customers at that moment?
select customer as identity from ({{changed}})
union all
select identity
from (select identity, arrayJoin(arrayPushFront(spans.customer, customer)) as owner from ({{then}}))
where owner in ({{changed}})
