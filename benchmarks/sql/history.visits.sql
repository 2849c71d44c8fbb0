-- What else do customers do? Page views and other events in sessions; few customers are very busy.
insert into events (
    project, event_id, message_id, type, event, timestamp, received_at, sequence, anonymous_id, identity, session,
    side, library, url, host, path, title, channel, source, campaign, device, browser, os, country, locale, properties
)
with
    cityHash64(number, 'whose') / pow(2, 64) as u,
    toUInt32(floor({customers:UInt32} * (pow(u + 0.05, 3) - 0.000125) / 1.1575)) as rank,
    toUInt32(1 + {visits:UInt64} / {customers:UInt32} / pow(rank / {customers:UInt32} + 0.02, 0.6667) / 24) as sessions,
    cityHash64(number, 'session') % sessions as session,
    {start:Int64}
        + toInt64(cityHash64(rank, session) / pow(2, 64) * {length:Int64})
        + toInt64(cityHash64(number, 'second') % 1200000) as ms,
    cityHash64(number, 'kind') % 100 < 75 as is_page,
    toUInt32(400 * pow(cityHash64(number, 'page') / pow(2, 64), 4)) as page
select
    {project:UInt32},
    reinterpretAsFixedString(tuple(sipHash128(number, 'visit')).1),
    concat('v-', toString(number)),
    if(is_page, 'page', 'track'),
    if(is_page, '', concat('Feature Used ', toString(cityHash64(number, 'name') % 40))),
    fromUnixTimestamp64Milli(ms, 'UTC') as at,
    at,
    number % 1000,
    concat('anon-', lower(hex(cityHash64(rank, 'anon')))),
    bitShiftRight(cityHash64(rank, if(rank % 5 = 0 and session % 2 = 0, 1, 0)), 1),
    concat('s-', toString(rank), '-', toString(session)),
    'browser',
    'waywiser-js/0.1.0',
    concat('https://shop.example/p/', toString(page)),
    'shop.example',
    concat('/p/', toString(page)),
    concat('Page ', toString(page)),
    ['Direct', 'Organic Search', 'Paid Search', 'Email', 'Referral', 'Organic Social'][1 + rank % 6],
    ['', 'google', 'google', 'newsletter', 'partner.example', 'linkedin'][1 + rank % 6],
    if(rank % 6 in (2, 3), concat('campaign-', toString(rank % 30)), ''),
    ['desktop', 'mobile', 'mobile', 'tablet'][1 + rank % 4],
    ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + intDiv(rank, 4) % 4],
    ['Windows', 'iOS', 'Android', 'Mac OS X'][1 + rank % 4],
    ['DE', 'GB', 'FR', 'US', 'NL', 'ES', 'IT', 'PL'][1 + intDiv(rank, 7) % 8],
    'en-GB',
    concat('{"load_ms":', toString(cityHash64(number, 'load') % 3000), '}')
from numbers({first:UInt64}, {visits:UInt64})
