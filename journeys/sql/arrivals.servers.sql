-- How many of the events that server libraries numbered came, by library?
-- A message id is its stream's name and the number. What a program named itself took a number of a stream that it
-- does not tell. What came in the day before or after the period fills gaps, but opens none. The rows of fewest are one
-- together.
with
    numbered as (
        select
            if(
                length(message_id) = 36 and substring(message_id, 25) = lower(leftPad(hex(sequence), 12, '0')),
                substring(message_id, 1, 24), ''
            ) as stream,
            library, sequence, false as is_refused,
            received_at >= fromUnixTimestamp64Milli({start:Int64})
                and received_at < fromUnixTimestamp64Milli({settled:Int64}) as is_settled
        from events
        where project = {project:UInt32}
            and received_at >= fromUnixTimestamp64Milli({start:Int64}) - interval 1 day
            and received_at < fromUnixTimestamp64Milli({end:Int64}) + interval 1 day
            and startsWith(library, 'waywiser-') and not startsWith(library, 'waywiser-js')
            and sequence > 0 and not is_bot
        union all
        select
            refused.1 as stream, refused.2 as library, refused.3 as sequence, true as is_refused,
            refused.4 >= {start:Int64} and refused.4 < {settled:Int64} as is_settled
        from (
            select arrayJoin(arrayZip(
                {refused_streams:Array(String)}, {refused_libraries:Array(String)},
                {refused_sequences:Array(UInt64)}, {refused_at:Array(Int64)}
            )) as refused
        )
    ),
    streams as (
        select
            stream, max(numbered.library) as library,
            minIf(sequence, is_settled) as low, maxIf(sequence, is_settled) as high,
            countIf(is_settled) as n,
            bitmapCardinality(bitmapSubsetInRange(groupBitmapState(sequence), low, high + 1)) as known,
            arrayCount(one -> one between low and high, groupUniqArrayIf(sequence, is_refused)) as not_taken,
            stream != '' and high - low < {most_missing:UInt64} as is_plausible
        from numbered
        group by stream, if(stream = '', numbered.library, '')
        having n > 0
    ),
    counted as (
        select *, row_number() over (order by expected desc, library) as place
        from (
            select
                library,
                countIf(is_plausible) as streams,
                sumIf(high - low + 1, is_plausible) as expected,
                sumIf(known - not_taken, is_plausible) as received,
                sumIf(not_taken, is_plausible) as refused,
                sumIf(n, stream = '') as self_named,
                countIf(stream != '' and not is_plausible) as implausible
            from streams
            group by library
        )
    )
select
    if(place > {most:UInt32}, {others:String}, counted.library) as library,
    sum(counted.streams) as streams,
    sum(counted.expected) as expected,
    sum(counted.received) as received,
    sum(counted.refused) as refused,
    sum(counted.self_named) as self_named,
    sum(counted.implausible) as implausible
from counted
group by library
order by min(place)
settings max_bytes_before_external_group_by = 1000000000
