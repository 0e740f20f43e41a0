#!/bin/sh
# modest.sh COMMAND…: run it with the lowest priority, beside whatever must be in time.
# A session of its own is given a share of its own by the kernel (autogroup, sched(7)), whatever the niceness of its
# programs: so the session's share is made the lowest too. Call it as the first program of a session.
[ ! -w /proc/self/autogroup ] || echo 19 >/proc/self/autogroup
exec nice -n 19 "$@"
