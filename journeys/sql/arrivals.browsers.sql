-- How many of the events that browsers numbered came, by library, page host and browser?
-- Numbers go on from session to session as long as a browser keeps its id, host by host; a lower number than the
-- last begins anew. What came in the day before or after the period fills gaps, but opens none. The rows of fewest are
-- one together.
with
    numbered as (
        select
            sipHash64(anonymous_id, host) as stream, sipHash64(session) as visit,
            library, host, browser, sequence, timestamp, false as is_refused,
            received_at >= fromUnixTimestamp64Milli({start:Int64})
                and received_at < fromUnixTimestamp64Milli({settled:Int64})
                and timestamp > received_at - interval 7 day as is_settled
        from events
        where project = {project:UInt32}
            and received_at >= fromUnixTimestamp64Milli({start:Int64}) - interval 1 day
            and received_at < fromUnixTimestamp64Milli({end:Int64}) + interval 1 day
            and startsWith(library, 'waywiser-js') and side = 'browser' and not is_bot
            and sequence > 0 and session != '' and not startsWith(anonymous_id, 'cl_')
        union all
        select
            sipHash64(refused.1, refused.2), sipHash64(refused.3),
            refused.4, refused.2, '', refused.5, fromUnixTimestamp64Milli(refused.6), true,
            refused.6 >= {start:Int64} and refused.6 < {settled:Int64}
        from (
            select arrayJoin(arrayZip(
                {refused_visitors:Array(String)}, {refused_hosts:Array(String)}, {refused_sessions:Array(String)},
                {refused_libraries:Array(String)}, {refused_sequences:Array(UInt64)}, {refused_at:Array(Int64)}
            )) as refused
        )
    ),
    visits as (
        select
            stream, visit,
            max(numbered.library) as library, max(numbered.host) as host, max(numbered.browser) as browser,
            min(timestamp) as began,
            minIf(sequence, is_settled) as low, maxIf(sequence, is_settled) as high,
            min(sequence) as lowest, max(sequence) as highest,
            arrayUniq(arrayFilter(one -> one between low and high, groupArray(sequence))) as known,
            arrayUniq(arrayFilter(one -> one between low and high, groupArrayIf(sequence, is_refused))) as not_taken
        from numbered
        group by stream, visit
        having max(is_settled)
    ),
    ordered as (
        select
            *,
            lagInFrame(highest, 1, 0) over stream_in_order as before,
            if(before > 0 and lowest > before + 1, lowest - before - 1, 0) as between_visits,
            high - low < {most_missing:UInt64} and between_visits < {most_missing:UInt64} as is_plausible,
            max(browser) over stream_in_order as family
        from visits
        window stream_in_order as (
            partition by stream order by began, lowest
            rows between unbounded preceding and unbounded following
        )
    ),
    counted as (
        select *, row_number() over (order by expected desc, library, host, browser) as place
        from (
            select
                library, host, family as browser,
                uniqExactIf(stream, is_plausible) as streams,
                sumIf(high - low + 1 + between_visits, is_plausible) as expected,
                sumIf(known - not_taken, is_plausible) as received,
                sumIf(not_taken, is_plausible) as refused,
                countIf(not is_plausible) as implausible
            from ordered
            group by library, host, browser
        )
    )
select
    if(place > {most:UInt32}, {others:String}, counted.library) as library,
    if(place > {most:UInt32}, '', counted.host) as host,
    if(place > {most:UInt32}, '', counted.browser) as browser,
    sum(counted.streams) as streams,
    sum(counted.expected) as expected,
    sum(counted.received) as received,
    sum(counted.refused) as refused,
    sum(counted.implausible) as implausible
from counted
group by library, host, browser
order by min(place)
settings max_bytes_before_external_group_by = 1000000000, max_bytes_before_external_sort = 1000000000
