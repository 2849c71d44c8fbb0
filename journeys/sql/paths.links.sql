-- How many runs go from where to where, labels beyond the most frequent of their position taken together?
-- A label goes into a node as often as out of it, so it has the same rank on both sides of a link. Runs of both groups
-- are counted in each, and by themselves as `common`.
select
    position,
    if(source_rank > {most:UInt32}, {other:UInt64}, source) as source_node,
    if(target_rank > {most:UInt32} and kind = {touchpoint:UInt8}, {other:UInt64}, target) as target_node,
    kind,
    sum(n_mine) as mine,
    sum(n_theirs) as theirs,
    sum(n_common) as common,
    sum(n_extra) as extra,
    sum(n_back) as back,
    max(labels) as labels
from (
    select *, max(target_rank) over (partition by position, kind = {touchpoint:UInt8}) as labels
    from (
        select
            *,
            dense_rank() over (partition by position, kind = {touchpoint:UInt8} order by n_in desc, target) as target_rank,
            dense_rank() over (partition by position order by n_out desc, source) as source_rank
        from (
            select
                *,
                sum(n_mine + n_theirs - n_common) over (partition by position, kind, target) as n_in,
                sum(n_mine + n_theirs - n_common) over (partition by position, source) as n_out
            from (
                select
                    node.1 as position,
                    node.2 as source,
                    node.3 as target,
                    node.4 as kind,
                    countIf(is_mine) as n_mine,
                    countIf(is_theirs) as n_theirs,
                    countIf(is_mine and is_theirs) as n_common,
                    sum(node.5) as n_extra,
                    sum(node.6) as n_back
                from (select is_mine, is_theirs, arrayJoin(way) as node from ({{ways}}))
                group by position, source, target, kind
            )
        )
    )
)
group by position, source_node, target_node, kind
order by position, source_node, target_node, kind
