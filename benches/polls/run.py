#!/usr/bin/python3
"""What an answered poll costs: the library through its C API beside libcurl's multi interface and a client that does the least.

Each round runs all three one after the other against the scripted server, and the median of the rounds counts. CPU time is user and system
time of the client's process; time on the wall also depends on what else the machine does."""

import argparse
import statistics
import subprocess
import sys

# What: sessions, answers for each, messages in each, microseconds before each answer.
SCENES = {
    "64 sessions, one message in each answer": (64, 500, 1, 0),
    "64 sessions, 100 messages in each answer": (64, 20, 100, 0),
    "one session, a message every 2 ms": (1, 1000, 1, 2000),
}
# As many answers in all, with more and more sessions.
GROWTH = {1: 20_000, 100: 200, 10_000: 2}


def run(programs, name, scene, *more):
    arguments = [str(each) for each in scene]
    with subprocess.Popen([f"{programs}/server", *arguments], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip()
            done = subprocess.run([f"{programs}/{name}", port, *arguments, *map(str, more)], capture_output=True, text=True, timeout=300, check=False)
        finally:
            server.kill()
    if done.returncode != 0:
        sys.exit(f"{name} has failed: {done.stderr}")
    return [float(number) for number in done.stdout.split()]


def growth(options):
    print(f"CPU time for each answered poll, with one message in each (median of {options.rounds})")
    names = ("fbchat", "curl", "floor")
    for sessions, answers in GROWTH.items():
        scene = (sessions, answers, 1, 0)
        rounds = [[run(options.programs, name, scene)[0] for name in names] for _ in range(options.rounds)]
        ours, curl, floor = (statistics.median(each[name] for each in rounds) for name in range(len(names)))
        print(f"  {sessions:6} sessions  {ours:7.1f} us, libcurl {curl:.1f}, floor {floor:.1f}; {ours / curl:.2f} x libcurl")
    spent = run(options.programs, "fbchat", (options.sessions, 0, 0, 0), options.idle)[4]
    print(f"{options.sessions} sessions that wait for {options.idle} s: {spent:.0f} ms of CPU time")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", help="directory of server, fbchat, curl and floor")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=10_000, help="how many sessions fbchat_client_free has to end, or wait")
    parser.add_argument("--growth", action="store_true", help="only what an answer costs with more and more sessions, and what waiting costs")
    parser.add_argument("--idle", type=int, default=60, help="for how many seconds all sessions wait then")
    options = parser.parse_args()
    if options.growth:
        growth(options)
        return
    names = ("fbchat", "curl", "floor")
    for title, scene in SCENES.items():
        rounds = [[run(options.programs, name, scene) for name in names] for _ in range(options.rounds)]
        cpu, span, delay = ([statistics.median(each[name][figure] for each in rounds) for name in range(3)] for figure in range(3))
        print(f"{title} (median of {options.rounds})")
        if scene[3]:
            print(f"  server's write to message, p50  {delay[0]:7.1f} us, libcurl {delay[1]:.1f}, floor {delay[2]:.1f}; "
                  f"{delay[0] / delay[1]:.2f} x libcurl")
            continue
        print(f"  CPU time for each answer        {cpu[0]:7.1f} us, libcurl {cpu[1]:.1f}, floor {cpu[2]:.1f}; "
              f"{cpu[0] / cpu[1]:.2f} x libcurl, {cpu[0] / cpu[2]:.1f} x floor")
        print(f"  answers per second              {1e6 / span[0]:7.0f}, libcurl {1e6 / span[1]:.0f}, floor {1e6 / span[2]:.0f}; "
              f"{span[1] / span[0]:.2f} x libcurl")
    if options.sessions:
        ends = [run(options.programs, "fbchat", (options.sessions, 0, 0, 0))[3] for _ in range(options.rounds)]
        print(f"fbchat_client_free with {options.sessions} sessions: {statistics.median(ends):.0f} ms")


if __name__ == "__main__":
    main()
