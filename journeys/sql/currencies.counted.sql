-- In which currencies are the goals of these runs told, and of how much?
select worths.currency as currency, count() as n, sum(worths.worth) as value
from (
    select event_ids[-1] as final
    from ({{runs}})
    where ({{which}}) and outcome = 'succeeded'
) as won
any join ({{worths}}) as worths on worths.event_id = won.final
where isNotNull(worths.worth)
group by currency
order by n desc, currency
