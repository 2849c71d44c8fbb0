-- Page views of a month: few pages of their own, orders and posts of which there are many, and a UUID of its own in each
-- fifth path.
insert into events (project, event_id, type, timestamp, received_at, sequence, identity, path)
with
    fromUnixTimestamp64Milli({start:Int64} + toInt64(number), 'UTC') as at,
    toString(cityHash64(number, 'which') % {different:UInt64}) as which
select
    {project:UInt32},
    reinterpretAsFixedString(tuple(sipHash128(number)).1),
    'page',
    at,
    at,
    number,
    cityHash64(number % 10000),
    multiIf(
        number % 10 < 3, concat('/pages/', translate(toString(number % 20), '0123456789', 'abcdefghij')),
        number % 10 < 6, concat('/order/', which),
        number % 10 < 8, concat('/blog/', translate(which, '0123456789', 'abcdefghij')),
        concat('/users/', toString(generateUUIDv4(number)), '/edit')
    )
from numbers({count:UInt64})
