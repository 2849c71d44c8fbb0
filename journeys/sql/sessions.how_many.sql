-- How many sessions do these customers have, or how many of which the first event is there still?
select count() as n
from ({{sessions}})
where
    {is_again:UInt8} = 0
    or start in (
        select timestamp from events where project = {project:UInt32} and identity in {identities:Array(UInt64)}
    )
