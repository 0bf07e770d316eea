"""What only a network or a container of one's own can show: a cut cable, a seed that swallows every
packet, two nodes that are process 1. Needs root and iproute2; skips with a word without."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

from harness import SLOW, Node, main, until
from node_links import authority, tls_sets, up

DOWN_S = 1.2
POLL_S = 0.05  # the harness looks every 20 ms, and a reply takes a moment
INSIDE = "TROUPE_TEST_NAMESPACE"


def skipped(*tools):
    """Says why this cannot run here; None where it can."""
    if os.geteuid() != 0:
        return "not root"
    missing = [tool for tool in ("unshare", "nsenter", *tools) if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not installed"
    if subprocess.run(["unshare", "-n", "-p", "-f", "true"], capture_output=True, check=False).returncode != 0:
        return "namespaces are not permitted"
    return None


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, (command, done.stderr)


class Machine:
    """A network namespace with one cable to the bridge of ours; it ends with its `sleep`."""

    def __init__(self, number):
        self.number = number
        self.address = f"10.77.0.{number}"
        self.keeper = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        pid = self.keeper.pid
        until("a namespace", lambda: os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.prefix = ["nsenter", "-t", str(pid), "-n"]
        run("ip", "link", "add", f"cable{number}", "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        run(*self.prefix, "ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        for name in ("lo", "eth0"):
            run(*self.prefix, "ip", "link", "set", name, "up")
        run("ip", "link", "set", f"cable{number}", "up")
        self.plug()

    def plug(self):
        run("ip", "link", "set", f"cable{self.number}", "master", "switch")

    def unplug(self):
        """No end of the cable notices: what is sent just does not arrive."""
        run("ip", "link", "set", f"cable{self.number}", "nomaster")

    def swallow(self, address):
        """Packets to the address leave and nobody ever answers."""
        run(*self.prefix, "ip", "neighbour", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "eth0",
            "nud", "permanent")

    def node(self, config, certificates, name, *sets):
        return Node(config, *tls_sets(certificates, name), "api.allow_plain=true", "api.allow_open_reads=true",
                    *sets, name=name, api=f"{self.address}:0", cluster=f"{self.address}:7070", prefix=self.prefix)

    def end(self):
        self.keeper.kill()
        self.keeper.wait()


def network(count):
    """So many machines on one switch; a reason instead where there can be none."""
    made = subprocess.run(["ip", "link", "add", "switch", "type", "bridge"], capture_output=True, text=True,
                          check=False)
    if made.returncode != 0:
        return None, f"no bridge ({made.stderr.strip()})"
    run("ip", "address", "add", "10.77.0.1/24", "dev", "switch")
    for name in ("lo", "switch"):
        run("ip", "link", "set", name, "up")
    return [Machine(i + 2) for i in range(count)], None


def in_own_network(test):
    """Runs the named test again, inside a network namespace that ends with it."""
    if os.environ.get(INSIDE):
        return False
    reason = skipped("ip")
    if reason:
        print(f"     skipped: {reason}")
        return True
    done = subprocess.run(["unshare", "-n", sys.executable, __file__, test.__name__],
                          env={**os.environ, INSIDE: "1"}, capture_output=True, text=True, timeout=200 * SLOW,
                          check=False)
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if line.startswith("     ")))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    return True


def state_of(node, name):
    return next((row["state"] for row in node.get("/inspect/nodes")["data"] if row["name"] == name), "unknown")


def a_cut_cable_is_noticed_and_a_mended_one_too():
    if in_own_network(a_cut_cable_is_noticed_and_a_mended_one_too):
        return
    machines, reason = network(2)
    if reason:
        print(f"     skipped: {reason}")
        return
    far, near = machines
    try:
        certificates = authority("far", "near")
        source = far.node("roles/market-data.json", certificates, "far")
        front = near.node("roles/regime.json", certificates, "near", 'node.roles=["regime","api"]',
                          f'cluster.seeds=["{far.address}:7070"]')
        until("ticker over the cable", lambda: front.get("/data/ticker/BTC-USD"))
        times = []
        for cut in range(3):
            until("both up", lambda: up(front, "far") and up(source, "near"))
            time.sleep(1)  # a usual interval between signs of life is known
            far.unplug()
            started = time.monotonic()
            until("down", lambda: state_of(front, "far") == "DOWN")
            times.append(time.monotonic() - started)
            status, body = front.call("/data/ticker/BTC-USD")
            assert status == 503 or body["meta"]["quality"] != "live", (status, body)
            until("the cut-off side knows", lambda: source.logged().count("member down node=near") > cut)
            far.plug()
        until("ticker again", lambda: front.get("/data/ticker/BTC-USD")["meta"]["quality"] == "live", 30)
        print(f"     cable cut: DOWN after {', '.join(f'{one:.2f}' for one in times)} s, and back each time")
        assert min(times) < (DOWN_S + POLL_S) * SLOW, times  # the others may have met a busy machine
    finally:
        for machine in machines:
            machine.end()


def a_blackholed_seed_delays_nothing():
    if in_own_network(a_blackholed_seed_delays_nothing):
        return
    machines, reason = network(3)
    if reason:
        print(f"     skipped: {reason}")
        return
    try:
        names = ["first", "with", "without"]
        certificates = authority(*names)
        first = machines[0].node("roles/market-data.json", certificates, "first")
        took = {}
        for machine, name, seeds in [(machines[1], "without", []), (machines[2], "with", ["10.77.0.99:7070"])]:
            machine.swallow("10.77.0.99")
            listed = ", ".join(f'"{seed}"' for seed in [*seeds, f"{machines[0].address}:7070"])
            started = time.monotonic()
            node = machine.node("roles/regime.json", certificates, name, f"cluster.seeds=[{listed}]")
            until("joined", lambda: up(node, "first") and up(first, name))
            took[name] = time.monotonic() - started
        # It goes on while the dead seed is tried again and again.
        until("regimes over the link", lambda: first.get("/inspect/nodes")["data"])
        print(f"     start to member: {took['without']:.2f} s, with a blackholed seed {took['with']:.2f} s")
        assert took["with"] < took["without"] + 2.5 * SLOW, took  # one dial of the dead seed takes 5 s
    finally:
        for machine in machines:
            machine.end()


def two_nodes_that_are_process_one_join():
    reason = skipped()
    if reason:
        print(f"     skipped: {reason}")
        return
    # The root of a chroot is no mount point, whose propagation could be changed: /proc, which is one, is made private.
    container = ["unshare", "-p", "-f", "--propagation", "unchanged", "--mount-proc", "--kill-child"]
    source = Node("roles/market-data.json", name="md", prefix=container)
    front = Node("roles/regime.json", 'node.roles=["regime","api"]', f'cluster.seeds=["{source.cluster}"]', name="ra",
                 prefix=container)
    for node in (source, front):
        child = pathlib.Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split()[0]
        inside = pathlib.Path(f"/proc/{child}/status").read_text()
        assert inside.split("NSpid:")[1].split("\n")[0].split()[-1] == "1", inside
    until("ticker over nodes", lambda: front.get("/data/ticker/BTC-USD"))
    until("both up", lambda: up(source, "ra") and up(front, "md"))


if __name__ == "__main__":
    main([a_cut_cable_is_noticed_and_a_mended_one_too, a_blackholed_seed_delays_nothing,
          two_nodes_that_are_process_one_join])
