#!/bin/sh
# All tests with the Python given first; more words go to pytest. Those that share the machine run in
# WORKERS processes, a file of tests in one of them; those that measure time (`alone`) follow one by one.
python=$1
shift
"$python" -m pytest -m "not alone" -n "${WORKERS:-2}" --dist loadfile --no-loadscope-reorder "$@"
together=$?
"$python" -m pytest -m alone "$@"
alone=$?
# 5: none of these was asked for
[ $together -eq 5 ] && exit $alone
[ $alone -eq 5 ] && exit $together
exit $((together > alone ? together : alone))
