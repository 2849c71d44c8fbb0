-- Which runs are of these values?
select customer, number
from (
    select customer, number, substringUTF8({{value}}, 1, 200) as value
    from ({{described}})
)
where {{condition}}
