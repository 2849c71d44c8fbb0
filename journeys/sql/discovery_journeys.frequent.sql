-- Which pages and which other touchpoints have most customers, those first that carry money? The first row is of all
-- customers that have any.
select *
from (
    select toUInt64(0) as label, '' as kind, '' as said, uniqExact(customer) as customers, toUInt8(0) as is_money
    from ({{touched}})
    union all
    select * from (
        select
            label,
            any(toString(type)) as kind,
            any(said) as said,
            uniq(customer) as customers,
            toUInt8(max({{money}})) as is_money
        from ({{touched}})
        group by label
        order by is_money desc, customers desc, label
        limit {most:UInt32} by kind = 'page'
    )
)
order by kind != '', customers desc, label
