-- Which sessions do these touchpoints make? An idle gap ends one; a browser's own session key keeps apart
-- what it keeps apart; what has no key joins the session that is open around it; none outlasts the cap.
with
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as t,
            sequence,
            event_id,
            session as own_key,
            type = 'track' and event = {engagement:String} as is_engagement,
            side = 'server' as is_server,
            type in ('page', 'screen') as is_page,
            {idles:Array(Int64)}[greatest(1, arrayLastIndex(since -> since <= t, {since:Array(Int64)}))] as idle,
            (
                is_engagement, is_server, is_page, toUInt8({{key_event}}),
                multiIf(not is_page, '', type = 'page', path, event),
                channel, source, medium, campaign, device, country,
                if(is_engagement, JSONExtractFloat(properties, 'engaged_seconds'), 0),
                if(is_engagement, JSONExtractFloat(properties, 'scroll_percent'), 0)
            ) as facts
        from {{resolved}}
        where project = {project:UInt32} and type in ('track', 'page', 'screen') and not is_bot and ({{whose}})
    ),
    histories as (
        select
            customer,
            arraySort(groupArray((
                t, sequence, event_id, own_key, multiIf(own_key = '', -1, is_engagement, 0, is_server, 1, 2), idle, facts
            ))) as history
        from touchpoints
        group by customer
    ),
    visits as (
        select
            customer,
            history,
            arrayMap(
                (at, before, its_idle) -> at - before > its_idle,
                history.1, arrayPushFront(arrayPopBack(history.1), history.1[1]), history.6
            ) as gaps
        from histories
    ),
    keyed as (
        -- What has no key takes that of the touchpoint before it in the same visit, else of the next one.
        select
            customer,
            history,
            arrayReverseFill(
                (its_key, is_last) -> its_key != '' or is_last,
                arrayFill((its_key, gap) -> its_key != '' or gap, history.4, gaps),
                arrayPushBack(arrayPopFront(gaps), 1)
            ) as keys
        from visits
    ),
    touched as (
        select
            customer,
            arrayJoin(arrayZip(
                keys, arrayEnumerate(keys), history.1, history.6, history.5, history.3, history.7
            )) as member
        from keyed
    ),
    threads as (
        select
            customer,
            member.1 as key,
            max(member.5) as highest,
            arraySort(groupArray((member.2, member.3, member.4, member.5, member.6, member.7))) as thread
        from touched
        group by customer, key
    ),
    led as (
        -- What a server or an engagement report says with a browser's key belongs to that very session.
        select
            customer, key, thread,
            arrayMap(its_rank -> its_rank >= 0 and its_rank < highest, thread.4) as told
        from threads
    ),
    cut as (
        select
            customer, key, thread,
            arrayMap(
                (place, at, before, its_idle, is_told, led_at) -> place > indexOf(told, 0)
                    and at - before > its_idle
                    and (not is_told or at - led_at > {longest_cap:Int64}),
                arrayEnumerate(told),
                thread.2,
                arrayPushFront(arrayPopBack(thread.2), thread.2[1]),
                thread.3,
                told,
                arrayFill((at, is_told) -> not is_told, thread.2, told)
            ) as cuts
        from led
    ),
    parted as (
        select
            customer,
            key,
            arrayJoin(arrayZip(
                thread.1, thread.2, thread.5, thread.6, arrayFill((at, is_cut) -> is_cut, thread.2, cuts)
            )) as member
        from cut
    ),
    placed as (
        select
            customer, key, member.1 as number, member.2 as t, member.3 as event_id, member.4 as fact, member.5 as part,
            intDiv(
                t - part, {caps:Array(Int64)}[greatest(1, arrayLastIndex(since -> since <= part, {since:Array(Int64)}))]
            ) as lap
        from parted
    )
select
    customer,
    argMinIf(event_id, number, not fact.1) as id,
    fromUnixTimestamp64Milli(min(t), 'UTC') as start,
    fromUnixTimestamp64Milli(max(t), 'UTC') as last,
    dateDiff('millisecond', start, last) / 1000 as duration,
    key,
    toUInt32(countIf(not fact.1)) as touchpoints,
    toUInt32(countIf(fact.3)) as pages,
    toUInt32(countIf(fact.2 and not fact.1)) as server_touchpoints,
    argMinIf(fact.5, number, fact.3) as entry,
    argMaxIf(fact.5, number, fact.3) as exit,
    argMinIf(
        (fact.6, fact.7, fact.8, fact.9), number, fact.6 != '' or fact.7 != '' or fact.8 != '' or fact.9 != ''
    ) as origin,
    toString(origin.1) as channel,
    toString(origin.2) as source,
    toString(origin.3) as medium,
    toString(origin.4) as campaign,
    toString(argMinIf(fact.10, number, fact.10 != '')) as device,
    toString(argMinIf(fact.11, number, fact.11 != '')) as country,
    round(sum(least(greatest(fact.12, 0), 86400)), 3) as engaged_seconds,
    toUInt8(max(least(greatest(fact.13, 0), 100))) as scroll,
    toBool(pages = 1 and touchpoints = 1 and engaged_seconds < {engaged_from:Float64}) as bounced,
    toBool(engaged_seconds >= {engaged_from:Float64} or pages >= 2 or max(fact.4)) as engaged,
    arrayMap(member -> member.2, arraySort(groupArray((number, event_id)))) as members
from placed
group by customer, key, part, lap
having touchpoints > 0
