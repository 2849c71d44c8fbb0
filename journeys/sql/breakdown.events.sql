-- Which event brought each run to the step, and what did it carry?
with runs as (
    select
        customer, number, outcome, furthest,
        has(steps, {position:UInt8}) as taken,
        event_ids[indexOf(steps, {position:UInt8})] as brought
    from ({{runs}})
    where {{which}}
)
select runs.customer as customer, number, outcome, furthest, taken, found.* except event_id
from runs
left any join (
    select
        event_id, properties, channel, source, campaign, device, country, medium, term, content, referrer_host, host,
        path, browser, os, region, city, locale, library
    from events
    where
        project = {project:UInt32} and not is_bot and ({{anchor}})
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
) as found on found.event_id = runs.brought
