"""Cuts a list of message lengths into windows in plain Python: the peer that benches/windows.rs runs beside itself.

The same sizes as the benchmark's messages, by bytes, with overlap. The list is made before the clock starts, and a window
keeps what a list of windows needs: its first and last message, their number and its size.
"""

import statistics
import sys
import time

ROUNDS = 3


def cut(messages, size, overlap):
    windows = []
    start, total, number = 0, 0, 0
    count = len(messages)
    while number < count:
        length = messages[number][1]
        if total + length <= size or number == start:
            total += length
            number += 1
            continue
        windows.append((messages[start][0], messages[number - 1][0], number - start, total))
        # The next window takes as much of this one's end as it may share, and leaves room for what comes next.
        shared, first = 0, number
        while first > start + 1:
            before = messages[first - 1][1]
            if shared + before > overlap or shared + before + length > size:
                break
            shared += before
            first -= 1
        start, total = first, shared
    if start < count:
        windows.append((messages[start][0], messages[-1][0], count - start, total))
    return windows


def main():
    count, size, share = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    messages = [(number, 20 + number * 7919 % 55) for number in range(count)]
    millis = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        windows = len(cut(messages, size, int(size * share)))
        millis.append((time.perf_counter() - started) * 1000)
    print(f"peer: plain Python over a list in memory: {windows} windows in {statistics.median(millis):.1f} ms")


main()
