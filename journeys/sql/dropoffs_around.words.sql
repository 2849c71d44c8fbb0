-- Which labels, messages and slow or missing pages have these hashes? No more is read than it takes to find one of each.
select hash, word
from (
    select
        arrayJoin(arrayConcat(
            [substringUTF8({{label}}, 1, 200)],
            if(event = 'JavaScript Error', [substringUTF8(JSONExtractString(properties, 'message'), 1, 200)], []),
            if(
                {is_slow:UInt8} and (type = 'page' or event = 'Web Vitals'),
                arrayMap(trouble -> concat(trouble, substringUTF8({{route}}, 1, 200)), ['4', '5', '6']),
                []
            )
        )) as word,
        cityHash64(word) as hash
    from events
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {near:Int64})
)
where hash in {hashes:Array(UInt64)}
limit 1 by hash
limit {most:UInt32}
