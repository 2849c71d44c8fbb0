-- Which touchpoints have most customers? The first row is of all customers that have any.
select *
from (
    select toUInt64(0) as label, '' as kind, '' as said, uniqExact(customer) as customers
    from ({{touched}})
    union all
    select * from (
        select label, any(toString(type)) as kind, any(said) as said, uniq(customer) as customers
        from ({{touched}})
        group by label
        order by customers desc, label
        limit {most:UInt32}
    )
)
order by kind != '', customers desc, label
