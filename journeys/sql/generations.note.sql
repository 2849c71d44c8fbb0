-- Write down how this generation stands, in place of what was known of it.
insert into session_generations
select
    {project:UInt32}, {generation:UInt32}, {idle_minutes:UInt32}, {cap_hours:UInt32}, {key_events:String},
    {since:Array(Int64)}, {idle:Array(Int64)}, {cap:Array(Int64)}, {state:String},
    {chunks_done:UInt32}, {chunks_total:UInt32},
    -- A beginning that another process noted too must not undo what came of it since.
    if({is_first:Bool}, 1, (
        -- Never below what is stored, also after the clock was put back.
        select greatest({version:UInt64}, max(version) + 1)
        from session_generations
        where project = {project:UInt32} and generation = {generation:UInt32}
    ))
-- One that answers is never put back to being filled.
where {state:String} = 'live' or (
    select argMax(state, version) != 'live'
    from session_generations
    where project = {project:UInt32} and generation = {generation:UInt32}
)
