-- Twenty events of each customer in ninety days, few columns; a fifth are of the journey, and every fifth customer
-- has two identities.
insert into events (project, event_id, type, event, timestamp, received_at, sequence, identity, path)
with
    cityHash64(number, 'who') % {customers:UInt64} as rank,
    cityHash64(number, 'kind') % 100 as kind,
    fromUnixTimestamp64Milli({start:Int64} + toInt64(cityHash64(number, 'when') % {length:UInt64}), 'UTC') as at
select
    {project:UInt32},
    reinterpretAsFixedString(tuple(sipHash128(number)).1),
    if(kind < 60, 'page', 'track'),
    multiIf(
        kind < 60, '', kind < 80, concat('Feature Used ', toString(kind % 20)),
        {names:Array(String)}[1 + cityHash64(number, 'name') % 7]
    ),
    at,
    at,
    number,
    bitShiftRight(cityHash64(rank, if(rank % 5 = 0 and cityHash64(number, 'side') % 2 = 0, 1, 0)), 1),
    if(kind < 60, concat('/p/', toString(cityHash64(number, 'page') % 400)), '')
from numbers({first:UInt64}, {count:UInt64})
