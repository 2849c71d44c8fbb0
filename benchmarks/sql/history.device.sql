-- What does a device do that many people share? It is one customer: visit after visit, twenty touchpoints each, of which the
-- last five are the journey, paid for in nine of ten visits.
insert into events (
    project, event_id, message_id, type, event, timestamp, received_at, sequence, user_id, identity, session,
    side, library, host, path, title, channel, source, device, browser, os, country, properties
)
with
    intDiv(number, 20) as visit,
    number % 20 as place,
    multiIf(place < 15, 0, place = 19 and visit % 10 = 0, 2, [1, 2, 4, 5, 6][place - 14]) as step,
    {start:Int64} + intDiv({length:Int64} * visit, intDiv({touchpoints:UInt64}, 20)) + place * 5000 as ms
select
    {project:UInt32},
    reinterpretAsFixedString(tuple(sipHash128(number, 'device')).1),
    concat('d-', toString(number)),
    if(step, 'track', 'page'),
    if(step, {names:Array(String)}[step], ''),
    fromUnixTimestamp64Milli(ms, 'UTC') as at,
    at,
    place,
    'device',
    bitShiftRight(cityHash64('device'), 1),
    concat('device-', toString(visit)),
    'browser',
    'waywiser-js/0.1.0',
    'shop.example',
    if(step, '', concat('/p/', toString(cityHash64(number, 'page') % 400))),
    '',
    ['Direct', 'Organic Search', 'Email'][1 + visit % 3],
    ['', 'google', 'newsletter'][1 + visit % 3],
    'tablet',
    'Chrome',
    'Android',
    'DE',
    concat('{"amount":', toString(5 + cityHash64(number, 'amount') % 300), ',"plan":"pro"}')
from numbers({touchpoints:UInt64})
