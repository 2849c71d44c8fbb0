-- Which labels have these hashes?
select hash, any(said) as label
from (
    select {{label}} as said, cityHash64(said) as hash
    from events
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {reach:Int64})
        and timestamp < fromUnixTimestamp64Milli({end:Int64} + {reach:Int64})
)
where hash in {hashes:Array(UInt64)}
group by hash
