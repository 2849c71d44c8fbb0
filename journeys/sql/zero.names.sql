-- How many touchpoints have the bare names of the steps, and which names of events were seen at all?
select
    [{{counts}}] as counts,
    arrayMap(
        one -> (one.1, one.2),
        arraySlice(
            arrayReverseSort(one -> one.2, arrayZip(
                (sumMapIf([event], [toUInt64(1)], type = 'track') as seen).1, seen.2
            )),
            1, {most:UInt32}
        )
    ) as names
from events
where
    project = {project:UInt32} and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
