-- What did the events of the steps that each run had taken by the landmark say? Lists and objects are left out, and what
-- is too long to tell groups apart.
select
    customer, number, won, ended, place, said.1 as name, said.2 as carried, toInt64(0) as level, at
from (
    select
        customer, number, won, ended, place, at,
        arrayDistinct(arrayConcat(
            [
                ('channel', toString(channel)), ('source', toString(source)), ('campaign', toString(campaign)),
                ('device', toString(device)), ('country', toString(country))
            ],
            arrayMap(
                one -> (concat('property:', one.1), if(startsWith(one.2, '"'), JSONExtractString(one.2), one.2)),
                arrayFilter(
                    one -> one.2 != 'null' and substring(one.2, 1, 1) not in ('{', '['),
                    JSONExtractKeysAndValuesRaw(properties)
                )
            )
        )) as facts
    from ({{told}})
)
array join facts as said
where carried != '' and lengthUTF8(carried) <= {longest:UInt16}
