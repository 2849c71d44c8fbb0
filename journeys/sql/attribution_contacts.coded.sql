-- Which contacts are these, by labels that are small numbers?
select
    customer, at, tie, is_direct,
    transform(label, {names:Array(String)}, {codes:Array(UInt8)}, {other:UInt8}) as code
from ({{contacts}})
