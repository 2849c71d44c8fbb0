-- How does this run stand: 1 succeeded, 2 failed, 3 dropped, 4 in time? As it was stored, or where it is open, in time as
-- long as no limit has passed.
multiIf(
    {{stored}} = 'succeeded', 1,
    {{stored}} = 'failed', 2,
    {{stored}} = 'dropped'
        or {{now}} - {{last}} > {{idle}}
        or {{window}} > 0 and {{now}} - {{start}} > {{window}}, 3,
    4
)
