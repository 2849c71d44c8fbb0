-- Which of these runs are of the busiest customers, as few of them as make at least half of the runs?
select *
from ({{runs}})
where
    ({{which}})
    and customer in (
        select customer
        from (
            select
                customer,
                count() as theirs,
                sum(theirs) over () as made,
                sum(theirs) over (order by theirs desc, customer rows unbounded preceding) - theirs as made_by_busier
            from ({{runs}})
            where {{which}}
            group by customer
        )
        where 2 * made_by_busier < made
    )
