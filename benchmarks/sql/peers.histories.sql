-- Which sequences of journey events do customers have, by plain sorted arrays?
select count() as customers, sum(length(history)) as events
from (
    select identity, arraySort(groupArray((timestamp, sequence, event))) as history
    from events
    where
        project = {project:UInt32} and type = 'track' and event in {names:Array(String)}
        and ({everyone:UInt8} or identity in {identities:Array(UInt64)})
    group by identity
)
