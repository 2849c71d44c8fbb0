-- What was around the moment at which each run was last seen at this step: the last page before it, trouble close to it,
-- what the customer did first after it? That is the last touchpoint of those who left, and the last step that those took
-- who went on, so that both are watched alike, until they did something else. Each event belongs to the stretch between
-- two such moments in which it lies, so it is read once, whatever the number of runs; runs then look at the stretches
-- before and after their moment.
with
    reached as (
        select
            customer, number, account, start,
            furthest = {k:UInt8} as is_left,
            is_left and last > start and (customer, last) in (
                select customer, toUnixTimestamp64Milli(start) from ({{source}})
                where start >= fromUnixTimestamp64Milli({start:Int64})
            ) as is_again_at_once,
            1 + if(
                is_left,
                last,
                toUnixTimestamp64Milli(arrayLast((at, step) -> step <= {k:UInt8}, times, steps))
            ) as until
        from ({{runs}})
        where
            ({{which}}) and furthest >= {k:UInt8}
            and (furthest > {k:UInt8} or outcome in ('dropped', 'failed'))
    ),
    stretches as (
        select distinct customer, arrayJoin([toInt64(0), until]) as since
        from reached
    ),
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as at,
            sequence,
            event_id,
            substringUTF8({{label}}, 1, 200) as label,
            event_id in (
                select event_ids[1] from ({{source}}) where start >= fromUnixTimestamp64Milli({start:Int64})
            ) as is_opening,
            type in ('track', 'page', 'screen') as is_touchpoint,
            is_opening or (is_touchpoint and not (type = 'track' and event in {measured:Array(String)})) as is_act,
            type = 'page' as is_page,
            [
                type = 'track' and event = 'JavaScript Error',
                type = 'track' and event = 'Rage Click',
                type = 'track' and event = 'Dead Click',
                type = 'page' and replaceAll(JSONExtractRaw(properties, 'status'), '"', '') in ('404', '410'),
                type = 'track' and event = 'Web Vitals' and JSONExtractFloat(properties, 'lcp') > {slow_lcp:Float64},
                type = 'track' and event = 'Web Vitals' and JSONExtractFloat(properties, 'inp') > {slow_inp:Float64}
            ] as troubles
        from {{resolved}}
        where
            project = {project:UInt32}
            and (is_touchpoint or is_opening)
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {near:Int64})
            and timestamp <= fromUnixTimestamp64Milli({now:Int64})
    ),
    filled as (
        select
            stretches.customer as customer,
            stretches.since as since,
            argMinIf((at, label, is_opening), (at, sequence, event_id), is_act) as act,
            argMaxIf((at, label), (at, sequence, event_id), is_page) as page,
            minForEach(arrayMap(one -> if(one, at, {never:Int64}), troubles)) as first_troubles,
            maxForEach(arrayMap(one -> if(one, at, 0), troubles)) as last_troubles
        from touchpoints
        asof join stretches on stretches.customer = touchpoints.customer and touchpoints.at >= stretches.since
        group by customer, since
    ),
    moments as (
        select
            stretches.customer as customer,
            stretches.since as since,
            argMinIf(filled.act, filled.act.1, filled.act.1 > 0) over later as next,
            minForEach(filled.first_troubles) over later as troubles_after,
            argMax(filled.page, filled.page.1) over earlier as page,
            maxForEach(filled.last_troubles) over earlier as troubles_before
        from stretches
        left any join filled on filled.customer = stretches.customer and filled.since = stretches.since
        window
            later as (
                partition by customer order by since rows between current row and unbounded following
            ),
            earlier as (
                partition by customer order by since rows between unbounded preceding and 1 preceding
            )
    )
select
    reached.customer as customer,
    reached.number as number,
    reached.account as account,
    reached.is_left as is_left,
    reached.until as until,
    multiIf(
        is_again_at_once, 'again',
        moments.next.1 = 0 or moments.next.1 >= until + {within:Int64}, 'none',
        moments.next.3, 'again',
        'value'
    ) as next_kind,
    if(next_kind = 'value', moments.next.2, '') as next,
    if(is_again_at_once, 0, (moments.next.1 - until + 1) / 1000) as seconds,
    moments.page.1 >= reached.start as has_page,
    if(has_page, moments.page.2, '') as page,
    least(until + {near:Int64}, if(moments.next.1 = 0, {never:Int64}, moments.next.1)) as near_until,
    arrayFilter(
        trouble -> moments.troubles_before[trouble] >= until - {near:Int64}
            or moments.troubles_after[trouble] != 0 and moments.troubles_after[trouble] < near_until,
        range(1, {troubles:UInt8} + 1)
    ) as troubles
from reached
left any join moments on moments.customer = reached.customer and moments.since = reached.until
