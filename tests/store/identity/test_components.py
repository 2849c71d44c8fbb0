"""The rule that makes customers of edges, without any store."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from store.identity.components import Edge, customers_from
from store.identity.links import Identity

USERS = [Identity("user", f"u{n}") for n in range(4)]
BROWSERS = [Identity("anonymous", f"a{n}") for n in range(4)]

links = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(BROWSERS), st.sampled_from(USERS)),
        st.tuples(st.sampled_from(USERS), st.sampled_from(USERS)).filter(lambda pair: pair[0] != pair[1]),
    ),
    min_size=1,
    max_size=8,
)


@given(links)
def test_users_join_only_through_edges_among_users(pairs: list[tuple[Identity, Identity]]) -> None:
    kinds = {one.hash: one.kind for pair in pairs for one in pair}
    among_users = [Edge(a.hash, b.hash, "alias", 0) for a, b in pairs if a.kind == b.kind == "user"]
    alone = customers_from({h: k for h, k in kinds.items() if k == "user"}, among_users)
    together = customers_from(kinds, [Edge(a.hash, b.hash, "alias", 0) for a, b in pairs])
    assert {h: c for h, c in together.customers.items() if kinds[h] == "user"} == alone.customers


def test_two_people_stay_two_where_an_operator_gave_a_browser_to_one_of_them() -> None:
    """Whatever their numbers are: joining another browser may change what stands for the operator's group."""
    for owner, other, given_one, beside in permutations((1, 2, 3, 4)):
        kinds = {owner: "user", other: "user", given_one: "anonymous", beside: "anonymous"}
        edges = [
            Edge(beside, owner, "identify", 0),
            Edge(given_one, owner, "operator", 0),
            Edge(given_one, other, "identify", 0),
        ]
        found = customers_from(kinds, edges)
        assert found.customers == {owner: owner, given_one: owner, beside: owner, other: other}
        assert found.refused == {(given_one, other): "two_users"}
