-- Which sessions are stored of these customers?
select * from sessions where project = {project:UInt32} and ({{whose}})
