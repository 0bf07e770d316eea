"""The door between nodes: certificates of a private authority open it, nothing else does, and what
knocks without one costs the node nothing."""
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from harness import SLOW, SOURCE, Load, Node, main, until

# One connection that is waited for by spinning burns a core; the node's own work varies by less.
CPU_MORE_CORES = 0.4
RSS_MORE_MB = 64


def make_certs(directory, *arguments):
    return subprocess.run([str(SOURCE / "scripts/make-certs"), *arguments[:-1], str(directory), *arguments[-1].split()],
                          capture_output=True, text=True, timeout=30 * SLOW, check=False)


def authority(*nodes):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-certs-"))
    run = make_certs(directory, " ".join(nodes))
    assert run.returncode == 0, run.stderr
    return directory


def tls_sets(directory, name):
    return [f"cluster.tls.ca={directory}/ca.crt", f"cluster.tls.certificate={directory}/{name}.crt",
            f"cluster.tls.key={directory}/{name}.key"]


def up(node, name):
    return any(row["name"] == name and row["state"] == "UP" for row in node.get("/inspect/nodes")["data"])


def certificates_are_made_kept_and_refused():
    directory = authority("md", "ra")
    for name in ("ca", "md", "ra"):
        for kind in ("crt", "key"):
            assert os.stat(directory / f"{name}.{kind}").st_mode & 0o777 == 0o600, (name, kind)
    first = (directory / "md.crt").read_text()
    assert make_certs(directory, "md").returncode == 0 and (directory / "md.crt").read_text() == first
    assert make_certs(directory, "--renew", "md").returncode == 0 and (directory / "md.crt").read_text() != first
    assert make_certs(directory, "--check", "md ra").returncode == 0
    assert make_certs(directory, "--check", "md zz").returncode == 1
    for bad in ("../md", "ca", "-md", "a" * 64):
        run = make_certs(directory, "--", bad) if bad.startswith("-") else make_certs(directory, bad)
        assert run.returncode == 1 and "error:" in run.stderr, (bad, run)
    assert "expected 1 to 99999" in make_certs(directory, "--days", "soon", "md").stderr
    (directory / "ca.key").unlink()
    assert "ca.key is not there" in make_certs(directory, "new").stderr


def configured_certificates_link_nodes_and_others_do_not():
    directory, strangers = authority("md", "ra", "rb"), authority("rc")
    # Off loopback, as a desk's network is: only configured certificates are taken there.
    source = Node("roles/market-data.json", *tls_sets(directory, "md"), name="md", cluster="0.0.0.0:0")
    seed = "127.0.0.1:" + source.cluster.rsplit(":", 1)[1]
    front = Node("roles/regime.json", *tls_sets(directory, "ra"), 'node.roles=["regime","api"]',
                 f'cluster.seeds=["{seed}"]', name="ra")
    until("ticker over nodes", lambda: front.get("/data/ticker/BTC-USD"))
    for name, sets in [("rb", tls_sets(directory, "ra")),  # another node's certificate
                       ("rb", []), ("rb", tls_sets(directory, "rb")[:2])]:
        try:
            Node("roles/regime.json", *sets, f'cluster.seeds=["{seed}"]', name=name, cluster="0.0.0.0:0", wait=20)
            raise RuntimeError(f"{name} started with {sets}")
        except AssertionError as error:
            assert "cluster.tls" in str(error), error
    stranger = Node("roles/regime.json", *tls_sets(strangers, "rc"), f'cluster.seeds=["{seed}"]', name="rc")
    until("it tries", lambda: "node not reached" in stranger.logged())
    assert not up(stranger, "md") and not any(
        row["name"] == "rc" for row in source.get("/inspect/nodes")["data"])
    own = Node("roles/regime.json", *tls_sets(directory, "rb"), f'cluster.seeds=["{seed}"]', name="rb")
    until("the last one joins", lambda: up(own, "md") and up(own, "ra") and up(source, "rb"))


