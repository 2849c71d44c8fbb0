-- Whose is every event of the project, as the ledger stands, or stood at a moment?
select
    events.*,
    multiIf(
        empty(known.spans), if(known.customer = 0, events.identity, known.customer),
        events.timestamp < known.spans[1].since, known.spans[1].customer,
        arrayLast(span -> span.since <= events.timestamp, known.spans).customer
    ) as customer
from events
left any join ({{known}}) as known on known.identity = events.identity
where events.project = {project:UInt32}
