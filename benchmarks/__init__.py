"""Speed, memory and size of tetragrad beside the other libraries that differentiate array programs.

``python -m benchmarks`` times the workloads, ``python -m benchmarks --check`` also judges the ratios against the
project's targets, ``python -m benchmarks.limits`` measures what must stay bounded (long chains, memory). Every library
runs in a process of its own and the processes take turns, so that the machine's moods strike all of them alike.
"""
