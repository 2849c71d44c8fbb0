-- Which events do attempts at the journey leave? Each has a customer, a start, a depth and pauses between steps.
insert into events (
    project, event_id, message_id, type, event, timestamp, received_at, sequence, user_id, identity, side,
    library, channel, source, campaign, device, browser, os, country, properties
)
with
    cityHash64(number, 'who') / pow(2, 64) as u,
    toUInt32(floor({customers:UInt32} * (pow(u + 0.2, 3) - 0.008) / 1.72)) as rank,
    cityHash64(number, 'depth') % 1000 as depth_draw,
    multiIf(
        depth_draw < 550, 1, depth_draw < 750, 2, depth_draw < 790, 3, depth_draw < 880, 4, depth_draw < 930, 5, 6
    ) as depth,
    arrayFilter(
        step -> step != 3 or depth = 3 or cityHash64(number, 'optional') % 10 < 3, range(1, depth + 1)
    ) as taken,
    if(depth < 6 and cityHash64(number, 'fail') % 100 < 3, arrayPushBack(taken, 7), taken) as steps,
    {start:Int64} + toInt64(cityHash64(number, 'start') / pow(2, 64) * {length:Int64}) as begin,
    arrayCumSum(arrayMap(
        (step, place) -> if(place = 1, 0, toInt64(
            -log((1 + cityHash64(number, step, 'pause') % 1000000) / 1000001)
            * [0, 600000, 1800000, 86400000, 3600000, 172800000, 86400000][step]
        )),
        steps, arrayEnumerate(steps)
    )) as pauses
select
    {project:UInt32},
    reinterpretAsFixedString(tuple(sipHash128(number, place, 'attempt')).1),
    concat('a-', toString(number), '-', toString(place)),
    'track',
    {names:Array(String)}[steps[place]],
    fromUnixTimestamp64Milli(begin + pauses[place], 'UTC') as at,
    at,
    0,
    concat('u-', toString(rank)),
    bitShiftRight(cityHash64(rank, if(rank % 5 = 0 and place = 1, 1, 0)), 1),
    'browser',
    'waywiser-js/0.1.0',
    ['Direct', 'Organic Search', 'Paid Search', 'Email', 'Referral', 'Organic Social'][1 + rank % 6],
    ['', 'google', 'google', 'newsletter', 'partner.example', 'linkedin'][1 + rank % 6],
    if(rank % 6 in (2, 3), concat('campaign-', toString(rank % 30)), ''),
    ['desktop', 'mobile', 'mobile', 'tablet'][1 + rank % 4],
    ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + intDiv(rank, 4) % 4],
    ['Windows', 'iOS', 'Android', 'Mac OS X'][1 + rank % 4],
    ['DE', 'GB', 'FR', 'US', 'NL', 'ES', 'IT', 'PL'][1 + intDiv(rank, 7) % 8],
    concat('{"amount":', toString(5 + cityHash64(number, 'amount') % 300), ',"plan":"pro"}')
from numbers({first:UInt64}, {attempts:UInt64})
array join arrayEnumerate(steps) as place
