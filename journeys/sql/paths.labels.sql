-- Which labels have these hashes?
select hash, any(written) as label
from (
    select {{label}} as written, cityHash64(written) as hash
    from events
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
)
where hash in {hashes:Array(UInt64)}
group by hash
