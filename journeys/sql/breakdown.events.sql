-- Which event brought each run to the step? It is found by customer, moment and match; the first of several.
with runs as (
    select
        customer, number, outcome, furthest,
        has(steps, {position:UInt8}) as taken,
        if(taken, times[indexOf(steps, {position:UInt8})], toDateTime64(0, 3, 'UTC')) as moment
    from ({{runs}})
    where {{which}}
)
select runs.customer as customer, number, outcome, furthest, taken, found.* except (customer, moment)
from runs
left any join (
    select
        customer,
        timestamp as moment,
        argMin(properties, (sequence, event_id)) as properties,
        argMin(channel, (sequence, event_id)) as channel,
        argMin(source, (sequence, event_id)) as source,
        argMin(campaign, (sequence, event_id)) as campaign,
        argMin(device, (sequence, event_id)) as device,
        argMin(country, (sequence, event_id)) as country,
        argMin(medium, (sequence, event_id)) as medium,
        argMin(term, (sequence, event_id)) as term,
        argMin(content, (sequence, event_id)) as content,
        argMin(referrer_host, (sequence, event_id)) as referrer_host,
        argMin(host, (sequence, event_id)) as host,
        argMin(path, (sequence, event_id)) as path,
        argMin(browser, (sequence, event_id)) as browser,
        argMin(os, (sequence, event_id)) as os,
        argMin(region, (sequence, event_id)) as region,
        argMin(city, (sequence, event_id)) as city,
        argMin(locale, (sequence, event_id)) as locale,
        argMin(library, (sequence, event_id)) as library
    from (
        select *
        from {{resolved}}
        where
            project = {project:UInt32} and not is_bot and ({{anchor}})
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    )
    group by customer, moment
) as found on found.customer = runs.customer and found.moment = runs.moment
