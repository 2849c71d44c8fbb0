-- Which events were marked as a robot's, for which reasons, and what did they look at? Of hosts, paths and agents those
-- that come most often, of which each is counted.
with
    marked as (
        select
            substring(mark, 5) as reason,
            identity,
            received_at,
            [
                ('host', toString(host)),
                ('path', path),
                ('agent', if(
                    browser = '', '',
                    arrayStringConcat(arrayFilter(part -> part != '', [toString(browser), toString(os), toString(device)]), ', ')
                ))
            ] as looks
        from events
        array join marks as mark
        where project = {project:UInt32} and is_bot and startsWith(mark, 'bot:')
            and received_at >= fromUnixTimestamp64Milli({start:Int64})
            and received_at < fromUnixTimestamp64Milli({end:Int64})
    ),
    frequent as (
        select reason, look.1 as kind, look.2 as value, count() as times
        from marked
        array join looks as look
        where value != ''
        group by reason, kind, value
        order by times desc, value
        limit 3 by reason, kind
    ),
    shown as (
        select
            reason,
            arraySort(groupArrayIf((-toInt64(times), value), kind = 'host')).2 as hosts,
            arraySort(groupArrayIf((-toInt64(times), value), kind = 'path')).2 as paths,
            arraySort(groupArrayIf((-toInt64(times), value), kind = 'agent')).2 as agents
        from frequent
        group by reason
    ),
    counted as (
        select
            reason,
            count() as n,
            uniq(identity) as visitors,
            toUnixTimestamp64Milli(min(received_at)) as first_seen,
            toUnixTimestamp64Milli(max(received_at)) as last_seen
        from marked
        group by reason
    )
select
    counted.reason as reason, n, visitors, first_seen, last_seen, shown.hosts as hosts, shown.paths as paths,
    shown.agents as agents
from counted
left any join shown on shown.reason = counted.reason
order by n desc, reason
limit {most:UInt32}
