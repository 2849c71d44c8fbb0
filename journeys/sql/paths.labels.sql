-- Which labels have these hashes? No more is read than it takes to find one touchpoint of each.
select hash, written as label
from (
    select {{label}} as written, cityHash64(written) as hash
    from events
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
)
where hash in {hashes:Array(UInt64)}
limit 1 by hash
limit {most:UInt32}
