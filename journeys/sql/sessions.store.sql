-- Put the sessions of these customers in place of the stored ones; the emptied ones lose theirs.
insert into customer_sessions
select
    {project:UInt32},
    {generation:UInt32},
    customer,
    {version:UInt64},
    found.2, found.1, found.3, found.4, found.5, found.6, found.7, found.8, found.9, found.10, found.11,
    found.12, found.13, found.14, found.15, found.16, found.17, found.18, found.19, found.20
from (
    select customer, arraySort(groupArrayArray(session)) as found
    from (
        select customer, [(
            start, id, last, key, touchpoints, pages, server_touchpoints, entry, exit, channel, source,
            medium, campaign, device, country, engaged_seconds, scroll, bounced, engaged, members
        )] as session
        from ({{sessions}})
        union all
        select customer, [] as session
        from ({{emptied}})
    )
    group by customer
)
