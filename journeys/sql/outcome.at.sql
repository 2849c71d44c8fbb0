-- The same as a word.
['succeeded', 'failed', 'dropped', 'in_time'][{{number}}]
