-- Which values do the attributes of these runs have, and how often? Nothing, and a value of that name, are one.
select choice.1 as attribute, if(choice.2 = '', '(none)', choice.2) as value, count() as n
from ({{runs}})
array join [
    ('device', toString(device)), ('channel', toString(channel)), ('source', toString(source)),
    ('medium', toString(medium)), ('campaign', toString(campaign)), ('country', toString(country))
] as choice
where {{which}}
group by attribute, value
order by attribute, n desc, value
limit {most:UInt32} by attribute
