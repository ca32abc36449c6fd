# SPDX-License-Identifier: Apache-2.0
"""One process per runtime, driven over pipes, stopped by signal while it is not its turn; and who else uses the cores."""
import ctypes
import json
import os
import select
import signal
import statistics
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS, RUN_SECONDS = 300, 300
SHORT_SECONDS = 0.25  # turns shorter than this are made of several runs, the first of which does not count
QUIET_CORES = 0.15  # other processes and the host may use this much during a turn
STARTED = []  # every Runtime that may still live


class Failed(Exception):
    """A runtime that does not start, or ends; the sentence says why."""


def busy_seconds():
    """CPU seconds that all processes have used and the host has taken, since boot."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def process_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def die_with_parent():
    """In a child: the kernel ends it when this program ends, however that happens; a stopped process would stay for ever."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Runtime:
    """A process that speaks the protocol of bench_runner and peer_process.py."""

    def __init__(self, name, command, log):
        self.name = name
        self.log = open(log, "w+")
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, bufsize=1, env=environment, preexec_fn=die_with_parent)
        STARTED.append(self)
        self.estimate = 0.0
        try:
            self.facts = json.loads(self.read_line(START_SECONDS))
            self.estimate = self.facts.get("first_s", 0.0)
        finally:
            self.pause()

    def read_line(self, seconds):
        # Every answer is one line, so nothing is ever left in the stream's own buffer.
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            why = f"no answer in {seconds} s" if not ready else f"ended: {self.last_words()}"
            self.kill()
            raise Failed(why)
        return line

    def last_words(self):
        self.process.wait(30)
        self.log.seek(0)
        lines = [line.strip() for line in self.log if line.strip()]
        return lines[-1][:200] if lines else f"exit status {self.process.returncode}"

    def pause(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)

    def ask(self, word, seconds=RUN_SECONDS):
        self.process.stdin.write(word + "\n")
        return self.read_line(seconds)

    def turn(self):
        """One turn: {"value": median of its runs, "cpu": CPU seconds a run, "other": cores that others used}."""
        self.process.send_signal(signal.SIGCONT)
        runs = 1
        if 0 < self.estimate < SHORT_SECONDS:
            self.ask("run")
            runs = min(20, int(SHORT_SECONDS / self.estimate) + 1)
        busy, own, driver, start = busy_seconds(), process_seconds(self.process.pid), time.process_time(), time.perf_counter()
        values = [float(self.ask("run")) for _ in range(runs)]
        wall = time.perf_counter() - start
        used = process_seconds(self.process.pid) - own
        other = (busy_seconds() - busy) - used - (time.process_time() - driver)
        self.pause()
        value = statistics.median(values)
        if self.estimate:
            self.estimate = value
        return {"value": value, "cpu": used / runs, "other": max(0.0, other / wall)}

    def quiet_turn(self, repeats):
        """(a turn, repeats used): taken again while others disturb it, as far as `repeats` allow; the quietest counts."""
        best, used = self.turn(), 0
        while best["other"] > QUIET_CORES and used < min(3, repeats):
            used += 1
            again = self.turn()
            best = min(best, again, key=lambda turn: turn["other"])
        return best, used

    def end(self):
        """The facts that the process tells at its end."""
        self.process.send_signal(signal.SIGCONT)
        facts = json.loads(self.ask("end"))
        self.process.wait(30)
        self.log.close()
        return facts

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def kill_all():
    """Ends what still lives."""
    while STARTED:
        STARTED.pop().kill()