def listening(node):
    """Local addresses of the process's listening TCP sockets."""
    inodes = set()
    for entry in os.scandir(f"/proc/{node.process.pid}/fd"):
        try:
            inodes.add(os.readlink(entry.path))
        except OSError:
            pass
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{node.process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                host, port = fields[1].split(":")
                found.append((socket.inet_ntoa(struct.pack("<I", int(host, 16))) if len(host) == 8 else host,
                              int(port, 16)))
    return sorted(found)


def cpu_s(node):
    fields = pathlib.Path(f"/proc/{node.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cores_used(node, seconds):
    used, started = cpu_s(node), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(node) - used) / (time.monotonic() - started)


def plain_attacks(seed=7):
    """Bytes that kill, fill or command a plain BASP port, and some that kill nothing."""
    generator = random.Random(seed)
    header = struct.Struct(">BBBBIQQQ")
    yield "client handshake with an empty payload", b"\x01" + b"\0" * 31
    yield "server handshake of a gigabyte", header.pack(0, 0, 0, 0, 1 << 30, 1, 0, 1)
    yield "client handshake of a gigabyte", header.pack(2, 0, 0, 0, 1 << 30, 0, 0, 1)
    yield "deeply nested messages", header.pack(2, 0, 0, 0, 3 << 20, 0, 0, 1) + b"@<>\0\0\0\x01" * 400_000
    yield "exit for the first actors", b"".join(
        header.pack(3, 0, 0, 0, 16, 0, 0, actor) + b"@exit\0\0\0kill\0\0\0\0" for actor in range(1, 32))
    for size in (1, 5, 32, 4096, 65536):
        yield f"{size} random bytes", generator.randbytes(size)
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "a TLS record longer than any may be", b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000
    yield "a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28"


def knock(address, data, receive_s=10.0):
    """Whether the node ends the connection; data may be cut off half-way."""
    with socket.create_connection(address, timeout=receive_s * SLOW) as connection:
        try:
            connection.sendall(data)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
    return True


def tls_stranger(address, certificates=None, newest=ssl.TLSVersion.TLSv1_3):
    """A TLS client with no certificate, or one of another authority: whether it is let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    if certificates:
        context.load_cert_chain(certificates / "rc.crt", certificates / "rc.key")
    hello = b"TRPE" + struct.pack("<HHI", 1, 1, 0)
    try:
        with socket.create_connection(address, timeout=10 * SLOW) as plain, context.wrap_socket(plain) as secure:
            secure.sendall(hello)
            return bool(secure.recv(64))  # an answer to a hello: it was let in
    except (ssl.SSLError, ConnectionError):
        return False


def attacks_leave_the_node_unharmed():
    node = Node("all-in-one.json")
    until("a ticker", lambda: node.get("/data/ticker/BTC-USD"))
    host, port = node.cluster.split("//")[-1].rsplit(":", 1)
    address = (host, int(port))
    assert listening(node) == sorted([node.address(), address]), listening(node)  # no third, none off loopback
    rss = node.rss_mb()
    load = Load(node, ["/data/ticker/BTC-USD", "/health/live"], lambda path, body: None)
    load.start()
    for what, data in plain_attacks():
        assert knock(address, data), f"{what}: the connection stays open"
        assert node.process.poll() is None, f"dead after {what}"
    strangers = authority("rc")
    assert not tls_stranger(address) and not tls_stranger(address, strangers)
    assert not tls_stranger(address, newest=ssl.TLSVersion.TLSv1_2)
    for _ in range(500):
        socket.create_connection(address, timeout=10 * SLOW).close()
    load.finish()
    assert not load.wrong and not load.refusals, (load.wrong[:3], load.refusals[:3])
    assert load.replies > 20, load.replies
    more_mb = node.rss_mb() - rss
    assert more_mb < RSS_MORE_MB, (rss, more_mb)

    # Idle ones: silent, and stopped in the middle of a handshake. More than one address may hold.
    usual_cores = cores_used(node, 4)
    idle = []
    for i in range(50):
        idle.append(socket.create_connection(address, timeout=30 * SLOW))
        if i % 2:
            idle[-1].sendall(b"\x16\x03\x01\x01\x00\x01\x00")
    more_cores = cores_used(node, 4) - usual_cores
    assert node.get("/data/ticker/BTC-USD")
    for connection in idle:
        try:
            assert connection.recv(64) is not None  # ended by the node: over the limit, or at its deadline
        except ConnectionError:
            pass
        connection.close()
    assert more_cores < CPU_MORE_CORES, more_cores
    other = Node("roles/regime.json", f'cluster.seeds=["{node.cluster}"]', name="other")
    until("a node still joins", lambda: up(other, "test"))
    print(f"     {load.replies} replies under attack, slowest {load.slowest_s * 1000:.0f} ms; RSS +{more_mb:.0f} MB; "
          f"50 idle connections cost {max(more_cores, 0.0):.2f} of a core")


if __name__ == "__main__":
    main([certificates_are_made_kept_and_refused, configured_certificates_link_nodes_and_others_do_not,
          attacks_leave_the_node_unharmed])
