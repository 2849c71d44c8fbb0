-- Which sessions do these touchpoints make? An idle gap ends one; a browser's own session key keeps apart
-- what it keeps apart; server events join the session that is open around them; none outlasts the cap.
with
    touchpoints as (
        select
            customer, timestamp, sequence, event_id, type, path,
            channel, source, medium, campaign, device, country,
            nullIf(session, '') as browser_key,
            toUnixTimestamp64Milli(timestamp) as t
        from customer_events
        where project = {project:UInt32} and type in ('track', 'page', 'screen') and not is_bot and ({{whose}})
    ),
    visits as (
        select *, sum(gap) over (
            partition by customer order by timestamp, sequence, event_id rows unbounded preceding
        ) as visit
        from (
            select *, toUInt8(t - lagInFrame(t, 1, t) over (
                partition by customer order by timestamp, sequence, event_id
                rows between unbounded preceding and unbounded following
            ) > {idle:Int64}) as gap
            from touchpoints
        )
    ),
    keyed as (
        select *, coalesce(
            last_value(browser_key) ignore nulls over (
                partition by customer, visit order by timestamp, sequence, event_id rows unbounded preceding
            ),
            first_value(browser_key) ignore nulls over (
                partition by customer, visit order by timestamp, sequence, event_id
                rows between unbounded preceding and unbounded following
            ),
            ''
        ) as key
        from visits
    ),
    parted as (
        select *, sum(gap_in_key) over (
            partition by customer, visit, key order by timestamp, sequence, event_id rows unbounded preceding
        ) as part
        from (
            select *, toUInt8(t - lagInFrame(t, 1, t) over (
                partition by customer, visit, key order by timestamp, sequence, event_id
                rows between unbounded preceding and unbounded following
            ) > {idle:Int64}) as gap_in_key
            from keyed
        )
    ),
    capped as (
        select *, intDiv(t - min(t) over (partition by customer, visit, key, part), {cap:Int64}) as lap
        from parted
    )
select
    customer,
    min(t) as start,
    max(t) as last,
    count() as n,
    lower(hex(argMin(event_id, (timestamp, sequence, event_id)))) as id,
    arrayMap(
        member -> lower(hex(member.3)), arraySort(groupArray((timestamp, sequence, event_id)))
    ) as members,
    argMinIf(path, (timestamp, sequence, event_id), type = 'page') as entry,
    argMaxIf(path, (timestamp, sequence, event_id), type = 'page') as exit,
    toString(argMinIf(channel, (timestamp, sequence, event_id), channel != '')) as channel,
    toString(argMinIf(source, (timestamp, sequence, event_id), source != '')) as source,
    toString(argMinIf(medium, (timestamp, sequence, event_id), medium != '')) as medium,
    toString(argMinIf(campaign, (timestamp, sequence, event_id), campaign != '')) as campaign,
    toString(argMinIf(device, (timestamp, sequence, event_id), device != '')) as device,
    toString(argMinIf(country, (timestamp, sequence, event_id), country != '')) as country
from capped
group by customer, visit, key, part, lap
order by customer, start, id
