-- Which is each account's furthest run among those of its members? Of equals one that is still open, else the earliest.
select selected.* except account, members.account as account
from ({{runs}}) as selected
join (
    select distinct group_id as account, customer
    from {{resolved}}
    where project = {project:UInt32} and type = 'group' and group_id != '' and not is_bot
) as members on members.customer = selected.customer
order by account, furthest desc, outcome = 'in_time' desc, start, customer, number
limit 1 by account
