-- What was around the moment at which each run was last seen at this step: the last page before it, trouble close to it,
-- what the customer did first after it? That is the last touchpoint of those who left, and the last step that those took
-- who went on, so that both are watched alike, until they did something else. Each event belongs to the stretch between
-- two such moments in which it lies, so it is read once, whatever the number of runs; runs then look at the stretches
-- before and after their moment. Troubles close after it are kept one by one, as it is the next act that ends them.
with
    reached as (
        select
            customer, number, account, start, seen_until,
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
            -- The order of the rule in one number, as the least of tuples is slow to find.
            bitShiftLeft(toUInt256(at), 192) + bitShiftLeft(toUInt256(sequence), 128)
                + reinterpretAsUInt128(reverse(event_id)) as place,
            if(is_page or event = 'Web Vitals', {{route}}, '') as route,
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
            ] as troubles,
            properties
        from {{resolved}}
        where
            project = {project:UInt32}
            and (is_touchpoint or is_opening)
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {near:Int64})
            and timestamp <= fromUnixTimestamp64Milli({now:Int64})
    ),
    told as (
        select
            customer, at, place, label, is_opening, is_act, is_page, troubles,
            indexOf(troubles, 1) as trouble,
            multiIf(
                trouble = 1, substringUTF8(JSONExtractString(properties, 'message'), 1, 200),
                trouble > 3, concat(toString(trouble), substringUTF8(route, 1, 200)),
                ''
            ) as said,
            if(trouble > 4, JSONExtractFloat(properties, if(trouble = 5, 'lcp', 'inp')) / 1000, nan) as took
        from touchpoints
    ),
    filled as (
        select
            stretches.customer as customer,
            stretches.since as since,
            minIf(at, is_act) as act_at,
            argMinIf(concat(if(is_opening, '1', '0'), label), place, is_act) as act,
            maxIf(at, is_page) as page_at,
            argMaxIf(label, place, is_page) as page,
            argMaxIf((at, said), place, trouble = 1) as error,
            argMaxIf((at, said, took), place, trouble > 3) as slow,
            maxForEachIf(arrayMap(had -> had * at, troubles), trouble > 0) as troubled,
            arrayFilter(
                one -> act_at = 0 or one.2 < act_at,
                arraySort(groupArrayIf((place, at, troubles, said, took), trouble > 0 and at < since + {near:Int64}))
            ) as soon
        from told
        asof join stretches on stretches.customer = told.customer and told.at >= stretches.since
        group by customer, since
    ),
    moments as (
        select
            stretches.customer as customer,
            stretches.since as since,
            minIf(filled.act_at, filled.act_at > 0) over later as next_at,
            argMinIf(filled.act, filled.act_at, filled.act_at > 0) over later as next_act,
            groupArrayArray({soon:UInt32})(filled.soon) over soon as soon,
            max(filled.page_at) over earlier as page_at,
            argMax(filled.page, filled.page_at) over earlier as page,
            argMax(filled.error, filled.error.1) over earlier as error,
            argMax(filled.slow, filled.slow.1) over earlier as slow,
            maxForEach(filled.troubled) over earlier as troubled
        from stretches
        left any join filled on filled.customer = stretches.customer and filled.since = stretches.since
        window
            later as (
                partition by customer order by since rows between current row and unbounded following
            ),
            soon as (
                partition by customer order by since range between current row and {near:Int64} following
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
    reached.seen_until as seen_until,
    multiIf(
        is_again_at_once, 'again',
        moments.next_at = 0 or moments.next_at >= least(until + {within:Int64}, seen_until + 1), 'none',
        startsWith(moments.next_act, '1'), 'again',
        'value'
    ) as next_kind,
    if(next_kind = 'value', substring(moments.next_act, 2), '') as next,
    if(is_again_at_once, 0, (moments.next_at - until + 1) / 1000) as seconds,
    moments.page_at >= reached.start as has_page,
    if(has_page, moments.page, '') as page,
    least(until + {near:Int64}, seen_until + 1, if(moments.next_at = 0, {never:Int64}, moments.next_at)) as near_until,
    arrayFilter(one -> one.2 < near_until, moments.soon) as soon,
    arrayFilter(
        trouble -> moments.troubled[trouble] >= until - {near:Int64} or arrayExists(one -> one.3[trouble], soon),
        range(1, {troubles:UInt8} + 1)
    ) as troubles,
    arrayLast(one -> one.3[1], soon) as error_soon,
    has(troubles, 1) as has_error,
    multiIf(not has_error, '', error_soon.2 > 0, error_soon.4, moments.error.2) as error,
    arrayLast(one -> hasAny(arraySlice(one.3, 4), [1]), soon) as slow_soon,
    hasAny(troubles, [4, 5, 6]) as has_slow,
    multiIf(not has_slow, '', slow_soon.2 > 0, slow_soon.4, moments.slow.2) as slow,
    multiIf(not has_slow, nan, slow_soon.2 > 0, slow_soon.5, moments.slow.3) as took
from reached
left any join moments on moments.customer = reached.customer and moments.since = reached.until
