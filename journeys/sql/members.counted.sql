-- About how many customers are these?
select uniq(customer) as n from ({{members}})
