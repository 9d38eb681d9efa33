"""``compare=``: each file a step, from the methods that are named to tables and figures."""
