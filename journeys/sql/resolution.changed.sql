-- Which customers gained or lost an identity since that moment, by their names now and then?
select arrayJoin(arrayConcat(
    [identity, argMax(customer, version), argMaxIf(customer, version, version <= {as_of:UInt64})],
    argMax(spans, version).customer,
    argMaxIf(spans, version, version <= {as_of:UInt64}).customer
)) as customer
from identity_history
where project = {project:UInt32}
group by identity
having max(version) > {as_of:UInt64}
