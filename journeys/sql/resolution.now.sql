-- Whose is every event of the project? The way for questions about everyone; about few, `customer_events` is faster.
-- A probe for each event must be cheap, so the join brings one number; the highest bit, which no customer has, says
-- that an identity is contested. Only then its spans are looked up, in one array that holds those of all.
with (
    select (
        groupArray(identity), groupArray(place), groupArray(n), groupArrayArray(spans.since), groupArrayArray(spans.customer)
    )
    from (
        select
            identity, spans, toUInt32(length(spans)) as n,
            toUInt32(1 + sum(n) over (order by identity rows unbounded preceding) - n) as place
        from identity_customers final
        where project = {project:UInt32} and notEmpty(spans)
        order by identity
    )
) as contested
select
    events.*,
    transform(events.identity, contested.1, contested.2, toUInt32(1)) as spans_place,
    transform(events.identity, contested.1, contested.3, toUInt32(0)) as spans_n,
    arrayCount(since -> since <= events.timestamp, arraySlice(contested.4, spans_place, spans_n)) as spans_begun,
    arraySlice(contested.5, spans_place, spans_n)[greatest(spans_begun, 1)] as span_owner,
    multiIf(
        known.customer = 0, events.identity,
        known.customer < toUInt64(9223372036854775808), known.customer,
        span_owner = 0, events.identity,
        span_owner
    ) as customer
from events
left any join (
    select identity, if(empty(spans), customer, toUInt64(9223372036854775808)) as customer
    from identity_customers final
    where project = {project:UInt32}
) as known on known.identity = events.identity
where events.project = {project:UInt32}
settings join_algorithm = 'hash'
