-- How does this run stand: as it was stored, or where it is open, as long as no limit has passed, in time?
multiIf(
    {{stored}} != 'open', {{stored}},
    {{now}} - {{last}} > {{idle}}, 'dropped',
    {{window}} > 0 and {{now}} - {{start}} > {{window}}, 'dropped',
    'in_time'
)
