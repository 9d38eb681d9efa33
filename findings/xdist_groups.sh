#!/usr/bin/env bash
# pytest-xdist 3.8.0 under pytest 9.2.0: --dist loadgroup takes no notice of xdist_group.
#
# Expected: six tests marked with one group run on one worker, as the documentation promises.
# Seen: they run on both. xdist writes the group behind a test's node id by setting the item's
# private attribute _nodeid; pytest 9.2 computes the node id from another one, so nothing changes
# and no group is ever seen. There is no warning. With pytest 8.4.2 the six run on one worker.
# A scheduler of one's own (the hook pytest_xdist_make_scheduler) still works.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >test_group.py <<'PY'
import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(6))
def test_in_a_group(number):
    pass
PY
workers() { # of the six tests, with this version of pytest
  python3 -m venv "v$1"
  "v$1/bin/pip" install -qq --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
  "v$1/bin/python" -m pytest -p no:cacheprovider -n 2 --dist loadgroup -v 2>&1 |
    grep -o '^\[gw[01]\]' | sort -u | wc -l
}
old="$(workers 8.4.2)" new="$(workers 9.2.0)"
echo "workers that ran the group: $old with pytest 8.4.2, $new with pytest 9.2.0"
[ "$old" -eq 1 ] && [ "$new" -eq 2 ]
