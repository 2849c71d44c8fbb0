-- Which touchpoints have these hashes?
select cityHash64(type, said) as hash, any(toString(type)) as kind, any(said) as label
from (
    select type, if(type = 'page', {{route}}, toString(event)) as said
    from events
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
)
where hash in {hashes:Array(UInt64)}
group by hash
