-- Which identities may belong to customers of this share, beside those that are customers of their own?
select identity
from identity_customers final
where
    project = {project:UInt32}
    and (
        customer >= {low:UInt64} and customer < {high:UInt64}
        or arrayExists(one -> one >= {low:UInt64} and one < {high:UInt64}, spans.customer)
    )
