-- Which run of each customer is asked about, what had it done by the landmark, and what became of it? It is the first
-- that took the step from which time counts. At an age it is asked what had become of it by then: who had not come had not,
-- in time or not. Times in milliseconds.
with
    taken as (
        select
            *,
            arrayMap(at -> toUnixTimestamp64Milli(at), times) as moments,
            moments[indexOf(steps, {origin:UInt8})] as since
        from ({{runs}})
        where ({{which}}) and has(steps, {origin:UInt8})
        order by customer, start, number
        limit 1 by customer
    )
select
    customer,
    number,
    start,
    since + {landmark:Int64} as until,
    furthest >= {k:UInt8} as has_come,
    furthest >= {target:UInt8} as won,
    arrayFirst((at, step) -> step >= {k:UInt8}, moments, steps) - since as wait,
    multiIf(
        won, arrayFirst((at, step) -> step >= {target:UInt8}, moments, steps),
        outcome = 'failed' or {breaks_off:UInt8} and notEmpty(strays), last,
        {window:Int64} > 0, least(last + {idle:Int64}, start + {window:Int64}),
        last + {idle:Int64}
    ) as ended,
    arrayFilter((way, at) -> way.1 < {k:UInt8} and at <= until, arrayZip(steps, moments, event_ids), moments) as ways,
    multiIf(
        multiIf(
            {is_aged:UInt8}, until > seen_until,
            {window:Int64} > 0, {now:Int64} - start <= {window:Int64},
            {now:Int64} - since <= {idle:Int64}
        ), 'young',
        has_come and since + wait <= until, 'there',
        not has_come and (
            outcome = 'failed' and last <= until
            or {window:Int64} > 0 and start + {window:Int64} < until
        ), 'over',
        not won and outcome = 'in_time' and not {is_aged:UInt8}, 'in_time',
        'counted'
    ) as standing,
    standing = 'counted' and cityHash64(customer) % {parts:UInt64} = 0 as is_seen
from taken
