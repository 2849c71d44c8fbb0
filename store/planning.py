"""How the embedded engine plans questions, which over little data takes longer than to answer them."""

from __future__ import annotations

# These look through every expression of a question for what could be said in less. In the longest questions
# of reports they find nothing, and take a tenth of the time over little data (decision 0019).
REWRITINGS = (
    *("optimize_aggregators_of_group_by_keys", "optimize_arithmetic_operations_in_aggregate_functions"),
    *("optimize_dictget_tuple_element", "optimize_group_by_function_keys"),
    *("optimize_injective_functions_in_group_by", "optimize_injective_functions_in_limit_by"),
    *("optimize_injective_functions_inside_uniq", "optimize_inverse_dictionary_lookup"),
    *("optimize_limit_by_function_keys", "optimize_multiif_to_if", "optimize_normalize_count_variants"),
    *("optimize_or_like_chain", "optimize_qbit_distance_function_reads"),
    *("optimize_redundant_functions_in_order_by", "optimize_rewrite_aggregate_function_with_if"),
    *("optimize_rewrite_array_exists_to_has", "optimize_rewrite_regexp_functions"),
    *("optimize_rewrite_sum_if_to_count_if", "optimize_syntax_fuse_functions"),
    *("optimize_trivial_group_by_limit_query", "optimize_truncate_order_by_after_group_by_keys"),
    "optimize_uniq_to_count",
)
# Hold what a question names once and asks twice, and do not look for what chains of comparisons imply, which
# takes a quarter of the planning of large questions.
EMBEDDED = {"enable_materialized_cte": 1, "optimize_and_compare_chain": 0, **dict.fromkeys(REWRITINGS, 0)}
