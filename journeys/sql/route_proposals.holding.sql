-- Below which prefixes do many different texts stand? Where most of what stands there looks like ids, these are told apart
-- from the texts. At the root only pages without a page below count, as what has some is a part of the site.
select
    prefix,
    uniqIf(place, kind = place) as texts,
    uniqIf(place, kind != place) as variables
from (
    select one.1 as prefix, one.2 as place, one.3 as kind
    from ({{walked}})
    array join arrayZip(arrayPopBack(prefixes), arrayPopFront(places), arrayPopFront(kinds), arrayEnumerate(arrayPopFront(places))) as one
    where one.2 != '' and (one.4 > 1 or length(places) = 2)
)
group by prefix
having texts >= {least:UInt32}
order by texts desc, prefix
limit {most:UInt32}
