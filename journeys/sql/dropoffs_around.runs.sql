-- What was around the moment at which each run was last seen at this step: the last page before it, trouble close to it,
-- what the customer did first after it? That is the last touchpoint of those who left, and the last step that those took
-- who went on, so that both are watched alike, until they did something else. What customers did is gathered with the
-- moments of their runs and gone through once, whatever the number of runs. Words are hashes. `key` is the order of the
-- rule in one number: 44 bits of time, one of whether it is an event, as moments come first, 52 of the sequence (beyond
-- all are equal), 24 of the event id, and what it is: an act (1), a page (2), the opening of a run (4), a moment (8).
-- Moments are watched until an end each, and these may have another order: `places` leads back to that of the moments.
with
    reached as {{once}} (
        select
            customer, number, start, seen_until,
            toUInt8(furthest = {k:UInt8}) as is_left,
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
    touchpoints as (
        select
            customer,
            {{route}} as route,
            event_id in (
                select event_ids[1] from ({{source}}) where start >= fromUnixTimestamp64Milli({start:Int64})
            ) as is_opening,
            type in ('track', 'page', 'screen') as is_touchpoint,
            toUInt8(is_opening or (is_touchpoint and not (type = 'track' and event in {measured:Array(String)}))) as is_act,
            type = 'page' as is_page,
            toUInt8(multiIf(
                is_page, 8 * (replaceAll(JSONExtractRaw(properties, 'status'), '"', '') in ('404', '410')),
                type != 'track', 0,
                event = 'JavaScript Error', 1,
                event = 'Rage Click', 2,
                event = 'Dead Click', 4,
                event = 'Web Vitals',
                    16 * (JSONExtractFloat(properties, 'lcp') > {slow_lcp:Float64})
                    + 32 * (JSONExtractFloat(properties, 'inp') > {slow_inp:Float64}),
                0
            )) as troubles,
            bitShiftLeft(toUInt128(toUnixTimestamp64Milli(timestamp) + {past:Int64}), 84)
                + bitShiftLeft(toUInt128(1), 83)
                + bitShiftLeft(toUInt128(least(sequence, 4503599627370495)), 31)
                + bitShiftLeft(toUInt64(intDiv(byteSwap(reinterpretAsUInt32(event_id)), 256)), 7)
                + is_act + 2 * is_page + 4 * is_opening as key,
            cityHash64(substringUTF8({{label}}, 1, 200)) as label,
            multiIf(
                troubles = 1, cityHash64(substringUTF8(JSONExtractString(properties, 'message'), 1, 200)),
                troubles >= 8, cityHash64(concat(
                    multiIf(troubles = 8, '4', bitTest(troubles, 4), '5', '6'), substringUTF8(route, 1, 200)
                )),
                0
            ) as said,
            if(troubles >= 16, JSONExtractFloat(properties, if(bitTest(troubles, 4), 'lcp', 'inp')) / 1000, nan) as took
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in {types:Array(String)}
            and (is_touchpoint or is_opening)
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {near:Int64})
            and timestamp <= fromUnixTimestamp64Milli({now:Int64})
            and customer in (select customer from reached)
    ),
    gathered as (
        select
            customer,
            groupArrayIf(key, is_told) as told,
            arraySort(told) as keys,
            arraySort((label, key) -> key, groupArrayIf(label, is_told), told) as labels,
            arraySort(groupArrayArray(moment)) as moments,
            arraySort(groupArrayArray(trouble)) as troubles,
            arrayIntersect(groupArrayArray(began), arrayMap(one -> one.1 - 1, moments)) as begun_at_once
        from (
            select
                customer, key, label,
                is_act or is_page as is_told,
                if(troubles = 0, [], [(key, troubles, said, took)]) as trouble,
                emptyArrayInt64() as began,
                cast([], 'Array(Tuple(Int64, UInt32, Int64, UInt8, Int64))') as moment
            from touchpoints
            union all
            select
                customer,
                bitShiftLeft(toUInt128(until + {past:Int64}), 84) + bitShiftLeft(toUInt64(number), 31) + 8,
                0, 1,
                cast([], 'Array(Tuple(UInt128, UInt8, UInt64, Float64))'),
                emptyArrayInt64(),
                [(until, number, start, is_left, seen_until)]
            from reached
            union all
            select
                customer, toUInt128(0), 0, 0,
                cast([], 'Array(Tuple(UInt128, UInt8, UInt64, Float64))'),
                [toUnixTimestamp64Milli(start)],
                cast([], 'Array(Tuple(Int64, UInt32, Int64, UInt8, Int64))')
            from ({{source}})
            where start >= fromUnixTimestamp64Milli({start:Int64}) and customer in (select customer from reached)
        )
        group by customer
    ),
    around as (
        select
            customer,
            moments,
            arrayMap(one -> has(begun_at_once, one.1 - 1), moments) as is_at_once,
            arrayMap(key -> bitTest(toUInt8(key), 3), keys) as is_moment,
            arrayMap(key -> bitTest(toUInt8(key), 0), keys) as is_act,
            arrayMap(key -> bitTest(toUInt8(key), 1), keys) as is_page,
            arrayFilter((one, here) -> here, arrayReverseFill((key, act) -> act, keys, is_act), is_moment) as nexts,
            arrayFilter((one, here) -> here, arrayReverseFill((label, act) -> act, labels, is_act), is_moment) as next_labels,
            arrayFilter((one, here) -> here, arrayFill((key, page) -> page, keys, is_page), is_moment) as pages,
            arrayFilter((one, here) -> here, arrayFill((label, page) -> page, labels, is_page), is_moment) as page_labels,
            arrayMap(
                key -> if(bitTest(toUInt8(key), 0), toInt64(bitShiftRight(key, 84)) - {past:Int64}, {never:Int64}), nexts
            ) as next_at,
            arraySort(arrayConcat(
                troubles,
                arrayMap(
                    (one, next, place) -> (
                        bitShiftLeft(toUInt128(least(one.1 + {near:Int64}, one.5 + 1, next) + {past:Int64}), 84) + toUInt32(place),
                        toUInt8(0), toUInt64(0), nan
                    ),
                    moments, next_at, arrayEnumerate(moments)
                )
            )) as watched,
            arrayMap(one -> one.2 = 0, watched) as is_end,
            arrayMap(one -> toUInt32(one.1), arrayFilter((one, end) -> end, watched, is_end)) as places,
            arraySort(
                (one, place) -> place,
                arrayFilter((one, end) -> end, arrayFill(one -> bitTest(one.2, 0), watched), is_end), places
            ) as errors,
            arraySort(
                (one, place) -> place,
                arrayFilter((one, end) -> end, arrayFill(one -> one.2 >= 8, watched), is_end), places
            ) as slows,
            arrayReduce('sumForEach', arrayMap(
                n -> arrayMap(
                    (last, one) -> bitShiftLeft(
                        toUInt8(
                            bitTest(last.2, n)
                            and toInt64(bitShiftRight(last.1, 84)) - {past:Int64} >= one.1 - {near:Int64}
                        ),
                        n
                    ),
                    arraySort(
                        (last, place) -> place,
                        arrayFilter((last, end) -> end, arrayFill(last -> bitTest(last.2, n), watched), is_end), places
                    ),
                    moments
                ),
                range({troubles:UInt8})
            )) as had
        from gathered
    ),
    found as (
        select
            customer,
            arrayJoin(arrayZip(
                moments, is_at_once, nexts, next_labels, next_at, pages, page_labels, had, errors, slows
            )) as one
        from around
    )
select
    customer,
    one.1.2 as number,
    one.1.4 as is_left,
    one.1.1 as until,
    one.1.5 as seen_until,
    is_left and until - 1 > one.1.3 and one.2 as is_again_at_once,
    multiIf(
        is_again_at_once, 'again',
        one.5 >= least(until + {within:Int64}, seen_until + 1), 'none',
        bitTest(toUInt8(one.3), 2), 'again',
        'value'
    ) as next_kind,
    if(next_kind = 'value', one.4, 0) as next,
    if(is_again_at_once, 0, (one.5 - until + 1) / 1000) as seconds,
    bitTest(toUInt8(one.6), 1) and toInt64(bitShiftRight(one.6, 84)) - {past:Int64} >= one.1.3 as has_page,
    if(has_page, one.7, 0) as page,
    arrayMap(n -> n + 1, bitPositionsToArray(one.8)) as troubles,
    bitTest(one.8, 0) as has_error,
    if(has_error, one.9.3, 0) as error,
    one.8 >= 8 as has_slow,
    if(has_slow, one.10.3, 0) as slow,
    if(has_slow, one.10.4, nan) as took
from found
